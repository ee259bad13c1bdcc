"""A run that dies for want of memory is recorded with what it had, what it needed, and what there was."""

import contextlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from besom.agent.memory import Limits, _of_slurm, host_limit_gb, with_memory
from besom.records import Cause, Failure

GIB = 2**30 / 1e9
TORCH = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.69 GiB "
    "of which 1.12 GiB is free. Process 7 has 1.00 GiB memory in use. Including non-PyTorch memory, this process has "
    "21.57 GiB memory in use. Of the allocated memory 20.9 GiB is allocated by PyTorch."
)
TORCH_1 = (
    "RuntimeError: CUDA out of memory. Tried to allocate 512.00 MiB (GPU 0; 7.79 GiB total capacity; 6.34 GiB already "
    "allocated; 13.06 MiB free; 6.44 GiB reserved in total by PyTorch)"
)
JAX = "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8000000000 bytes."
NUMPY = "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8.00 TiB for an array with shape (1,)"
CPU = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000 bytes."
GPU, HOST = Cause.CUDA_OUT_OF_MEMORY, Cause.HOST_OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("cause", "said", "measured", "limits", "peak", "needed", "limit"),
    [
        (GPU, TORCH, {}, Limits(64.0, None), 21.57 * GIB, 24.07 * GIB, 23.69 * GIB),
        (GPU, TORCH, {"gpu_memory_gb_peak": 24.0}, Limits(64.0, 25.4), 24.0, 24.0 + 2.5 * GIB, 23.69 * GIB),
        (GPU, TORCH, {}, Limits(64.0, 50.0, 2), 2 * 21.57 * GIB, 2 * 24.07 * GIB, 2 * 23.69 * GIB),
        (GPU, TORCH_1, {}, Limits(64.0, None), 6.44 * GIB, 6.94 * GIB, 7.79 * GIB),
        (GPU, JAX, {"gpu_memory_gb_peak": 11.0}, Limits(64.0, 16.0), 11.0, 19.0, 16.0),
        (HOST, NUMPY, {"memory_gb_peak": 0.5}, Limits(64.0, 16.0), 0.5, 0.5 + 8192 * GIB, 64.0),
        (HOST, CPU, {"memory_gb_peak": 0.5}, Limits(64.0, None), 0.5, 400.5, 64.0),
        (HOST, "MemoryError", {"memory_gb_peak": 7.0}, Limits(12.0, None), 7.0, 12.0, 12.0),
        (HOST, "MemoryError", {"memory_gb_peak": 0.5}, Limits(12.0, None), 0.5, 0.5, 12.0),
        (GPU, "CUDA error: out of memory", {"gpu_memory_gb_peak": 9.0}, Limits(64.0, 16.0), 9.0, 16.0, 16.0),
        (GPU, "CUDA error: out of memory", {"gpu_memory_gb_peak": 1.0}, Limits(64.0, 16.0), 1.0, 1.0, 16.0),
    ],
)
def test_what_it_had_and_needed_is_measured_or_told_by_itself(cause, said, measured, limits, peak, needed, limit):
    failure, resources = with_memory(Failure(cause, "because"), said, measured, limits)
    name = "gpu_memory_gb_peak" if cause is GPU else "memory_gb_peak"
    assert resources[name] == pytest.approx(peak)
    assert failure.needed_gb == pytest.approx(needed)
    assert failure.limit_gb == pytest.approx(limit)
    assert failure.message == f"at {peak:.3g} GB of {limit:.3g} GB, because"


@pytest.mark.parametrize(
    "how",
    [{"signal": 9}, {"exit_code": 137}, {"message": "RuntimeError: DataLoader worker is killed by signal: Killed."}],
)
def test_what_the_kernel_killed_needed_at_least_what_it_had(how):
    killed = Failure(HOST, **{"message": "the kernel killed it", **how})
    failure, resources = with_memory(killed, "", {"memory_gb_peak": 11.8}, Limits(64.0, None))
    assert (failure.needed_gb, failure.limit_gb) == (11.8, 64.0)
    assert resources == {"memory_gb_peak": 11.8}


def test_what_it_said_of_a_want_of_memory_that_it_survived_is_not_what_it_needed_in_the_end():
    said = f'{TORCH}\nretrying\nTraceback (most recent call last):\n  File "t.py", line 1, in <module>\nMemoryError'
    failure, _ = with_memory(Failure(HOST, "MemoryError"), said, {"memory_gb_peak": 0.5}, Limits(12.0, None))
    assert failure.needed_gb == 0.5
    killed = Failure(HOST, "the kernel killed it for want of memory", signal=9)
    failure, _ = with_memory(killed, TORCH, {"memory_gb_peak": 11.8}, Limits(12.0, None))
    assert failure.needed_gb == 11.8


def test_nothing_is_made_up():
    failure, resources = with_memory(Failure(GPU, "cublas: CUBLAS_STATUS_ALLOC_FAILED"), "", {}, Limits(64.0, None))
    assert (failure.needed_gb, failure.limit_gb, failure.message) == (None, None, "cublas: CUBLAS_STATUS_ALLOC_FAILED")
    assert resources == {}
    other = Failure(Cause.EXIT_CODE, "exit code 1")
    assert with_memory(other, TORCH, {"memory_gb_peak": 1.0}, Limits(2.0, None)) == (other, {"memory_gb_peak": 1.0})


def test_the_least_of_all_limits_counts():
    script = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000,) * 2)\n"
    script += "from besom.agent.memory import host_limit_gb; print(host_limit_gb())"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert float(said) == pytest.approx(min(3.0, host_limit_gb()))
    assert list(_of_slurm({"SLURM_MEM_PER_NODE": "2000"})) == [2000 * 2**20]
    assert list(_of_slurm({"SLURM_MEM_PER_CPU": "500", "SLURM_CPUS_ON_NODE": "4"})) == [2000 * 2**20]
    assert list(_of_slurm({"SLURM_MEM_PER_NODE": "0"})) == []


AGENT = """
import json, os, sys
from pathlib import Path

sys.path.insert(0, "")
for joined in sys.argv[2:]:
    Path(joined).write_text(str(os.getpid()))
from besom.launch.python import agent, sweep
from besom.server.connect import connect

PROGRAM = '''
import time
time.sleep(1)  # to be measured
grown = bytearray()
while True:
    grown += bytes(20_000_000)
'''
Path("train.py").write_text(PROGRAM)
file = {
    "program": "train.py",
    "command": [sys.executable, "${program}"],
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": 1,
}
id = sweep(file)
agent(id)
with connect() as service:
    (trial,) = service.trials(id)
print(json.dumps([trial.failure.cause, trial.failure.message, trial.failure.limit_gb, dict(trial.resources)]))
"""
LIMIT = 500_000_000


@pytest.fixture
def small_group():
    """A control group with little memory, and the file by which a process joins it."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    places = [
        (Path("/sys/fs/cgroup/memory", own.lstrip("/")), "memory.limit_in_bytes")
        if "memory" in kinds.split(",")
        else (Path("/sys/fs/cgroup", own.lstrip("/")), "memory.max")
        for number, kinds, own in lines
        if number == "0" or "memory" in kinds.split(",")
    ]
    for parent, limit in sorted(places, key=lambda place: place[1]):
        group = parent / f"besom-{uuid.uuid4().hex[:8]}"
        try:
            group.mkdir()
            (group / limit).write_text(str(LIMIT))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        yield group / "cgroup.procs"
        group.rmdir()
        return
    pytest.skip("needs the right to make a control group with a limit of memory")


def test_the_kernels_kill_for_want_of_memory_is_told_with_the_peak(small_group, tmp_path):
    env = {**os.environ, "BESOM_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", AGENT, "agent", str(small_group)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=120)
    cause, message, limit, resources = json.loads(done.stdout.splitlines()[-1])
    assert cause == HOST
    assert limit == pytest.approx(LIMIT / 1e9, rel=0.01)
    assert 0.6 * limit < resources["memory_gb_peak"] < 1.1 * limit
    assert message.startswith(f"at {resources['memory_gb_peak']:.3g} GB of 0.5 GB, the kernel killed it")


def test_a_refused_allocation_is_told_with_what_there_was(tmp_path):
    script = AGENT.replace("bytes(20_000_000)", "bytes(90_000_000_000)").replace(
        'sys.path.insert(0, "")', "import resource; resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000,) * 2)"
    )
    env = {**os.environ, "BESOM_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", script, "agent"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    cause, message, limit, resources = json.loads(done.stdout.splitlines()[-1])
    assert (cause, limit) == (HOST, 4.0)
    assert message == f"at {resources['memory_gb_peak']:.3g} GB of 4 GB, MemoryError"

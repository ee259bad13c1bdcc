"""Runs are watched with all their processes, and what cannot be measured is absent."""

import json
import os
import subprocess
import sys

import pytest

from besom.agent import gpus
from besom.agent.child import Exit
from besom.agent.monitor import Monitor, tree_of

CHILD = "import sys; b = bytearray(60_000_000); print('ready', flush=True); sys.stdin.read()"
TREE = f"""
import subprocess, sys
b = bytearray(40_000_000)
subprocess.run([sys.executable, "-c", {CHILD!r}], stdin=sys.stdin)
"""


@pytest.fixture
def tree():
    process = subprocess.Popen([sys.executable, "-c", TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.stdin.close()
    process.wait()
    process.stdout.close()


def test_memory_is_that_of_the_whole_tree(tree):
    assert len(tree_of(tree.pid)) == 2
    monitor = Monitor(tree.pid, (), 1, now=0.0)
    monitor.sample(1.0)
    found = monitor.results(1.0)
    assert 0.1 < found["memory_gb_peak"] < 0.3
    assert found["memory_gb_mean"] == found["memory_gb_peak"]


def test_samples_are_a_second_apart(tree):
    monitor = Monitor(tree.pid, (), 1, now=0.0)
    monitor.sample(0.1)
    assert monitor.results(0.1) == {}
    monitor.sample(10.0)
    first = monitor.results(10.0)
    tree.stdin.close()
    tree.wait()
    monitor.sample(10.9)
    assert monitor.results(10.9) == first


def test_a_run_of_less_than_a_second_has_its_first_and_its_last_sample(tree):
    monitor = Monitor(tree.pid, (), 1, now=0.0)
    for tenth in range(1, 9):
        monitor.sample(tenth / 10)
    monitor.samples.end()
    first, last = monitor.samples.next_batch(is_final=True).rows
    assert first["_runtime"] == 0.2
    assert last["_runtime"] > 0.6


def test_what_was_used_over_time_is_kept_beside(tree):
    monitor = Monitor(tree.pid, (), 1, now=100.0)
    for at in range(1, 4):
        monitor.sample(100.0 + at)
    rows = monitor.samples.next_batch(is_final=True).rows
    assert [row["_runtime"] for row in rows] == [1.0, 2.0, 3.0]
    for row in rows:
        assert row.keys() == {"_timestamp", "_runtime", "memory_gb", "cpu_percent"}
        assert 0.1 < row["memory_gb"] < 0.3


def test_of_several_gpus_each_is_told_beside_all_of_them(monkeypatch):
    class Gauge:
        def __init__(self, name):
            self.number = int(name)

        def percent(self):
            return 50.0 * self.number

        def memory_gb(self, pids, *, is_alone):
            return 1.0 + self.number

        def power_w(self):
            return 100.0 if self.number else None

        def energy_j(self):
            return None

    monkeypatch.setattr("besom.agent.monitor.Gauge", Gauge)
    monitor = Monitor(os.getpid(), ("0", "1"), 2, now=0.0)
    monitor.sample(1.0)
    (row,) = monitor.samples.next_batch(is_final=True).rows
    told = {name: value for name, value in row.items() if "gpu" in name or "power" in name}
    assert told == {
        "gpu_percent": 25.0,
        "gpu_memory_gb": 3.0,
        "power_w": 50.0,
        "gpu_percent.0": 0.0,
        "gpu_percent.1": 50.0,
        "gpu_memory_gb.0": 1.0,
        "gpu_memory_gb.1": 2.0,
        "power_w.1": 50.0,
    }
    assert {name for name in monitor.results(1.0) if "." in name} == set()


def test_a_run_too_short_for_a_sample_has_the_kernels_numbers():
    monitor = Monitor(1, (), 1, now=10.0)
    found = monitor.results(12.0, Exit(0, cpu_s=1.0, memory_bytes=500_000_000))
    assert found == {
        "memory_gb_peak": 0.5,
        "memory_gb_mean": 0.5,
        "cpu_percent_mean": 50.0,
        "cpu_percent_peak": 50.0,
    }


UNDER_A_FAT_AGENT = """
import json, sys, time
from pathlib import Path
from besom.agent.bell import Bell
from besom.agent.child import Process
from besom.agent.command import CommandLine
from besom.agent.guard import Guard
from besom.agent.monitor import Monitor

fat = bytearray(int(sys.argv[1]))
folder, guard, bell = Path(sys.argv[2]), Guard(), Bell()
command = CommandLine((sys.executable, "-c", sys.argv[3]), folder)
child = Process(command, {}, folder / "output", "r1", guard, bell)
monitor = Monitor(child.pid, (), 1, time.monotonic())
while not child.has_exited:
    monitor.sample(time.monotonic())
    bell.wait(0.1)
print(json.dumps(monitor.results(time.monotonic(), child.reap())))
guard.close()
"""


@pytest.mark.parametrize(
    ("agents_bytes", "script", "least", "most"),
    [
        (400_000_000, "pass", 0.0, 0.1),
        (400_000_000, "import time; time.sleep(0.5)", 0.003, 0.1),
        (400_000_000, "import time; b = bytearray(300_000_000); time.sleep(0.3)", 0.3, 0.39),
        (0, "bytearray(300_000_000)", 0.3, 0.39),
    ],
    ids=["ends at once", "small", "large for a while", "large for a moment under a small agent"],
)
def test_the_peak_of_memory_is_the_scripts_and_not_the_agents(tmp_path, agents_bytes, script, least, most):
    command = [sys.executable, "-c", UNDER_A_FAT_AGENT, str(agents_bytes), str(tmp_path), script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert least <= json.loads(said).get("memory_gb_peak", 0.0) <= most


def test_without_a_gpu_nothing_is_said_of_gpus(tree):
    monitor = Monitor(tree.pid, ("no-such-gpu",), 1, now=0.0)
    monitor.sample(1.0)
    assert {name.split("_")[0] for name in monitor.results(1.0)} == {"memory", "cpu"}


def test_only_visible_gpus_are_found():
    for chosen in ("", "-1", "NoDevFiles"):
        assert gpus.visible({"CUDA_VISIBLE_DEVICES": chosen}) == ()
    everything = gpus.visible({})
    assert gpus.visible({"CUDA_VISIBLE_DEVICES": "999"}) == ()
    if everything:
        first = everything[0]
        assert gpus.visible({"CUDA_VISIBLE_DEVICES": f"{first},-1,{first}"}) == (first,)

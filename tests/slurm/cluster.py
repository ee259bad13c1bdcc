"""A real SLURM on this one machine: a controller and nodes with pretended cores and GPUs, each daemon a child of ours.

It needs root, but no systemd, cgroups or containers. Everything it writes lies in one folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polling
from marked_processes import marked_processes

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun")
_SEARCH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NODES, CORES, GPUS, MEMORY_MB = 3, 8, 2, 8000

CONFIGURATION = """
ClusterName=besom
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# cred_expire is how long a requeued job waits before it starts again: 120 s by default.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
# Without cgroups a step over its memory is killed when it is next looked at.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
MinJobAge=3600
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=5
BatchStartTimeout=10
InactiveLimit=0
KillWait=5
UnkillableStepTimeout=30
TCPTimeout=2
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=200
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
{nodes}
PartitionName=low Nodes=ALL Default=YES MaxTime=1-0 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE GraceTime=8
PartitionName=abrupt Nodes=ALL MaxTime=1-0 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE GraceTime=0
PartitionName=high Nodes=ALL MaxTime=1-0 DefaultTime=10 PriorityTier=10 PreemptMode=OFF
"""


def is_installed() -> bool:
    """Whether Debian's packages are there: slurmctld, slurmd, slurm-client, munge."""
    return os.geteuid() == 0 and all(shutil.which(name, path=_SEARCH) for name in PROGRAMS)


eventually = partial(polling.eventually, within_s=120.0, every_s=0.05)
"""A cluster takes its time, and each look asks its programs."""


def node_of(pid: int) -> str:
    """The node that a job's process runs at."""
    environ = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return next(word.partition("=")[2] for word in environ if word.startswith("SLURMD_NODENAME="))


class Cluster:
    """Three nodes, `node1` to `node3`; partitions `low` and `abrupt` are preempted for `high`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": _SEARCH}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Bring all up, and wait until each node can take a job."""
        for name in ("munge", "state", "gpus", *(f"spool-node{n}" for n in range(1, NODES + 1))):
            (self.folder / name).mkdir(mode=0o755)
        self._configure()
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(1024))
        (munge / "key").chmod(0o600)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
        self._spawn("munged", "--foreground", "--force", *(f"--{option}={munge / at}" for option, at in files.items()))
        eventually((munge / "socket").exists, "munged listens")
        self.start_controller()
        for n in range(1, NODES + 1):
            self.start_node(f"node{n}")
        eventually(lambda: self._idle() == NODES, "every node is idle")

    def _configure(self) -> None:
        with contextlib.ExitStack() as held:
            free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(NODES + 1)]
            controller, *ports = [each.getsockname()[1] for each in free]
        has = f"CPUs={CORES} RealMemory={MEMORY_MB} Gres=gpu:{GPUS}"
        nodes = "\n".join(
            f"NodeName=node{n} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} {has}"
            for n, port in enumerate(ports, 1)
        )
        text = CONFIGURATION.format(folder=self.folder, controller_port=controller, nodes=nodes)
        (self.folder / "slurm.conf").write_text(text)
        for n in range(GPUS):  # SLURM wants a character device for each
            (self.folder / "gpus" / f"gpu{n}").symlink_to("/dev/null")
        gres = f"NodeName=node[1-{NODES}] Name=gpu File={self.folder}/gpus/gpu[0-{GPUS - 1}]\n"
        (self.folder / "gres.conf").write_text(gres)

    def _spawn(self, *words: str) -> None:
        with (self.folder / f"{words[0]}.out").open("ab") as out:
            self._daemons[words[-1] if words[0] == "slurmd" else words[0]] = subprocess.Popen(
                words, env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def start_controller(self) -> None:
        self._spawn("slurmctld", "-D")
        eventually(lambda: self.run("scontrol", "ping", check=False).returncode == 0, "the controller answers")

    def start_node(self, name: str) -> None:
        self._spawn("slurmd", "-D", "-N", name)

    @contextlib.contextmanager
    def configured(self, line: str) -> Iterator[None]:
        """With one line more in its configuration."""
        file = self.folder / "slurm.conf"
        before = file.read_text()
        try:
            file.write_text(before + line + "\n")
            self.run("scontrol", "reconfigure")
            yield
        finally:
            file.write_text(before)
            self.run("scontrol", "reconfigure")

    def kill_controller(self, knows: str) -> None:
        """Kill it, as soon as it has saved that there is a job whose name has `knows` in it.

        It saves some seconds after a change. The next one would give the number of a job that it knows nothing of to
        another, and then shut the node that had both.
        """
        eventually(lambda: knows.encode() in self._saved_jobs(), f"{knows} is saved")
        self._kill("slurmctld")

    def _saved_jobs(self) -> bytes:
        """What the controller has saved of jobs; nothing in the moment in which one file takes the place of another."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "state" / "job_state").read_bytes()
        return b""

    def crash(self, name: str) -> None:
        """Let a node die as in a power cut: its daemon, and every process of its jobs with what watches over them."""
        self._kill(name)
        jobs = [pid for pid in marked_processes("SLURMD_NODENAME", name) if self._is_ours(pid)]
        for pid in [*filter(None, map(_stepd_above, jobs)), *jobs]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def lose_touch(self, name: str) -> None:
        """Kill a node's daemon alone: its jobs work on, and the controller takes the node for dead."""
        self._kill(name)

    def _is_ours(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return f"SLURM_CONF={self.folder}/slurm.conf".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    def _kill(self, name: str) -> None:
        daemon = self._daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One of SLURM's commands, to its end."""
        return subprocess.run(words, env=self.environ, capture_output=True, text=True, check=check, timeout=60)

    def squeue(self, form: str, *words: str) -> list[str]:
        """A line for each job or task that SLURM knows, in this format; finished ones too."""
        return self.run("squeue", "-h", "-r", "-t", "all", "-o", form, *words).stdout.split("\n")[:-1]

    def _idle(self) -> int:
        return self.run("sinfo", "-h", "-N", "-p", "low", "-t", "idle", "-o", "%N", check=False).stdout.count("node")

    def clear(self) -> None:
        """End every job, and wait until each node is whole and idle."""
        for name in (f"node{n}" for n in range(1, NODES + 1)):
            if name not in self._daemons:
                self.start_node(name)
        if jobs := self.run("squeue", "-h", "-o", "%A").stdout.split():
            self.run("scancel", *jobs, check=False)
        eventually(lambda: self._idle() == NODES and not self.run("squeue", "-h").stdout, "every node is idle")

    def stop(self) -> None:
        """End all daemons, the controller last but munged."""
        for name in sorted(self._daemons, key=lambda name: (name == "munged", name == "slurmctld")):
            self._daemons[name].terminate()
            try:
                self._daemons[name].wait(10)
            except subprocess.TimeoutExpired:
                self._kill(name)


def _stepd_above(pid: int) -> int | None:
    """The process of SLURM's that watches over a job's process, if that is its parent."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        parent = int(status.split("PPid:")[1].split()[0])
        if Path(f"/proc/{parent}/comm").read_text().strip() == "slurmstepd":
            return parent
    return None

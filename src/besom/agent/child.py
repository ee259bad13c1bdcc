"""A run's script as a process: in its own session, waited for without polling, ended with all its descendants."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from besom.agent.bell import Bell
from besom.agent.command import CommandLine
from besom.agent.guard import Guard
from besom.agent.reaper import kill_marked, send, send_group

_AGENTS_OWN = 1.1
"""Linux counts what the agent had resident when it forked as the script's own: up to so much more says nothing."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a script ended.

    Attributes:
        code: Its exit code; None if a signal ended it.
        signal: That signal.
        error: The traceback, where a function raised.
        cpu_s: CPU seconds of it and of the descendants that it waited for; None if unknown.
        memory_bytes: The most that one of these had resident; None where the kernel's books do not tell.
        is_interrupted: A person interrupted it, where it ran in the agent's own process.
    """

    code: int | None
    signal: int | None = None
    error: str = ""
    cpu_s: float | None = None
    memory_bytes: int | None = None
    is_interrupted: bool = False

    @property
    def is_success(self) -> bool:
        """Whether it ended by itself, with exit code 0."""
        return self.code == 0 and not self.error and not self.is_interrupted


class Child(Protocol):
    """What watches a run needs of its script."""

    pid: int
    created_at: float | None

    @property
    def has_exited(self) -> bool: ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def kill(self) -> None:
        """End it now, and whatever it started."""
        ...

    def reap(self) -> Exit:
        """After its exit: end what it left behind, and say how it ended."""
        ...


class Process:
    """A script in a process of its own.

    Its exit is noticed by a thread that waits without collecting it. Until `reap` collects it, its process id stays
    taken, so a signal can never hit a stranger that was given the same number.
    """

    def __init__(
        self, command: CommandLine, env: Mapping[str, str], output: Path, run_id: str, guard: Guard, bell: Bell
    ) -> None:
        """Start it. Raises OSError where the system refuses."""
        self._run_id, self._guard, self._bell = run_id, guard, bell
        guard.expect(run_id)
        try:
            with output.open("ab") as log:
                self._popen = subprocess.Popen(
                    command.words,
                    cwd=command.cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except BaseException:
            guard.ended(run_id)
            raise
        self.pid = self._popen.pid
        self._inherited_bytes = high_water(os.getpid())
        guard.started(run_id, self.pid)
        self.created_at = created_at(self.pid)
        self._exited = threading.Event()
        threading.Thread(target=self._await_exit, name=f"besom-wait-{self.pid}", daemon=True).start()

    @property
    def has_exited(self) -> bool:
        return self._exited.is_set()

    def terminate(self) -> None:
        """SIGTERM to its process group."""
        send_group(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to its group, to its descendants in other groups, and to all that carry the run's id."""
        fled = [process for process in _descendants(self.pid) if _group(process.pid) != self.pid]
        send_group(self.pid, signal.SIGKILL)
        for process in fled:
            send(process.pid, signal.SIGKILL)
        kill_marked([self._run_id])

    def reap(self) -> Exit:
        """Kill what it left behind, then collect it."""
        self._exited.wait()
        send_group(self.pid, signal.SIGKILL)
        kill_marked([self._run_id])
        self._guard.ended(self._run_id)
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = code  # collected behind its back
        is_its_own = usage.ru_maxrss * 1024 > _AGENTS_OWN * self._inherited_bytes
        return Exit(
            code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            cpu_s=usage.ru_utime + usage.ru_stime,
            memory_bytes=usage.ru_maxrss * 1024 if is_its_own else None,
        )

    def _await_exit(self) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self._exited.set()
        self._bell.ring()


def created_at(pid: int) -> float | None:
    """When a process started, as the kernel tells it; None if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def end_leftovers(run_id: str, pid: int | None, started_at: float | None) -> None:
    """Kill what an agent that died left running of a run, and nothing that merely got the same process id since."""
    if pid is not None and started_at is not None and created_at(pid) == started_at:
        for process in _descendants(pid):
            send(process.pid, signal.SIGKILL)
        send_group(pid, signal.SIGKILL)
        send(pid, signal.SIGKILL)
    kill_marked([run_id])


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def high_water(pid: int) -> int:
    """The most that a process had resident since it began its program, in bytes; 0 where that is not known."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123 - ten times a second for every run
            marks = [line for line in file if line.startswith(b"VmHWM:")]
    except OSError:  # ended meanwhile, or a kernel without it
        return 0
    return int(marks[0].split()[1]) * 1024 if marks else 0

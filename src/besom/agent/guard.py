"""The agent's side of the reaper: one for each process, however many agents live in it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

from besom.agent import reaper


class Guard:
    """Keeps the reaper's list of runs, and starts the reaper with the first of them. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: dict[str, str] = {}

    def expect(self, run_id: str) -> None:
        """A script of this run is about to start."""
        self._note(run_id, f"run {run_id}\n")

    def started(self, run_id: str, pgid: int) -> None:
        """The script runs in this process group."""
        self._note(run_id, f"group {run_id} {pgid}\n")

    def ended(self, run_id: str) -> None:
        """Nothing is left of the run."""
        with self._lock:
            self._lines.pop(run_id, None)
            self._tell(f"end {run_id}\n")

    def close(self) -> None:
        """End the reaper; it kills what is still on its list."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait()

    def _note(self, run_id: str, line: str) -> None:
        with self._lock:
            self._lines[run_id] = line
            self._tell(line)

    def _tell(self, line: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", reaper.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
            line = "".join(self._lines.values())  # a new reaper learns the whole list
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # killed this moment: the next line starts another
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


_guard: Guard | None = None
_guard_lock = threading.Lock()


def process_guard() -> Guard:
    """This process's guard."""
    global _guard  # noqa: PLW0603 - one reaper a process is the point
    with _guard_lock:
        if _guard is None:
            _guard = Guard()
        return _guard

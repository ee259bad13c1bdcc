"""Keeps an agent up: a process of its own, started again where it fails, killed where its keeper is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from besom.agent.bell import Bell
from besom.launch.ray import tether

MOST_FAILURES = 10
_NO_SERVER = 69
_STDOUT = 1
_LONGEST_PAUSE_S = 60.0
_LONG_S = 600.0
"""An agent that worked for so long began well: its failures are counted anew."""


class Keeper:
    """Watches over one agent until nothing is left for it to do."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], log: Path | None, first_pause_s: float = 1.0
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            command: The agent's command line, its program by its full path.
            environ: Its environment.
            log: What it says goes there; None leaves it to this process's own output.
            first_pause_s: Wait so long before it is started again; twice as long each further time, a minute at most.
        """
        self._command, self._environ, self._log = list(command), dict(environ), log
        self._first_pause_s = first_pause_s
        self._bell = Bell()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_told = False

    def run(self) -> bool:
        """Stay until the agent has ended for good; whether it did so well, or was told to. In one thread only.

        It is the thread that the agent is tied to: when it ends, however it does, the agent is killed.
        """
        failures = 0
        with contextlib.ExitStack() as stack:
            output = _STDOUT if self._log is None else stack.enter_context(self._log.open("ab")).fileno()
            while not self._is_told:
                began = time.monotonic()
                code = self._once(output)
                lasted_s = time.monotonic() - began
                if code == 0 or self._is_told:
                    _say(output, f"the agent has ended, exit code {code}")
                    return True
                if code == _NO_SERVER:
                    _say(output, "the agent found no server for as long as it may be idle; given up")
                    return False
                failures = 1 if lasted_s >= _LONG_S else failures + 1
                if failures >= MOST_FAILURES:
                    _say(output, f"the agent has failed {failures} times, exit code {code}; given up")
                    return False
                _say(output, f"the agent has ended, exit code {code}; it starts again")
                self._bell.wait(min(_LONGEST_PAUSE_S, self._first_pause_s * 2 ** (failures - 1)))
        return True

    def stop(self) -> None:
        """Have the agent give its run back and end, and not start again. From any thread."""
        self._is_told = True
        self._bell.ring()
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)

    def _once(self, output: int) -> int:
        """The exit code of one attempt."""
        words = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *self._command]
        self._process = subprocess.Popen(
            words, env=self._environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        if self._is_told:  # in this very moment
            self._process.terminate()
        return self._process.wait()


def _say(output: int, what: str) -> None:
    with contextlib.suppress(OSError):  # a disk that is full is no reason to end
        os.write(output, f"{time.strftime('%H:%M:%S')}  {what}\n".encode())

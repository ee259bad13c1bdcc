"""One agent within a job: started by srun, started again where it crashes, asked to end."""

from __future__ import annotations

import contextlib
import enum
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from besom.launch.slurm.launches import Launch

MOST_CRASHES = 5
_FIRST_PAUSE_S = 1.0
LONG_LIFE_S = 600.0
"""An agent that lived as long was in order: crashes before it do not count."""
_EXPLAINED_S = 15.0
"""srun ends so long after its agent at most, mostly at once: SLURM gives it 7 s where a step is aborted."""
_WANTS_TIME, _NO_SERVER, _INTERRUPTED = 75, 69, (130, 143)
_MEMORY = re.compile(r"error: (.*(?:exceeded.* memory limit|oom.?kill event|out of memory handler).*)", re.IGNORECASE)
"""What SLURM writes to a step's log that it killed, or that the kernel did, for its memory."""
_RUN_BEGAN = re.compile(r" begins: run (\w+)")
"""What an agent says when it has taken a run: killed for its memory after that, the run is to blame."""
_NOTE_PID = 'echo $$ > "$0.draft" && mv "$0.draft" "$0" && exec "$@"'
"""srun itself takes signals for its own, so the agent's process is noted: it is on this node, as the supervisor is."""


class Outcome(enum.Enum):
    """What became of an agent."""

    DONE = "done"
    """Nothing is left for it."""
    INTERRUPTED = "interrupted"
    """It gave its run back, and wants to go on."""
    GAVE_UP = "gave up"
    """It crashed too often, or found no server for as long as it may be idle."""


def outcome_of(code: int, crashes: int, *, is_told: bool) -> Outcome | None:
    """What an agent's exit code means; None where it is to be started again.

    Args:
        code: Of srun, which hands on the agent's.
        crashes: How often it has crashed before, since it last was in order.
        is_told: It was asked to end.
    """
    if code == 0:
        return Outcome.DONE
    if is_told or code == _WANTS_TIME or code in _INTERRUPTED:
        return Outcome.INTERRUPTED
    return Outcome.GAVE_UP if crashes >= MOST_CRASHES or code == _NO_SERVER else None


def srun_words(launch: Launch, environ: Mapping[str, str]) -> list[str]:
    """What starts one agent within the job.

    Steps share a job only with `--exact` and a memory of their own; else they wait for each other in silence.
    """
    asked = launch.options
    words = ["srun", "--nodes=1", "--ntasks=1", "--export=ALL"]
    cpus = asked.cpus or environ.get("SLURM_CPUS_PER_TASK")
    if cpus:
        words.append(f"--cpus-per-task={cpus}")
    if asked.gpus:
        words.append(f"--gres=gpu:{asked.gpus}")
    if asked.packed:
        words.append("--exact")
        if asked.mem:
            words.append(f"--mem={asked.mem}")
        elif not environ.keys() & {"SLURM_MEM_PER_CPU", "SLURM_MEM_PER_GPU"}:
            words.append("--mem=0")
    return words


class Step:
    """An agent of the job, from its first start to its outcome."""

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        pid_file: Path,
        say: Callable[[str], None],
        blame: Callable[[str, str], None],
    ) -> None:
        """Prepare; `look` starts it.

        Args:
            words: srun and its options.
            environ: The agent's environment.
            log: What it says goes there.
            pid_file: Where the agent's process is noted.
            say: Tells a line to whoever reads the job's own log.
            blame: Told which run an agent was killed for the memory of, and what SLURM said.
        """
        self._words, self._environ, self._log, self._pid_file = words, dict(environ), log, pid_file
        self._say, self._blame = say, blame
        self._process: subprocess.Popen[bytes] | None = None
        self._is_told = False
        self._logged = 0
        self._crashes, self._start_at, self._started_at = 0, 0.0, 0.0
        self._missed_at: float | None = None
        self.outcome: Outcome | None = None

    def is_unexplained(self, now: float) -> bool:
        """Whether its agent is gone, and SLURM may have yet to say that it was killed, and what for."""
        pid = self._pid() if self._process is not None else None
        if pid is None or Path(f"/proc/{pid}").exists():
            return False
        self._missed_at = now if self._missed_at is None else self._missed_at
        return now - self._missed_at < _EXPLAINED_S

    def look(self, now: float, command: Callable[[], Sequence[str]], *, may_start: bool, is_clear: bool = True) -> None:
        """Start it where that is due, and see whether it has ended.

        Args:
            now: A monotonic clock's seconds.
            command: The agent's command line at this moment.
            may_start: The job is not about to end.
            is_clear: No other agent's end is unexplained. One that starts now would take up that one's run, and have it
                begun again, not knowing that it was to blame.
        """
        if self.outcome is not None:
            return
        if self._process is None:
            if not may_start:
                self.outcome = Outcome.INTERRUPTED
            elif now >= self._start_at and is_clear:
                self._started_at = now
                self._start(command())
            return
        code = self._process.poll()
        if code is None:
            return
        self._process = None
        said = self._said() if code else ""
        match, begun = _MEMORY.search(said), _RUN_BEGAN.findall(said)
        is_runs_fault = bool(match and begun)
        if match and begun:
            self._blame(begun[-1], match[1].strip())
        if is_runs_fault or now - self._started_at >= LONG_LIFE_S:
            self._crashes = 0
        self.outcome = outcome_of(code, self._crashes, is_told=self._is_told or not may_start)
        told = self.outcome.value if self.outcome else "starts again"
        self._say(f"agent {self._log.stem}: exit code {code}, {told}")
        if self.outcome is None:
            self._start_at = now + _FIRST_PAUSE_S * 2**self._crashes
            self._crashes += not is_runs_fault

    def terminate(self) -> None:
        """Ask the agent to save, give its run back and end; once, as soon as it is known which process it is."""
        if self._is_told or self._process is None:
            return
        pid = self._pid()
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
                self._is_told = True

    def _pid(self) -> int | None:
        """The agent's process; None until it is known."""
        try:
            return int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _said(self) -> str:
        """What the last agent, and SLURM of it, wrote to the log."""
        with self._log.open("rb") as log:
            log.seek(self._logged)
            return log.read().decode(errors="replace")

    def _start(self, command: Sequence[str]) -> None:
        self._pid_file.unlink(missing_ok=True)
        self._missed_at = None
        with self._log.open("ab") as log:
            self._logged = log.tell()
            self._process = subprocess.Popen(
                [*self._words, "/bin/sh", "-c", _NOTE_PID, str(self._pid_file), *command],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

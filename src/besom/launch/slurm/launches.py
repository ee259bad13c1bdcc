"""What was submitted for a sweep: a folder for each launch, which jobs, logs and marks lie in.

$BESOM_HOME/sweeps/SWEEP/slurm/TOKEN/
    launch.json     what the job's supervisors need to know
    job.sh          the script
    unanswered      SLURM did not say whether it has it
    cancelled       nothing of it is started again; cancelled-3: agent 3 is not
    attempt-3       how often SLURM has restarted the job of agent 3; attempt-job: a packed one
    blamed-RUN      an agent was killed for the memory of that run, in SLURM's words
    logs/3-1.log    agent 3 after its first restart
    logs/server-3-1.log what the server said that this agent's job ran, of `--server in-job`
    logs/job-A_3.log    what the script itself said
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from besom.launch.launches import ClusterLaunch
from besom.records import Cause, Failure
from besom.sweepfile import SlurmOptions

IN_JOB = "in-job"
"""A launch's server that runs in whichever of its jobs finds that there is none."""
_BLAMED = "blamed-"


@dataclass(frozen=True, slots=True)
class Launch(ClusterLaunch[SlurmOptions]):
    """Agents that were submitted together.

    Its token is what its jobs are known by: a job's id may be given out again when the controller dies at the wrong
    time. Its server is an address, a folder, or `IN_JOB`. Runs and checkpoints lie in its home, so nodes must share it.

    Attributes:
        job: SLURM's id; None while no answer came.
    """

    kind: ClassVar = "slurm"
    job: str | None = None

    @property
    def comment(self) -> str:
        """What its jobs bear in SLURM."""
        return f"besom:{self.sweep_id}:{self.token}"

    @property
    def is_in_job(self) -> bool:
        """Whether its jobs also run the server."""
        return self.server == IN_JOB

    @property
    def address(self) -> str:
        """What agents are told to find the server by."""
        return str(self.home / "server.json") if self.is_in_job else self.server

    def agent_name(self, index: int, restart: int) -> str:
        """What an agent is called, which its heartbeats are known by."""
        return f"slurm-{self.token}-{index}.{restart}"

    def server_log(self, index: int | None, restart: int) -> Path:
        """What the server says that one attempt of a job runs."""
        return self.logs / f"server-{_called(index)}-{restart}.log"

    def attempt_name(self, index: int | None, restart: int) -> str:
        """What one attempt of an agent's job, or of the packed one, is known by to `is_superseded`."""
        return f"{self._attempt(index)}:{restart}"

    def begin(self, index: int | None, restart: int) -> None:
        """Note that an attempt begins: it is the newest, whatever SLURM's daemons know of those before."""
        draft = self._attempt(index).with_name(f".attempt-{_called(index)}-{restart}")
        draft.write_text(str(restart))
        draft.replace(self._attempt(index))

    def _attempt(self, index: int | None) -> Path:
        return self.folder / f"attempt-{_called(index)}"

    def blame(self, run_id: str, words: str) -> None:
        """Have whoever takes up a run know that its agent was killed for its memory, in SLURM's `words`.

        Where that cannot be written, the trial goes on elsewhere.
        """
        path = self.folder / f"{_BLAMED}{run_id}"
        draft = path.with_name(f".{path.name}")
        with suppress(OSError):
            draft.write_text(words)
            draft.replace(path)

    def newest_log(self, index: int) -> Path | None:
        """The log of an agent's last attempt; None before the first."""
        found = sorted(self.logs.glob(f"{index}-*.log"), key=lambda path: int(path.stem.partition("-")[2]))
        return found[-1] if found else None

    def is_cancelled(self, index: int | None = None) -> bool:
        """Whether nobody wants it any more, or this one agent of it."""
        return self._mark().exists() or (index is not None and self._mark(index).exists())

    def mark_cancelled(self, index: int | None = None) -> None:
        """See to it that no supervisor has it started again: before SLURM is told, whatever becomes of that."""
        self._mark(index).touch()

    def _mark(self, index: int | None = None) -> Path:
        return self.folder / ("cancelled" if index is None else f"cancelled-{index}")

    def became(self, job: str) -> Launch:
        """The launch with SLURM's id of it, which is written down."""
        known = replace(self, job=job)
        known.save()
        return known

    @staticmethod
    def _written(options: SlurmOptions) -> dict[str, Any]:
        return options.model_dump()

    @staticmethod
    def _options_of(written: Mapping[str, Any]) -> SlurmOptions:
        return SlurmOptions.model_validate(written)


def _called(index: int | None) -> str:
    return "job" if index is None else str(index)


def is_superseded(attempt: str) -> bool:
    """Whether a later attempt of the same job has begun, by an attempt's name."""
    path, _, restart = attempt.rpartition(":")
    try:
        return int(Path(path).read_text()) > int(restart)
    except (OSError, ValueError):
        return False


def blames_in(attempt: str) -> dict[str, Failure]:
    """Of which runs' memory agents of an attempt's launch died, by their ids, and what those have thus failed of."""
    blamed = Path(attempt.rpartition(":")[0]).parent.glob(f"{_BLAMED}*")
    return {path.name.removeprefix(_BLAMED): Failure(Cause.HOST_OUT_OF_MEMORY, path.read_text()) for path in blamed}

"""The states that sweeps, trials and runs can be in, and why something failed."""

from __future__ import annotations

from enum import StrEnum


class SweepState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"  # no new runs; those under way go on
    STOPPING = "stopping"  # as paused, and ends with the last of them
    FINISHED = "finished"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in (SweepState.FINISHED, SweepState.CANCELLED)


class TrialState(StrEnum):
    WAITING = "waiting"  # wants an agent: new, to be retried, resumed or repeated
    RUNNING = "running"
    PAUSED = "paused"  # has a checkpoint and may go on
    FINISHED = "finished"
    STOPPED = "stopped"  # early, by a rule or a person; can be brought back
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        return self in (TrialState.FINISHED, TrialState.STOPPED, TrialState.FAILED)

    @property
    def is_at_rest(self) -> bool:
        """Whether it has ended, or is paused: then it has a result, though not always its last."""
        return self.has_ended or self is TrialState.PAUSED


class RunState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    PAUSED = "paused"
    FAILED = "failed"
    LOST = "lost"  # its agent vanished, or gave it back; the trial goes on in another run


class Cause(StrEnum):
    """Why a run or trial failed."""

    EXIT_CODE = "exit code"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    CUDA_OUT_OF_MEMORY = "CUDA out of memory"
    HOST_OUT_OF_MEMORY = "host out of memory"
    NO_METRIC = "no metric logged"
    NOT_FINITE = "metric not finite"
    NOT_STARTED = "program could not be started"
    LOST = "agent lost"
    EXCEPTION = "exception"
    TOLD = "told by the caller"


class Status(StrEnum):
    """How far an observation is."""

    PENDING = "pending"  # asked, not yet told
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

"""What can be asked of besom: one Protocol, in process by `server.driver.Driver` and over HTTP by `client.Client`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from besom.errors import UnknownName
from besom.records import Agent, Run, Sweep, Trial
from besom.wire import Answer, Ask, Command, Finish, Hello, Import, Receipt, Report


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sweep stands, in one look.

    Attributes:
        sweep: The sweep.
        counts: Trials by state.
        best: The incumbent: best trial by the objective; None while none has a value.
        baseline: The first trial that was a user's baseline, if any.
        first: The first trial that has a value.
        spent: Amounts spent by unit (trials, epochs, hours, gpu_hours).
        budget: Amounts allowed, for those units that have a limit.
        seconds_left: Estimate of the time to the end; None if unknown.
        running: Trials with a run under way.
        agents: Agents seen lately.
        failures: Trials that failed, newest first, at most 5.
        cut_off: Those of the stopped trials that the sweep's end or a person stopped, not a rule or the strategy.
        audit: One sentence on how often stopping early was wrong; empty without audited trials.
        goal: minimize or maximize; metric: the objective's name; both empty without one.
    """

    sweep: Sweep
    counts: Mapping[str, int]
    best: Trial | None
    baseline: Trial | None
    first: Trial | None
    spent: Mapping[str, float]
    budget: Mapping[str, float]
    seconds_left: float | None = None
    running: Sequence[Run] = ()
    agents: Sequence[Agent] = ()
    failures: Sequence[Trial] = ()
    goal: str = ""
    metric: str = ""
    fidelity_max: float | None = None
    fidelity_unit: str = ""
    cut_off: int = 0
    audit: str = ""


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """One metric of one run against an x metric: both shape (n,), thinned to at most `points` by min-max."""

    run_id: str
    trial: int
    repeat: int
    attempt: int
    x: Sequence[float] = field(default_factory=tuple)
    y: Sequence[float] = field(default_factory=tuple)


class Service(Protocol):
    """Everything that agents, the command line and pages do to besom goes through these calls."""

    def create_sweep(self, file: Mapping[str, Any], folder: str = "") -> Sweep:
        """A new running sweep from a sweep file's content. Raises SweepFileError."""
        ...

    def import_trials(self, part: Import) -> Sweep:
        """The sweep with these trials, which were measured elsewhere. Sending a part again changes nothing.

        Raises SweepFileError, ConfigError, OutOfOrder; WrongState where the id belongs to another sweep.
        """
        ...

    def sweeps(self) -> list[Sweep]: ...

    def sweep(self, sweep_id: str) -> Sweep:
        """Raises UnknownName, with the nearest ids."""
        ...

    def progress(self, sweep_id: str) -> Progress: ...

    def trials(self, sweep_id: str) -> list[Trial]: ...

    def trial(self, sweep_id: str, number: int) -> Trial: ...

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]: ...

    def agents(self) -> list[Agent]: ...

    def metrics(self, run_id: str) -> list[str]: ...

    def curves(
        self,
        sweep_id: str,
        metric: str,
        x: str = "_step",
        trial: int | None = None,
        points: int = 500,
        trials: Sequence[int] | None = None,
    ) -> list[MetricCurve]:
        """One metric of all runs of the sweep (or of one trial, or of some) against another, thinned on the server."""
        ...

    def summaries(self, sweep_id: str, trial: int | None = None) -> dict[str, dict[str, Any]]:
        """What each run of the sweep (or of one trial) ended with, or has come to, by the run's id.

        The last number of each of its metrics, and over these what its script set or defined in its summary.
        """
        ...

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> list[dict[str, Any]]: ...

    def output(self, run_id: str, offset: int = 0) -> str:
        """The program's output from byte `offset`; negative counts from the end."""
        ...

    def resource_rows(self, run_id: str) -> list[dict[str, Any]]:
        """What a run used over time, keys as in `wire.Report.samples`; at most some 2,000 rows. Raises UnknownName."""
        ...

    def command(self, sweep_id: str, command: Command) -> Sweep:
        """Carry out a person's wish. Raises WrongState or UnknownName."""
        ...

    def hello(self, hello: Hello) -> None: ...

    def bye(self, agent_id: str) -> None:
        """An agent leaves politely."""
        ...

    def ask(self, sweep_id: str, ask: Ask) -> Answer: ...

    def report(self, report: Report) -> Receipt:
        """Raises LeaseLost, OutOfOrder."""
        ...

    def finish(self, finish: Finish) -> None:
        """Raises LeaseLost."""
        ...


def sweeps_called(service: Service, name: str) -> list[Sweep]:
    """The sweep with this id; or those of this name, the newest first. Raises UnknownName where there is none."""
    try:
        return [service.sweep(name)]
    except UnknownName:
        same = [sweep for sweep in service.sweeps() if sweep.name == name]
        if not same:
            raise
        return sorted(same, key=lambda sweep: -sweep.created_at)

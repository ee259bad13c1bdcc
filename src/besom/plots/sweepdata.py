"""What pictures and reports need of one sweep: its trials at once, all else when a picture first asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from besom.analysis.columns import TrialColumns
from besom.analysis.insight import Insight, insight
from besom.errors import SweepFileError
from besom.records import Agent, Run, Sweep, Trial
from besom.service import MetricCurve, Progress, Service
from besom.space import Space


@dataclass(frozen=True)
class SweepData:
    """One sweep as it stands. Threads may share it.

    Attributes:
        progress: Where it stands; names the objective and its goal.
        trials: By number.
        service: What the rest is read from.
        x: What curves run over: the metric that counts progress, or `_step`.
        repeats: Runs that each trial consists of.
        space: Its parameters; None where this version cannot read the sweep's file.
        points: The most points of one curve.
    """

    progress: Progress
    trials: tuple[Trial, ...]
    service: Service = field(compare=False, repr=False)
    x: str = "_step"
    repeats: int = 1
    space: Space | None = field(default=None, compare=False)
    points: int = 300

    @property
    def sweep(self) -> Sweep:
        return self.progress.sweep

    @property
    def goal(self) -> str:
        return self.progress.goal

    @property
    def metric(self) -> str:
        """The objective's name; "value" for a sweep without one."""
        return self.progress.metric or "value"

    @property
    def x_label(self) -> str:
        return self.progress.fidelity_unit or ("row of log" if self.x == "_step" else self.x)

    @property
    def best(self) -> int | None:
        """The incumbent's number."""
        return self.progress.best.number if self.progress.best else None

    @cached_property
    def columns(self) -> TrialColumns:
        """The trials as columns."""
        return TrialColumns(self.trials, self.goal)

    @cached_property
    def insight(self) -> Insight:
        """What the sweep's surrogate says; a second's work."""
        return insight(self.trials, self.space, self.goal)

    @property
    def known_insight(self) -> Insight | None:
        """The insight where somebody has asked for it before."""
        known: Insight | None = self.__dict__.get("insight")
        return known

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """In order of their lease."""
        return tuple(self.service.runs(self.sweep.id))

    @cached_property
    def agents(self) -> tuple[Agent, ...]:
        return tuple(self.service.agents())

    def curves(
        self, trials: Sequence[int] | None = None, metric: str | None = None, points: int | None = None
    ) -> tuple[MetricCurve, ...]:
        """A metric over `x`, one curve for each run of these trials; the objective of all where nothing is named."""
        metric = metric or self.progress.metric
        if not metric or (trials is not None and not len(trials)):
            return ()
        most = min(points or self.points, self.points)
        return tuple(self.service.curves(self.sweep.id, metric, self.x, points=most, trials=trials))


def read_sweep(service: Service, sweep_id: str, points: int = 300, progress: Progress | None = None) -> SweepData:
    """The sweep as it stands, each curve thinned to `points` when it is read; `progress` where it is known already.

    Raises:
        UnknownName: There is no such sweep.
        SweepFileError: This version cannot read its file.
    """
    progress = progress or service.progress(sweep_id)
    file = progress.sweep.file
    repeats = _section(_section(file.get("besom")).get("repeats")).get("count", 1)
    return SweepData(
        progress=progress,
        trials=tuple(service.trials(sweep_id)),
        service=service,
        x=x_of(file),
        repeats=repeats if isinstance(repeats, int) else 1,
        space=_space(file),
        points=points,
    )


def x_of(file: Mapping[str, Any]) -> str:
    """What curves of the sweep with this file run over."""
    fidelity = _section(_section(file.get("besom")).get("fidelity"))
    return str(fidelity.get("metric", "epoch")) if fidelity else "_step"


def _section(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _space(file: Mapping[str, Any]) -> Space | None:
    """The space; None for a file of another version, whose report is worth having without the order of its axes."""
    from besom.sweepfile import parse, space_of

    try:
        return space_of(parse(dict(file)))
    except SweepFileError:
        return None

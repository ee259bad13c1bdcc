"""Everything that pictures and reports need of one sweep, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besom.errors import SweepFileError
from besom.records import Run, Sweep, Trial
from besom.service import MetricCurve, Progress, Service
from besom.space import Space


@dataclass(frozen=True, slots=True)
class SweepData:
    """One sweep as it stands.

    Attributes:
        progress: Where it stands; names the objective and its goal.
        trials: By number.
        runs: In order of their lease.
        curves: The objective over `x`, one curve for each run.
        x: What the curves run over: the metric that counts progress, or `_step`.
        repeats: Runs that each trial consists of.
        space: Its parameters; None where this version cannot read the sweep's file.
    """

    progress: Progress
    trials: tuple[Trial, ...] = ()
    runs: tuple[Run, ...] = ()
    curves: tuple[MetricCurve, ...] = ()
    x: str = "_step"
    repeats: int = 1
    space: Space | None = field(default=None, compare=False)

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


def read_sweep(service: Service, sweep_id: str, points: int = 100) -> SweepData:
    """The sweep as it stands, each curve thinned to `points`.

    Raises:
        UnknownName: There is no such sweep.
    """
    progress = service.progress(sweep_id)
    file = progress.sweep.file
    own = _section(file.get("besom"))
    fidelity = _section(own.get("fidelity"))
    x = str(fidelity.get("metric", "epoch")) if fidelity else "_step"
    curves = service.curves(sweep_id, progress.metric, x, points=points) if progress.metric else []
    return SweepData(
        progress=progress,
        trials=tuple(service.trials(sweep_id)),
        runs=tuple(service.runs(sweep_id)),
        curves=tuple(curves),
        x=x,
        repeats=int(_section(own.get("repeats")).get("count", 1)),
        space=_space(file),
    )


def _section(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _space(file: Mapping[str, Any]) -> Space | None:
    """The space; None for a file of another version, whose report is worth having without the order of its axes."""
    from besom.sweepfile import parse, space_of

    try:
        return space_of(parse(dict(file)))
    except SweepFileError:
        return None

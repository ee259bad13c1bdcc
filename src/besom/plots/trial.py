"""One trial: everything that it logged, and what it took of the machine, each over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from besom.analysis.curves import TrialCurves, curves_by_trial, thin
from besom.analysis.samples import Samples, samples_of
from besom.analysis.tablecolumns import OF_EACH_ROW
from besom.analysis.wording import resource_label
from besom.plots.panels import Panel, panels
from besom.plots.picture import Picture, Trace, brief, scatter
from besom.plots.sweepdata import x_of
from besom.plots.theme import LIGHT, Theme, figures, layout_of, note, safe, series
from besom.records import Run
from besom.service import Progress, Service

MOST_PANELS = 24
_POINTS = 300
_LOG_FROM = 100.0
"""Positive values that span this ratio lie on a logarithmic axis."""


@dataclass(frozen=True)
class TrialData:
    """One trial of a sweep, read as far as a picture asks.

    Raises:
        UnknownName: There is no such sweep or trial.
    """

    service: Service
    sweep_id: str
    number: int
    known: Progress | None = None
    """Where the sweep stands, if that is known already: this version may not be able to read the sweep's file."""

    @cached_property
    def progress(self) -> Progress:
        return self.known or self.service.progress(self.sweep_id)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """In order of their lease."""
        return tuple(self.service.runs(self.sweep_id, self.number))

    @cached_property
    def x(self) -> str:
        """What curves run over."""
        return x_of(self.progress.sweep.file)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Numbers that its runs logged, the objective first; without what besom adds to each row."""
        logged = dict.fromkeys(name for run in self.runs for name in self.service.metrics(run.id))
        own = [name for name in logged if name not in OF_EACH_ROW and name != self.x]
        return tuple(sorted(own, key=lambda name: name != self.progress.metric))

    def curves(self, metric: str) -> TrialCurves | None:
        """One metric of all its runs."""
        found = self.service.curves(self.progress.sweep.id, metric, self.x, self.number, _POINTS)
        return next(iter(curves_by_trial(found)), None)


def trial_metrics(data: TrialData, theme: Theme = LIGHT, *, first: int = 0, is_narrow: bool = False) -> Picture:
    """The numbers that the trial logged, each in a panel of its own: repeats thin, their mean strong.

    Of more than 24 metrics those from the place `first` on; the objective has the first place.
    """
    shown = data.metrics[first : first + MOST_PANELS]
    drawn = [(name, curves) for name in shown if (curves := data.curves(name)) is not None]
    if not drawn:
        return note(layout_of(theme), "This trial has logged no number yet.", theme)
    best = data.progress.best
    is_best = best is not None and best.number == data.number
    x = data.progress.fidelity_unit or ("row of log" if data.x == "_step" else data.x)
    parts = [
        Panel(
            title=name,
            traces=tuple(_curves(curves, theme.accent if is_best else theme.mean)),
            is_log=_is_log(curves),
            words="" if _finite(curves) else "No finite value was logged",
        )
        for name, curves in drawn
    ]
    return panels(parts, theme, x_title=safe(x), is_narrow=is_narrow)


def _curves(curves: TrialCurves, color: str) -> list[Trace]:
    has_mean = bool(curves.mean_x)
    traces = [
        _line(repeat.x, repeat.y, color, f"repeat {repeat.repeat + 1}" if len(curves.repeats) > 1 else "")
        | {"opacity": 0.4 if has_mean else 1.0}
        for repeat in curves.repeats
    ]
    if has_mean:
        traces.append(_line(curves.mean_x, curves.mean_y, color, "mean") | {"line": {"color": color, "width": 2.6}})
    elif len(curves.repeats) == 1:
        traces[0]["line"] = {"color": color, "width": 2}
    return traces


def _line(x: Sequence[float], y: Sequence[float], color: str, words: str) -> Trace:
    return scatter(
        x=brief(x),
        y=brief(y),
        mode="lines" if len(x) > 1 else "markers",
        line={"color": color, "width": 1.2},
        marker={"color": color, "size": 6},
        hovertemplate=f"%{{x:{figures(())}}}: %{{y:{figures(y)}}}<extra>{words}</extra>",
    )


def _finite(curves: TrialCurves) -> list[float]:
    return [y for repeat in curves.repeats for y in repeat.y if math.isfinite(y)]


def _is_log(curves: TrialCurves) -> bool:
    values = _finite(curves)
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LOG_FROM


def trial_resources(data: TrialData, theme: Theme = LIGHT, *, is_narrow: bool = False) -> Picture:
    """What each of the trial's runs took of the machine, over the minutes since it began; the latest run strong."""
    found = [(run, samples_of(data.service.resource_rows(run.id), run.started_at)) for run in data.runs]
    measured = [(run, samples) for run, samples in found if samples]
    if not measured:
        return note(
            layout_of(theme), "Nothing has been measured over time: the first sample comes after some seconds.", theme
        )
    names = sorted({name for _, samples in measured for name in samples})
    kinds = dict.fromkeys(_kind(name) for name in names)
    longest = max(samples[name].seconds[-1] for _, samples in measured for name in samples)
    unit, scale = ("seconds", 1.0) if longest < 180 else ("minutes", 60.0) if longest < 10_800 else ("hours", 3600.0)
    parts = [
        Panel(
            title=resource_label(kind),
            traces=tuple(
                _samples(run, name, samples[name], scale, theme, is_last=run is measured[-1][0])
                for run, samples in measured
                for name in names
                if name in samples and _kind(name) == kind
            ),
            starts_at_zero=True,
        )
        for kind in [*kinds][:MOST_PANELS]
    ]
    return panels(parts, theme, x_title=f"{unit} since the run began", is_narrow=is_narrow)


def _kind(name: str) -> str:
    """The resource without the number of the GPU: `gpu_percent.1` is one of `gpu_percent`."""
    kind, _, at = name.rpartition(".")
    return kind if kind and at.isdecimal() else name


def _samples(run: Run, name: str, samples: Samples, scale: float, theme: Theme, *, is_last: bool) -> Trace:
    x, y = thin(samples.seconds, samples.amounts, _POINTS)
    at = name.removeprefix(_kind(name)).removeprefix(".")
    words = f"repeat {run.repeat + 1}, attempt {run.attempt + 1}" + (f", GPU {at}" if at else "")
    color = series(theme)[int(at) % len(series(theme))] if at else theme.mean
    trace = _line((x / scale).tolist(), y.tolist(), color, words)
    look: dict[str, Any] = {"opacity": 1.0, "line": {"color": color, "width": 2}} if is_last else {"opacity": 0.4}
    return trace | look

"""The search over time: every trial as a point, the incumbent as a step line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from besom.analysis import Incumbents, duration, incumbent_trace, number
from besom.plots.picture import Picture, Trace, scatter
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe
from besom.records import Trial, TrialState

_FLOOR = 0.02
"""Where trials without a value lie, in parts of the picture's height."""


def history(data: SweepData, theme: Theme = LIGHT) -> Picture:
    """Trials in the order in which they ended, and the best value so far; stopped and failed ones have their own marks.

    A few values far off on the bad side lie outside at first; a double click shows all.
    """
    layout = layout_of(theme, "trials ended", safe(data.metric))
    trace = incumbent_trace(data.trials, data.goal)
    if not trace.numbers:
        return note(layout, "No trial has ended yet.", theme)
    values = [value for value in trace.values if value is not None]
    low, high = shown_range(values, data.goal)
    layout["yaxis"]["range"] = [low, high]
    layout["xaxis"]["range"] = [0, len(trace.numbers) + 1]
    layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    incumbents = scatter(
        x=list(range(1, len(trace.numbers) + 1)),
        # From the first value that is shown: before it, the line would only climb in from the picture's edge.
        y=[value if value is not None and low <= value <= high else None for value in trace.best],
        mode="lines",
        name="best so far",
        line={"color": theme.accent, "width": 2.5, "shape": "hv"},
        hoverinfo="skip",
    )
    return Picture((*_marks(data, trace, theme), incumbents), layout)


def _marks(data: SweepData, trace: Incumbents, theme: Theme) -> list[Trace]:
    """A mark for every trial that ended, by how it did; failed ones lie along the bottom."""
    trials = {trial.number: trial for trial in data.trials}
    ended = [
        (place, trials[number], value)
        for place, (number, value) in enumerate(zip(trace.numbers, trace.values, strict=True), 1)
    ]
    kinds = (
        (TrialState.FINISHED, "finished", theme.finished, "circle"),
        (TrialState.STOPPED, "stopped early", theme.stopped, "circle-open"),
    )
    traces = []
    for state, name, color, symbol in kinds:
        valued = [(place, trial, value) for place, trial, value in ended if trial.state is state and value is not None]
        marker = {"color": color, "symbol": symbol, "size": 8, "line": {"width": 1.6, "color": color}}
        traces.append(_points(valued, data, name=name, marker=marker, opacity=0.85))
    failed = [(place, trial, _FLOOR) for place, trial, value in ended if value is None]
    marker = {"color": theme.failed, "symbol": "x-thin", "size": 8, "line": {"width": 2, "color": theme.failed}}
    traces.append(_points(failed, data, name="failed", marker=marker, yaxis="y2"))
    return [points for points in traces if points["x"]]


def _points(points: Sequence[tuple[int, Trial, float]], data: SweepData, **look: Any) -> Trace:
    return scatter(
        x=[place for place, _, _ in points],
        y=[value for _, _, value in points],
        mode="markers",
        customdata=[_words(trial, data) for _, trial, _ in points],
        hovertemplate="%{customdata}<extra></extra>",
        **look,
    )


def shown_range(values: list[float], goal: str) -> tuple[float, float]:
    """What to show at first: all values, but for the worst tenth where it would squeeze the rest into a third."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    tenth = float(np.quantile(values, 0.1 if goal == "maximize" else 0.9))
    if goal == "maximize" and high - tenth < (high - low) / 3:
        low = tenth
    elif goal != "maximize" and tenth - low < (high - low) / 3:
        high = tenth
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def _words(trial: Trial, data: SweepData) -> str:
    lines = [f"<b>trial {trial.number}</b> {trial.state.value}"]
    if trial.value is not None:
        spread = f" ± {number(trial.spread, 2)}" if trial.spread is not None else ""
        lines.append(f"{safe(data.metric)} {number(trial.value)}{spread}")
    if trial.failure:
        lines.append(safe(trial.failure.cause.value))
    lines.append(duration(trial.seconds))
    return "<br>".join(lines)

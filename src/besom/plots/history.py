"""The search over time: every trial as a point, the incumbent as a step line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.analysis.columns import STATES
from besom.analysis.thinning import shares, thinned
from besom.analysis.values import why_unranked
from besom.analysis.wording import duration, number, spread
from besom.errors import require
from besom.plots.picture import LARGEST, Picture, Trace, brief, of_trials, scatter
from besom.plots.spent import X_AXES, x_of_ends, x_title
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, hold_margins, layout_of, note, safe
from besom.records import Trial, TrialState
from besom.search.thinning import evenly

MOST_MARKS = 2000
UNRANKED = "not ranked"
"""The name of the marks of trials that miss repeats."""
_STRETCHES = 250
_FLOOR = 0.02
"""Where trials without a value lie, in parts of the picture's height."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def history(data: SweepData, theme: Theme = LIGHT, x: str = "trials", most: int = MOST_MARKS) -> Picture:
    """Trials as they ended or were paused, and the best value so far; each state has its own marks.

    A few values far off on the bad side lie outside at first; a double click shows all. Of more than `most` trials with
    a value, those that lie where others do are left out and the others are the stronger for them; the incumbents stay.

    Args:
        data: The sweep.
        theme: Colours.
        x: What it is drawn over: trials in the order of their ends, or the epochs, hours or gpu_hours spent by then.
        most: Marks of trials with a value.

    Raises:
        UnknownName: There is no such axis.
    """
    require("x", x, X_AXES)
    layout = layout_of(theme, x_title(data, x), safe(data.metric))
    columns = data.columns
    if not len(columns.by_end):
        return note(layout, "No trial has ended yet.", theme)
    at = x_of_ends(data, x)
    if x != "trials" and not np.nanmax(at, initial=0.0) > 0:
        return note(layout, f"Nothing is known of the {x_title(data, x)}.", theme)
    values = columns.values[columns.by_end]
    reached = np.concatenate([values[~np.isnan(values)], columns.shown_values[columns.unranked]])
    low, high = shown_range(reached, data.goal)
    right = float(np.nanmax(at))
    layout["yaxis"] |= {"range": [low, high], "showticklabels": bool(len(reached)), "showgrid": bool(len(reached))}
    hold_margins(layout, low, high)
    layout["xaxis"]["range"] = [0, right + 1] if x == "trials" else [-0.015 * right, 1.03 * right]
    if x == "trials" and right < 8:
        layout["xaxis"]["dtick"] = 1
    layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    layout |= {"meta": {"x": "place" if x == "trials" else None, "y": "value"}, "showlegend": True}
    traces = [*_marks(data, theme, at, ((0.0, right), (low, high)), most), _incumbents(data, theme, at, (low, high))]
    return Picture(tuple(traces), layout)


def _incumbents(data: SweepData, theme: Theme, at: Floats, shown: tuple[float, float]) -> Trace:
    """The best value so far, from the first that is shown: before it, the line would only climb in from the edge."""
    steps = data.columns.improvements
    best = np.clip(data.columns.values[data.columns.by_end[steps]], -LARGEST, LARGEST)
    is_shown = (best >= shown[0]) & (best <= shown[1]) & np.isfinite(at[steps])
    x, y = at[steps][is_shown].tolist(), best[is_shown].tolist()
    return scatter(
        x=[*x, float(np.nanmax(at))] if x else [None],  # nothing at all would leave the axis of values without a place
        y=[*y, y[-1]] if y else [None],
        mode="lines",
        name="best so far",
        showlegend=bool(x),
        line={"color": theme.accent, "width": 2.5, "shape": "hv"},
        hoverinfo="skip",
    )


def _marks(
    data: SweepData, theme: Theme, at: Floats, window: tuple[tuple[float, float], tuple[float, float]], most: int
) -> list[Trace]:
    """A mark for every trial that ended or is paused; those without a value lie along the bottom.

    Those that miss repeats are of a kind of their own: their values are not held against others'.
    """
    columns = data.columns
    values = columns.values[columns.by_end]
    chosen, counts = _chosen(data, at, values, window, most)
    states = columns.states[columns.by_end[chosen]]
    kinds = (
        (TrialState.FINISHED, "finished", theme.finished, "circle"),
        (TrialState.STOPPED, "stopped early", theme.stopped, "circle-open"),
        (TrialState.PAUSED, "paused", theme.paused, "triangle-right-open"),
    )
    size = 8 if len(chosen) < 400 else 6
    traces = []
    for state, name, color, symbol in kinds:
        is_kind = states == STATES.index(state)
        marker = {"color": color, "symbol": symbol, "size": size, "line": {"width": 1.6, "color": color}}
        opacity: Any = 0.85
        if counts.max(initial=1) > 1:
            marker["opacity"] = np.round(0.3 + 0.6 * np.minimum(1.0, np.log(counts[is_kind]) / np.log(40)), 2).tolist()
            opacity = 1.0
        traces.append(_points(data, at, values, chosen[is_kind], name=name, marker=marker, opacity=opacity))
    is_unranked = np.isin(columns.by_end, columns.unranked)
    traces.append(_unranked(data, theme, at, np.flatnonzero(is_unranked & np.isfinite(at)), most))
    places = np.flatnonzero(np.isnan(values) & np.isfinite(at) & ~is_unranked)
    is_failed = columns.are(TrialState.FAILED)[columns.by_end[places]]
    traces.append(_valueless(data, theme, at, places[~is_failed], most, is_failed=False))
    traces.append(_valueless(data, theme, at, places[is_failed], most, is_failed=True))
    return [trace for trace in traces if len(trace["x"])]


def _chosen(
    data: SweepData, at: Floats, values: Floats, window: tuple[tuple[float, float], tuple[float, float]], most: int
) -> tuple[Ints, Ints]:
    """Places in `by_end` of the trials with a value that are drawn, and how many each stands for."""
    valued = np.flatnonzero(np.isfinite(values) & np.isfinite(at))
    losses = data.columns.losses[data.columns.by_end[valued]]
    found = thinned(at[valued], values[valued], losses, most, window)
    steps = data.columns.improvements
    steps = steps[np.isfinite(at[steps])][-most // 4 :]
    places = np.union1d(valued[found.at], steps)
    counts = np.ones(len(values), np.int64)
    counts[valued[found.at]] = found.counts
    return places, counts[places]


def _unranked(data: SweepData, theme: Theme, at: Floats, places: Ints, most: int) -> Trace:
    """A mark for each trial whose value is not ranked, for want of repeats; of very many, some."""
    marker = {"color": theme.stopped, "symbol": "cross-thin", "size": 8, "line": {"width": 1.6, "color": theme.stopped}}
    values = data.columns.shown_values[data.columns.by_end]
    return _points(data, at, values, evenly(places, most // 4), name=UNRANKED, marker=marker, opacity=0.85)


def _valueless(data: SweepData, theme: Theme, at: Floats, places: Ints, most: int, *, is_failed: bool) -> Trace:
    """A mark for each trial without a value; of very many, a strip that is stronger where more of them are.

    They failed, or were stopped before there was a value.
    """
    name, color, symbol = (
        ("failed", theme.failed, "x-thin") if is_failed else ("no value", theme.stopped, "circle-open")
    )
    height = _FLOOR if is_failed else 2.5 * _FLOOR
    if len(places) <= most // 4:
        marker = {"color": color, "symbol": symbol, "size": 8, "line": {"width": 2, "color": color}}
        floor = np.full(len(at), height)
        return _points(data, at, floor, places, name=name, marker=marker, yaxis="y2")
    is_without = np.zeros(len(at), np.bool_)
    is_without[places] = True
    ends = at[np.linspace(0, len(at) - 1, _STRETCHES + 1).astype(np.int64)]
    share = shares(is_without, _STRETCHES)
    return {
        "type": "heatmap",
        "name": name,
        "x": brief(ends.tolist()),
        "y": [height - _FLOOR / 2, height + _FLOOR],
        "z": [[round(100 * part, 1) if part else None for part in share.tolist()]],
        "colorscale": [[0, theme.scale_worst], [1, color]],
        "zmin": 0,
        "zmax": max(10.0, 100 * float(share.max())),
        "showscale": False,
        "yaxis": "y2",
        "hovertemplate": f"{name}: %{{z}} % of the trials here<extra></extra>",
    }


def _points(data: SweepData, x: Floats, y: Floats, places: Ints, **look: Any) -> Trace:
    at = data.columns.by_end[places].tolist()
    trials = [data.trials[place] for place in at]
    return of_trials(
        [trial.number for trial in trials],
        x=brief(x[places].tolist()),
        y=brief(y[places].tolist()),
        mode="markers",
        text=[words_of(trial, data) for trial in trials],
        hovertemplate="%{text}<extra></extra>",
        **look,
    )


def shown_range(values: Sequence[float] | Floats, goal: str) -> tuple[float, float]:
    """What to show at first: all values, but for the worst tenth where it would squeeze the rest into a third."""
    finite = np.asarray(values, dtype=np.float64)
    finite = np.clip(finite[np.isfinite(finite)], -LARGEST, LARGEST)
    if not len(finite):
        return 0.0, 1.0
    low, high = float(np.min(finite)), float(np.max(finite))
    tenth = float(np.quantile(finite, 0.1 if goal == "maximize" else 0.9))
    if goal == "maximize" and high - tenth < (high - low) / 3:
        low = tenth
    elif goal != "maximize" and tenth - low < (high - low) / 3:
        high = tenth
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def words_of(trial: Trial, data: SweepData) -> str:
    """What is said of a trial where the pointer rests on it."""
    lines = [f"<b>trial {trial.number}</b> {trial.state.value}"]
    if trial.value is not None:
        off = f" {spread(trial.spread)}" if trial.spread is not None else ""
        lines.append(f"{safe(data.metric)} {number(trial.value)}{off}")
    if unranked := why_unranked(trial):
        lines.append(unranked)
    if trial.failure:
        lines.append(safe(trial.failure.cause.value))
    lines.append(duration(trial.seconds))
    return "<br>".join(lines)

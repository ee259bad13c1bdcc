"""Learning curves of all trials, the incumbent's in front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.analysis.curves import TrialCurves, curves_by_trial
from besom.errors import require
from besom.plots.picture import Picture, Trace, brief, of_trials
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figures, hold_margins, layout_of, note, safe
from besom.records import TrialState
from besom.search.thinning import evenly

MOST_CURVES = 200
_MOST_POINTS = 12_000
_FEWEST_POINTS = 40
_NAMES = {
    TrialState.FINISHED: "finished",
    TrialState.STOPPED: "stopped early",
    TrialState.FAILED: "failed",
    TrialState.PAUSED: "paused",
    TrialState.WAITING: "paused",
    TrialState.RUNNING: "running",
}
_ONLY = ("running",)
_ENDS = {"stopped early": "circle-open", "paused": "triangle-right-open"}

Floats = npt.NDArray[np.float64]
Line = tuple[Sequence[float], Sequence[float]]


def drawn(data: SweepData, most: int = MOST_CURVES, only: str | None = None) -> tuple[int, ...]:
    """The trials whose curves are drawn, by number: all that got anywhere, or some of them.

    Of more than `most`, those under way are drawn (a quarter of `most`), the best half, and as many as there is room
    for spread over the others. With `only` "running", just those under way.
    """
    columns = data.columns
    is_running = columns.are(TrialState.RUNNING)
    begun = (columns.fidelities > 0) | ~np.isnan(columns.shown_values) | is_running
    is_drawn = is_running if only == "running" else begun
    if is_drawn.sum() > most:
        is_drawn = np.zeros(len(begun), np.bool_)
        is_drawn[np.flatnonzero(is_running)[-most // 4 :]] = True
        if only != "running":
            is_drawn[columns.ranked[: most // 2]] = True
            begun[columns.ranked] = False
            others = np.concatenate([columns.ranked, np.flatnonzero(begun)])
            others = others[~is_drawn[others]]
            is_drawn[evenly(others, most - int(is_drawn.sum()))] = True
    return tuple(columns.numbers[is_drawn].tolist())


def learning_curves(
    data: SweepData,
    theme: Theme = LIGHT,
    most: int = MOST_CURVES,
    metric: str | None = None,
    only: str | None = None,
) -> Picture:
    """A metric over fidelity: a colour for each state, the incumbent thick and in the accent colour.

    Repeats are thin and apart, their mean over what all of them cover is strong. Lines of one kind are one trace, with
    gaps between them, so that hundreds of curves stay quick. A mark stands where a trial was stopped or paused.

    Args:
        data: The sweep.
        theme: Colours.
        most: Trials.
        metric: Another metric than the objective.
        only: "running": only the traces of trials under way, all named "running".

    Raises:
        UnknownName: `only` is another word.
    """
    if only is not None:
        require("only", only, _ONLY)
    layout = layout_of(theme, safe(data.x_label), safe(metric or data.metric))
    layout["meta"] = {"x": None, "y": None}
    chosen = _read(data, most, metric, only)
    if not chosen:
        return Picture((), layout) if only else note(layout, f"No curve {_of(metric)}has been logged yet.", theme)
    values = _values(chosen)
    if not len(values):
        return Picture((), layout) if only else note(layout, f"No finite value {_of(metric)}was logged.", theme)
    if not metric and (shown := _shown(values, data.goal)):
        layout["yaxis"]["range"] = list(shown)
    hold_margins(layout, *layout["yaxis"].get("range", (values.min(), values.max())))
    point = f"{safe(data.x_label)} %{{x:{figures(())}}}: %{{y:{figures(values.tolist())}}}<extra></extra>"
    return Picture(tuple(_by_kind(data, chosen, theme, point)), layout)


def _by_kind(data: SweepData, chosen: Sequence[TrialCurves], theme: Theme, point: str) -> list[Trace]:
    """The curves, those of running trials in front: they are still to be judged. `point` is what is said of a point."""
    kind = {trial.number: _NAMES[trial.state] for trial in _trials(data, chosen)}
    looks = {
        "failed": (theme.failed, 0.75, 1.2),
        "stopped early": (theme.stopped, 0.85, 1.2),
        "paused": (theme.paused, 0.85, 1.2),
        "finished": (theme.finished, 0.8, 1.2),
        "best": (theme.accent, 1.0, 2.6),
        "running": (theme.running, 0.95, 1.6),
    }
    traces: list[Trace] = []
    for name, look in looks.items():
        of_kind = [c for c in chosen if ("best" if c.trial == data.best else kind.get(c.trial)) == name]
        title = f"best: trial {data.best}" if name == "best" else name
        traces += _traces(of_kind, name, title, look, point)
        if name in _ENDS and of_kind:
            traces.append(_ends(of_kind, name, look[0], point))
    return traces


def _values(chosen: Iterable[TrialCurves]) -> Floats:
    values = np.array([y for curves in chosen for repeat in curves.repeats for y in repeat.y], dtype=np.float64)
    return values[np.isfinite(values)]


def _shown(values: Floats, goal: str) -> tuple[float, float] | None:
    """What to show at first where a few points far off on the bad side would squeeze the rest into a tenth."""
    if not len(values):
        return None
    values = -values if goal == "maximize" else values
    low, most, high = (float(end) for end in np.quantile(values, (0.0, 0.97, 1.0)))
    if most - low >= (high - low) / 10:
        return None
    near, far = low - 0.08 * (most - low), most + 0.5 * (most - low)
    return (-far, -near) if goal == "maximize" else (near, far)


def _of(metric: str | None) -> str:
    return f"of {metric} " if metric else ""


def _read(data: SweepData, most: int, metric: str | None, only: str | None) -> tuple[TrialCurves, ...]:
    numbers = drawn(data, most, only)
    points = max(_FEWEST_POINTS, _MOST_POINTS // max(1, len(numbers) * data.repeats))
    return curves_by_trial(data.curves(numbers, metric, points))


def _trials(data: SweepData, chosen: Iterable[TrialCurves]) -> Iterable[Any]:
    places = (data.columns.place_of(curves.trial) for curves in chosen)
    return [data.trials[place] for place in places if place is not None]


def _traces(
    chosen: Sequence[TrialCurves], name: str, title: str, look: tuple[str, float, float], point: str
) -> list[Trace]:
    """The curves of one kind: repeats, single runs and means, each as one trace where there are any."""
    color, opacity, width = look
    has_mean = any(curves.mean_x for curves in chosen)
    single: list[tuple[int, Line]] = [(c.trial, (r.x, r.y)) for c in chosen for r in c.repeats if not c.mean_x]
    apart: list[tuple[int, Line]] = [(c.trial, (r.x, r.y)) for c in chosen for r in c.repeats if c.mean_x]
    means: list[tuple[int, Line]] = [(c.trial, (c.mean_x, c.mean_y)) for c in chosen if c.mean_x]
    parts = (  # where some have a mean, these are what the legend names
        (apart, name + ", repeat", f"{title}: repeats", opacity * 0.45, width * 0.6, not means),
        (single, name, title, opacity, width, not has_mean),
        (means, name + ", mean", title, min(1.0, opacity * 1.4), width * 1.2, True),
    )
    return [
        _with_gaps(
            lines,
            mode="lines+markers" if all(len(line[0]) == 1 for _, line in lines) else "lines",
            name=label,
            legendgroup=title,
            showlegend=in_legend,
            opacity=round(strength, 3),
            line={"color": color, "width": round(thickness, 2)},
            marker={"color": color, "size": 5},
            hovertemplate=f"<b>trial %{{customdata}}</b> {words}<br>{point}",
        )
        for lines, words, label, strength, thickness, in_legend in parts
        if lines
    ]


def _ends(chosen: Sequence[TrialCurves], name: str, color: str, point: str) -> Trace:
    """A mark at the end of each curve, of repeats at that of their mean."""
    last = [(c.trial, (c.mean_x, c.mean_y) if c.mean_x else (c.repeats[-1].x, c.repeats[-1].y)) for c in chosen]
    return of_trials(
        [trial for trial, _ in last],
        x=brief(x[-1] for _, (x, _) in last),
        y=brief(y[-1] for _, (_, y) in last),
        mode="markers",
        name=f"{name}: end",
        legendgroup=name,
        showlegend=False,
        marker={"color": color, "symbol": _ENDS[name], "size": 6, "line": {"color": color, "width": 1.2}},
        hovertemplate=f"<b>trial %{{customdata}}</b> {name} here<br>{point}",
    )


def _with_gaps(lines: Iterable[tuple[int, Line]], **look: Any) -> Trace:
    """The points of many lines as one, with an empty point behind each; every point knows its trial."""
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for number, (xs, ys) in lines:
        x += [*brief(xs), None]
        y += [*brief(ys), None]
        numbers += [number] * (len(xs) + 1)
    return of_trials(numbers, x=x, y=y, **look)

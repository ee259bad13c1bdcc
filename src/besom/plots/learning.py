"""Learning curves of all trials, the incumbent's in front."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from besom.analysis import TrialCurves, curves_by_trial, ranking
from besom.plots.picture import Picture, Trace, scatter
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe
from besom.records import TrialState

MOST_CURVES = 200
_NAMES = {
    TrialState.FINISHED: "finished",
    TrialState.STOPPED: "stopped early",
    TrialState.FAILED: "failed",
}

Line = tuple[Sequence[float], Sequence[float]]


def drawn(data: SweepData, most: int = MOST_CURVES) -> tuple[TrialCurves, ...]:
    """The curves that are drawn: all of them, or the best half of `most` and as many spread over the others."""
    every = curves_by_trial(data.curves)
    if len(every) <= most:
        return every
    rank = {trial.number: place for place, trial in enumerate(ranking(data.trials, data.goal))}
    ordered = sorted(every, key=lambda curves: rank.get(curves.trial, len(rank) + curves.trial))
    best, others = ordered[: most // 2], ordered[most // 2 :]
    room = most - len(best)
    spread = [others[place * len(others) // room] for place in range(room)]
    return tuple(sorted((*best, *spread), key=lambda curves: curves.trial))


def learning_curves(data: SweepData, theme: Theme = LIGHT, most: int = MOST_CURVES) -> Picture:
    """The objective over fidelity: stopped and failed trials dimmed, the incumbent in the accent colour.

    Repeats are thin and apart, their mean over what all of them cover is strong. Lines of one kind are one trace, with
    gaps between them, so that hundreds of curves stay quick.
    """
    layout = layout_of(theme, safe(data.x_label), safe(data.metric))
    chosen = drawn(data, most)
    if not chosen:
        return note(layout, "No curve has been logged yet.", theme)
    state = {trial.number: trial.state for trial in data.trials}
    best = data.progress.best.number if data.progress.best else None
    looks = {
        "failed": (theme.failed, 0.35),
        "stopped early": (theme.stopped, 0.55),
        "running": (theme.muted, 0.7),
        "finished": (theme.finished, 0.45),
    }
    traces: list[Trace] = []
    for name, (color, opacity) in looks.items():
        of_kind = [c for c in chosen if c.trial != best and _NAMES.get(state.get(c.trial), "running") == name]  # type: ignore[arg-type]
        traces += _traces(of_kind, name, color, opacity, width=1.2)
    incumbent = [c for c in chosen if c.trial == best]
    traces += _traces(incumbent, f"best: trial {best}", theme.accent, 1.0, width=2.6)
    return Picture(tuple(traces), layout)


def _traces(chosen: Sequence[TrialCurves], name: str, color: str, opacity: float, width: float) -> list[Trace]:
    """The curves of one kind: repeats, single runs and means, each as one trace where there are any."""
    has_mean = any(curves.mean_x for curves in chosen)
    single: list[tuple[int, Line]] = [(c.trial, (r.x, r.y)) for c in chosen for r in c.repeats if not c.mean_x]
    apart: list[tuple[int, Line]] = [(c.trial, (r.x, r.y)) for c in chosen for r in c.repeats if c.mean_x]
    means: list[tuple[int, Line]] = [(c.trial, (c.mean_x, c.mean_y)) for c in chosen if c.mean_x]
    parts = (
        (apart, f"{name}: repeats", opacity * 0.45, width * 0.6, not means),
        (single, name, opacity, width, not has_mean),
        (means, f"{name}: mean" if means else name, min(1.0, opacity * 1.4), width * 1.2, True),
    )
    return [
        _with_gaps(lines)
        | scatter(
            mode="lines+markers" if all(len(line[0]) == 1 for _, line in lines) else "lines",
            name=label,
            legendgroup=name,
            showlegend=in_legend,
            opacity=strength,
            line={"color": color, "width": thickness},
            marker={"color": color, "size": 5},
            hovertemplate=f"<b>trial %{{customdata}}</b> {label}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        )
        for lines, label, strength, thickness, in_legend in parts
        if lines
    ]


def _with_gaps(lines: Iterable[tuple[int, Line]]) -> Trace:
    """The points of many lines as one, with an empty point behind each; every point knows its trial."""
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for number, (xs, ys) in lines:
        x += [*xs, None]
        y += [value if math.isfinite(value) else None for value in ys]
        y.append(None)
        numbers += [number] * (len(xs) + 1)
    return {"x": x, "y": y, "customdata": numbers}

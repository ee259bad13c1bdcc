"""The search over time: every trial as a point, the incumbent as a step line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from besom.analysis import duration, incumbent_trace, number
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figure, note, safe
from besom.records import Trial, TrialState

if TYPE_CHECKING:
    import plotly.graph_objects as go


def history(data: SweepData, theme: Theme = LIGHT) -> go.Figure:
    """Trials in the order in which they ended, and the best value so far; stopped and failed ones have their own marks.

    A few values far off on the bad side lie outside at first; a double click shows all.
    """
    picture = figure(theme, xaxis_title="trials ended", yaxis_title=safe(data.metric))
    trace = incumbent_trace(data.trials, data.goal)
    if not trace.numbers:
        return note(picture, "No trial has ended yet.", theme)
    trials = {trial.number: trial for trial in data.trials}
    order = list(range(1, len(trace.numbers) + 1))
    marks = {
        TrialState.FINISHED: ("finished", theme.finished, "circle", 8),
        TrialState.STOPPED: ("stopped early", theme.stopped, "circle-open", 8),
    }
    for state, (name, color, symbol, size) in marks.items():
        at = [i for i, n in enumerate(trace.numbers) if trials[n].state is state and trace.values[i] is not None]
        if at:
            picture.add_scatter(
                x=[order[i] for i in at],
                y=[trace.values[i] for i in at],
                mode="markers",
                name=name,
                marker={"color": color, "symbol": symbol, "size": size, "line": {"width": 1.6, "color": color}},
                opacity=0.85,
                customdata=[_words(trials[trace.numbers[i]], data) for i in at],
                hovertemplate="%{customdata}<extra></extra>",
            )
    low, high = _range([value for value in trace.values if value is not None], data.goal)
    failed = [i for i, value in enumerate(trace.values) if value is None]
    if failed:
        picture.add_scatter(
            x=[order[i] for i in failed],
            y=[0.02] * len(failed),
            yaxis="y2",
            mode="markers",
            name="failed",
            marker={"color": theme.failed, "symbol": "x-thin", "size": 8, "line": {"width": 2, "color": theme.failed}},
            customdata=[_words(trials[trace.numbers[i]], data) for i in failed],
            hovertemplate="%{customdata}<extra></extra>",
        )
        picture.update_layout(yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})
    picture.add_scatter(
        x=order,
        y=list(trace.best),
        mode="lines",
        name="best so far",
        line={"color": theme.accent, "width": 2.5, "shape": "hv"},
        hoverinfo="skip",
    )
    picture.update_yaxes(range=[low, high], selector={"overlaying": None})
    picture.update_xaxes(range=[0, len(order) + 1])
    return picture


def _range(values: list[float], goal: str) -> tuple[float, float]:
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

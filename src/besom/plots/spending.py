"""What trials cost: time against quality, and what they took of the machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from besom.analysis.columns import Floats, Ints
from besom.analysis.tables import ResourceUse, resources_summary
from besom.analysis.thinning import thinned
from besom.analysis.wording import number, resource_label
from besom.errors import require
from besom.plots.history import shown_range
from besom.plots.picture import Picture, Trace, brief, of_trials
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figures, hold_margins, layout_of, note, safe
from besom.records import TrialState

MOST_MARKS = 2000
_COSTS = ("seconds", "gpu_hours")
_LOG_FROM = 100.0
"""Costs that span this ratio lie on a logarithmic axis."""


def cost_against_quality(data: SweepData, theme: Theme = LIGHT, x: str = "seconds") -> Picture:
    """What each trial took against its value; a line joins those that no other beats in both.

    Args:
        data: The sweep.
        theme: Colours.
        x: What it took: `seconds`, or `gpu_hours`.

    Raises:
        UnknownName: There is no such axis.
    """
    require("x", x, _COSTS)
    columns = data.columns
    costs = columns.gpu_seconds / 3600.0 if x == "gpu_hours" else columns.seconds
    unit = "GPU-hours" if x == "gpu_hours" else "seconds"
    layout = layout_of(theme, f"{unit} of a trial", safe(data.metric))
    if not len(columns.ranked):
        return note(layout, "No trial has a value yet.", theme)
    if x == "gpu_hours" and not costs.any():
        return note(layout, "No trial had a GPU of its own.", theme)
    layout["meta"] = {"x": "seconds" if x == "seconds" else None, "y": "value"}
    valued = np.sort(columns.ranked)
    is_log = _is_log(costs[valued])
    if is_log:
        layout["xaxis"] |= {"type": "log", "title": {"text": f"{unit} of a trial (log)"}, "dtick": 1}
    low, high = shown_range(columns.values[valued], data.goal)
    layout["yaxis"]["range"] = [low, high]
    hold_margins(layout, low, high)
    scaled = np.log10(costs[valued]) if is_log else costs[valued]
    window = ((float(scaled.min()), float(scaled.max())), (low, high))
    chosen = valued[thinned(scaled, columns.values[valued], columns.losses[valued], MOST_MARKS, window).at]
    return Picture(tuple(_costs(data, theme, costs, chosen, _front(data, costs), unit)), layout)


def _is_log(costs: Floats) -> bool:
    return bool(costs.min() > 0 and costs.max() / costs.min() > _LOG_FROM)


def _front(data: SweepData, costs: Floats) -> Ints:
    """Trials that no other beats in both cost and value, cheapest first."""
    columns = data.columns
    valued = columns.ranked
    order = valued[np.lexsort((columns.numbers[valued], columns.losses[valued], costs[valued]))]
    losses = columns.losses[order]
    return order[losses < np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])]


def _costs(data: SweepData, theme: Theme, costs: Floats, chosen: Ints, front: Ints, unit: str) -> list[Trace]:
    columns = data.columns
    written = figures(columns.values[chosen].tolist())

    def points(places: Ints, name: str, mode: str = "markers", **look: Any) -> Trace:
        return of_trials(
            columns.numbers[places].tolist(),
            x=brief(costs[places].tolist()),
            y=brief(columns.values[places].tolist()),
            mode=mode,
            name=name,
            hovertemplate=f"<b>trial %{{customdata}}</b><br>%{{y:{written}}} in %{{x:,.3~g}} {unit}<extra></extra>",
            **look,
        )

    size = 8 if len(chosen) < 400 else 6
    is_stopped = columns.are(TrialState.STOPPED)[chosen]
    stopped = {"color": theme.stopped, "symbol": "circle-open", "size": size, "line": {"width": 1.6}}
    line = {"color": theme.mean, "width": 1.6, "shape": "hv"}
    traces = [
        points(chosen[~is_stopped], "trials", marker={"color": theme.finished, "size": size}, opacity=0.8),
        points(chosen[is_stopped], "stopped early", marker=stopped, opacity=0.85),
        points(
            front, "beaten by none in both", "lines+markers", line=line, marker={"color": theme.mean, "size": size + 1}
        ),
    ]
    best = columns.place_of(data.best) if data.best is not None else None
    if best is not None:
        marker = {"color": theme.accent, "size": 13, "symbol": "diamond"}
        traces.append(points(np.array([best]), f"best: trial {data.best}", marker=marker))
    return [trace for trace in traces if trace["x"]]


def resources(data: SweepData, theme: Theme = LIGHT, *, is_narrow: bool = False) -> Picture:
    """What was measured of each trial, one row of points for each resource; nothing for what was not measured.

    Where it is narrow, the words over a row stand on two lines.
    """
    uses = resources_summary(data.trials)
    layout = layout_of(theme, "trial" if uses else "", height=110 + (100 if is_narrow else 84) * max(2, len(uses)))
    layout["showlegend"] = False
    if not uses:
        return note(layout, "No resource was measured.", theme)
    layout["margin"] = {"l": 56, "r": 20, "t": 16, "b": 52}
    share = 1.0 / len(uses)
    above = 0.32 if is_narrow else 0.2
    traces, words, panels = [], [], []
    for row, use in enumerate(uses):
        suffix = str(row + 1) if row else ""
        top = 1.0 - row * share
        layout[f"yaxis{suffix}"] = {
            "domain": [top - share * (above + 0.48), top - share * above],
            "rangemode": "tozero",
            "nticks": 3,
        }
        traces.append(_amounts(data, use.name, f"y{suffix}", theme, most_amounts(len(uses))))
        words.append(_summary(use, top - share * (above - 0.02), theme, "<br>" if is_narrow else ": "))
        panels.append({"xaxis": "x", "yaxis": f"y{suffix}", "x": "trial", "y": f"resource:{use.name}"})
    layout["xaxis"] |= {"anchor": traces[-1]["yaxis"], **({"dtick": 1} if len(data.trials) < 8 else {})}
    layout["meta"] = {"x": "trial", "y": f"resource:{uses[0].name}", "panels": panels}
    return Picture(tuple(traces), {**layout, "annotations": words})


def most_amounts(rows: int) -> int:
    """Marks of each resource at most, of so many of them."""
    return MOST_MARKS // max(1, rows)


def _amounts(data: SweepData, name: str, axis: str, theme: Theme, most: int) -> Trace:
    found = np.array([trial.resources.get(name) for trial in data.trials], dtype=np.float64)
    is_known = np.isfinite(found)
    amounts, numbers = found[is_known], data.columns.numbers[is_known]
    window = ((float(numbers.min()), float(numbers.max())), (min(0.0, float(amounts.min())), float(amounts.max())))
    kept = thinned(numbers.astype(np.float64), amounts, -amounts, most, window).at
    return of_trials(
        numbers[kept].tolist(),
        x=numbers[kept].tolist(),
        y=brief(amounts[kept].tolist()),
        yaxis=axis,
        mode="markers",
        marker={"color": theme.finished, "size": 6 if len(kept) < 200 else 4},
        hovertemplate="<b>trial %{x}</b><br>%{y:,.3~g}<extra></extra>",
    )


def _summary(use: ResourceUse, y: float, theme: Theme, between: str) -> dict[str, Any]:
    amounts = f"median {number(use.median, 3)}, most {number(use.maximum, 3)}"
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": y,
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "text": f"{safe(resource_label(use.name), 30)}{between}{amounts}",
        "showarrow": False,
        "font": {"size": 12, "color": theme.muted},
    }

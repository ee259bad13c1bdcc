"""What trials cost: seconds against quality, and what they took of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from besom.analysis import ResourceUse, cost_quality, number, resource_label, resources_summary
from besom.plots.picture import Picture, Trace, scatter
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe


def cost_against_quality(data: SweepData, theme: Theme = LIGHT) -> Picture:
    """Each trial's seconds against its value; a line joins those that no other beats in both."""
    layout = layout_of(theme, "seconds of a trial", safe(data.metric))
    costs = cost_quality(data.trials, data.goal)
    if not costs.numbers:
        return note(layout, "No trial has a value yet.", theme)
    at = {trial: place for place, trial in enumerate(costs.numbers)}

    def points(trials: Sequence[int], name: str, mode: str = "markers", **look: Any) -> Trace:
        return scatter(
            x=[costs.seconds[at[trial]] for trial in trials],
            y=[costs.values[at[trial]] for trial in trials],
            mode=mode,
            name=name,
            customdata=list(trials),
            hovertemplate="<b>trial %{customdata}</b><br>%{y:.4~g} in %{x:.3~g} s<extra></extra>",
            **look,
        )

    line = {"color": theme.mean, "width": 1.6, "shape": "hv"}
    front = {"line": line, "marker": {"color": theme.mean, "size": 9}}
    traces = [
        points(costs.numbers, "trials", marker={"color": theme.finished, "size": 8}, opacity=0.7),
        points(costs.front, "beaten by none in both", mode="lines+markers", **front),
    ]
    best = data.progress.best
    if best is not None and best.number in at:
        marker = {"color": theme.accent, "size": 13, "symbol": "diamond"}
        traces.append(points([best.number], f"best: trial {best.number}", marker=marker))
    return Picture(tuple(traces), layout)


def resources(data: SweepData, theme: Theme = LIGHT) -> Picture:
    """What was measured of each trial, one row of points for each resource; nothing for what was not measured."""
    uses = resources_summary(data.trials)
    layout = layout_of(theme, "trial" if uses else "", height=110 + 84 * max(2, len(uses)))
    layout["showlegend"] = False
    if not uses:
        return note(layout, "No resource was measured.", theme)
    share = 1.0 / len(uses)
    traces, words = [], []
    for row, use in enumerate(uses):
        suffix = str(row + 1) if row else ""
        top = 1.0 - row * share
        layout[f"yaxis{suffix}"] = {
            "domain": [top - share * 0.62, top - share * 0.12],
            "rangemode": "tozero",
            "nticks": 3,
        }
        traces.append(_amounts(data, use.name, f"y{suffix}", theme))
        words.append(_summary(use, top - share * 0.1, theme))
    layout["xaxis"]["anchor"] = traces[-1]["yaxis"]
    return Picture(tuple(traces), {**layout, "annotations": words})


def _amounts(data: SweepData, name: str, axis: str, theme: Theme) -> Trace:
    known = [(trial.number, trial.resources[name]) for trial in data.trials if name in trial.resources]
    return scatter(
        x=[trial for trial, _ in known],
        y=[amount for _, amount in known],
        yaxis=axis,
        mode="markers",
        marker={"color": theme.finished, "size": 6},
        hovertemplate="<b>trial %{x}</b><br>%{y:.3~g}<extra></extra>",
    )


def _summary(use: ResourceUse, y: float, theme: Theme) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": y,
        "xanchor": "left",
        "yanchor": "bottom",
        "text": f"{safe(resource_label(use.name))}: median {number(use.median, 3)}, most {number(use.maximum, 3)}",
        "showarrow": False,
        "font": {"size": 12, "color": theme.muted},
    }

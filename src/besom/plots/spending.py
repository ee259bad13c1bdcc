"""What trials cost: seconds against quality, and what they took of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from besom.analysis import cost_quality, number, resource_label, resources_summary
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figure, note, safe

if TYPE_CHECKING:
    import plotly.graph_objects as go


def cost_against_quality(data: SweepData, theme: Theme = LIGHT) -> go.Figure:
    """Each trial's seconds against its value; a line joins those that no other beats in both."""
    picture = figure(theme, xaxis_title="seconds of a trial", yaxis_title=safe(data.metric))
    costs = cost_quality(data.trials, data.goal)
    if not costs.numbers:
        return note(picture, "No trial has a value yet.", theme)
    at = {trial: place for place, trial in enumerate(costs.numbers)}
    words = "<b>trial %{customdata}</b><br>%{y:.4~g} in %{x:.3~g} s<extra></extra>"
    picture.add_scatter(
        x=list(costs.seconds),
        y=list(costs.values),
        mode="markers",
        name="trials",
        marker={"color": theme.finished, "size": 8},
        opacity=0.7,
        customdata=list(costs.numbers),
        hovertemplate=words,
    )
    front = [at[trial] for trial in costs.front]
    picture.add_scatter(
        x=[costs.seconds[place] for place in front],
        y=[costs.values[place] for place in front],
        mode="lines+markers",
        name="beaten by none in both",
        line={"color": theme.mean, "width": 1.6, "shape": "hv"},
        marker={"color": theme.mean, "size": 9},
        customdata=list(costs.front),
        hovertemplate=words,
    )
    best = data.progress.best
    if best is not None and best.number in at:
        place = at[best.number]
        marker = {"color": theme.accent, "size": 13, "symbol": "diamond"}
        picture.add_scatter(
            x=[costs.seconds[place]],
            y=[costs.values[place]],
            mode="markers",
            name=f"best: trial {best.number}",
            marker=marker,
            customdata=[best.number],
            hovertemplate=words,
        )
    return picture


def resources(data: SweepData, theme: Theme = LIGHT) -> go.Figure:
    """What was measured of each trial, one row of points for each resource; nothing for what was not measured."""
    uses = resources_summary(data.trials)
    picture = figure(theme, height=110 + 84 * max(2, len(uses)), showlegend=False)
    if not uses:
        return note(picture, "No resource was measured.", theme)
    share = 1.0 / len(uses)
    for row, use in enumerate(uses):
        known = [(trial.number, trial.resources[use.name]) for trial in data.trials if use.name in trial.resources]
        suffix = str(row + 1) if row else ""
        top = 1.0 - row * share
        picture.add_scatter(
            x=[trial for trial, _ in known],
            y=[amount for _, amount in known],
            yaxis=f"y{suffix}",
            mode="markers",
            marker={"color": theme.finished, "size": 6},
            hovertemplate="<b>trial %{x}</b><br>%{y:.3~g}<extra></extra>",
        )
        axis = {"domain": [top - share * 0.62, top - share * 0.12], "rangemode": "tozero", "nticks": 3}
        picture.update_layout({f"yaxis{suffix}": axis})
        words = f"{safe(resource_label(use.name))}: median {number(use.median, 3)}, most {number(use.maximum, 3)}"
        picture.add_annotation(
            xref="paper",
            yref="paper",
            x=0,
            y=top - share * 0.1,
            xanchor="left",
            yanchor="bottom",
            text=words,
            showarrow=False,
            font={"size": 12, "color": theme.muted},
        )
    return picture.update_xaxes(title="trial", anchor=f"y{len(uses)}" if len(uses) > 1 else "y")

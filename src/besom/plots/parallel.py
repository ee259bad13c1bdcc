"""Parallel coordinates: a line for each trial through its parameters to its value.

Drawn from lines and not with plotly's own `parcoords`: that needs WebGL and code made at run time, which a page with a
strict content policy forbids; it neither prints well, nor knows logarithmic axes, nor says which trial a line is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from besom.analysis.columns import Ints
from besom.analysis.tables import parameter_table
from besom.plots.crossings import background
from besom.plots.parallelaxis import Axis, axis_of
from besom.plots.picture import Picture, Trace, brief, of_trials
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe
from besom.search.thinning import evenly

MOST_AXES = 12
MOST_LINES = 300
MOST_BEHIND = 10_000
_GROUPS = 5
_TOLD_BY = 600


def parallel_coordinates(data: SweepData, theme: Theme = LIGHT, *, is_narrow: bool = False) -> Picture:
    """A line for each trial with a value, through its varying parameters to the objective, whose best end is up.

    Better trials are stronger in colour and in front; the incumbent has the accent colour. The best 300 trials are
    lines, through at most 12 parameters, the most important where there are more; how many of the others go which way
    is told by bands behind them.
    """
    layout = layout_of(theme, height=420)
    ranked = data.columns.ranked
    names = shown_parameters(data).names
    if len(ranked) < 2 or not names:
        return note(layout, "Two trials with different parameters and a value are needed.", theme)
    shown = ranked[:MOST_LINES]
    drawn = np.concatenate([shown, evenly(ranked[MOST_LINES:], MOST_BEHIND)]) if len(ranked) > MOST_LINES else shown
    axes = _axes(data, names, drawn, 2 if is_narrow else 3)
    numbers = data.columns.numbers[shown].tolist()
    traces = background(axes, len(shown), theme)
    traces += [
        _lines(axes, [(row, numbers[row]) for row in members], color, opacity, 1.3)
        for color, opacity, members in _groups(len(shown), theme)
    ]
    traces.append(_lines(axes, [(0, numbers[0])], theme.accent, 1.0, 3.0))
    hidden = {"showgrid": False, "showline": False, "showticklabels": False, "ticks": "", "fixedrange": True}
    room = (320 if is_narrow else 1000) / len(axes)  # pixels from axis to axis
    layout |= {
        "xaxis": {"range": [-min(0.7, 56 / room), len(axes) - 1 + min(0.25, 10 / room)], **hidden},
        "yaxis": {"range": [-0.06, 1.04], **hidden},
        "shapes": [_upright(at, theme) for at in range(len(axes))],
        "annotations": [words for at, axis in enumerate(axes) for words in _words(at, axis, len(axes), room, theme)],
        "showlegend": False,
        "dragmode": False,
        "margin": {"l": 16, "r": 30, "t": 60, "b": 12},
        "meta": {"x": None, "y": None, "axes": [axis.meta(at) for at, axis in enumerate(axes)]},
    }
    return Picture(tuple(traces), layout)


@dataclass(frozen=True, slots=True)
class Shown:
    """The parameters that have an axis.

    Attributes:
        names: These, in the order of the file, or the most important first.
        varying: How many differ between the trials.
        same: The others, of which all trials have the same value.
        is_by_importance: Whether `names` are the most important of more.
    """

    names: tuple[str, ...]
    varying: int
    same: tuple[str, ...]
    is_by_importance: bool = False


def shown_parameters(data: SweepData) -> Shown:
    """The parameters that differ between trials with a value, told by some of these; of many, the most important."""
    trials = [data.trials[place] for place in evenly(data.columns.ranked, _TOLD_BY).tolist()]
    table = parameter_table(trials, [parameter.name for parameter in data.space.free] if data.space else None)
    varying = table.varying
    same = tuple(name for name in table.names if name not in varying) if data.space else ()
    if len(varying) <= MOST_AXES:
        return Shown(varying, len(varying), same)
    places = {share.names[0]: place for place, share in enumerate(data.insight.importance.parameters)}
    ordered = sorted(varying, key=lambda name: places.get(name, len(places)))
    return Shown(tuple(ordered[:MOST_AXES]), len(varying), same, is_by_importance=bool(places))


def _axes(data: SweepData, names: Sequence[str], drawn: Ints, digits: int) -> list[Axis]:
    parameters = {parameter.name: parameter for parameter in data.space.parameters} if data.space else {}
    places = drawn.tolist()
    axes = [
        axis_of(
            *(name, data.columns.parameter(name, places), parameters.get(name)),
            column=f"parameter:{name}",
            digits=digits,
        )
        for name in names
    ]
    values = data.columns.values[drawn].tolist()
    return [*axes, axis_of(data.metric, values, is_best_high=data.goal == "maximize", column="value")]


def _groups(count: int, theme: Theme) -> list[tuple[str, float, range]]:
    """Places in the ranking by colour, worst first: the best come on top."""
    colors = (theme.scale_best, theme.finished, theme.scale_middle, theme.scale_poor, theme.scale_worst)
    edges = [round(count * part / _GROUPS) for part in range(_GROUPS + 1)]
    groups = [(color, 0.85, range(edges[at], edges[at + 1])) for at, color in enumerate(colors)]
    return [group for group in reversed(groups) if len(group[2])]


def _upright(at: int, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.axis, "width": 1.2}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line, "layer": "below"}


def _words(at: int, axis: Axis, axes: int, room: float, theme: Theme) -> list[dict[str, Any]]:
    """The title over an axis, every second one higher, and the words beside its marks."""
    letters = max(7, min(24, int(2 * room / 7)))
    is_last = at == axes - 1
    title = safe(axis.name, letters) + (" (log)" if axis.is_log and letters > 12 else "")
    over = {
        "x": at,
        "y": 1,
        "yshift": 16 + (17 if (axes - 1 - at) % 2 else 0),
        "text": f"<b>{title}</b>" if is_last else title,
        "showarrow": False,
        "font": {"size": 12, "color": theme.ink},
        **({"xanchor": "right", "xshift": 28} if is_last else {}),
        **({"xanchor": "left", "xshift": -min(0.7 * room, 50)} if at == 0 else {}),
    }
    beside = [
        {
            "x": at,
            "y": position,
            "xanchor": "right",
            "xshift": -5,
            "text": safe(words, max(5, min(14, int(room / 7)))) if axis.has_words else safe(words),
            "showarrow": False,
            "font": {"size": 11, "color": theme.muted},
            "bgcolor": theme.paper,
            "opacity": 0.9,
            "borderpad": 1,
        }
        for position, words in axis.ticks
    ]
    return [over, *beside]


def _lines(axes: Sequence[Axis], rows: Sequence[tuple[int, int]], color: str, opacity: float, width: float) -> Trace:
    """The lines of these trials (place in the ranking, number) as one trace with gaps."""
    x: list[float | None] = []
    y: list[float | None] = []
    trials: list[int | None] = []
    for row, trial in rows:
        x += [*range(len(axes)), None]
        y += [*(round(float(axis.positions[row]), 4) for axis in axes), None]
        trials += [trial] * (len(axes) + 1)
    return of_trials(
        trials,
        x=x,
        y=brief(y),
        mode="lines+markers",
        opacity=opacity,
        line={"color": color, "width": width},
        marker={"color": color, "size": 4 if width < 2 else 7},
        hovertemplate="<b>trial %{customdata}</b><extra></extra>",
    )

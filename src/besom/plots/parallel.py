"""Parallel coordinates: a line for each trial through its parameters to its value.

Drawn from lines and not with plotly's own `parcoords`: that needs WebGL and code made at run time, which a page with a
strict content policy forbids; it neither prints well, nor knows logarithmic axes, nor says which trial a line is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besom.analysis import ABSENT, number, parameter_table, ranking
from besom.plots.picture import Picture, Trace, scatter
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe
from besom.space import Parameter

MOST_AXES = 12
MOST_LINES = 300
_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: where each trial crosses it.

    Attributes:
        name: The parameter, or the objective.
        positions: 0 (bottom) to 1 (top) for each trial; None where it does not have the parameter.
        ticks: Positions and words of the marks beside it.
        is_log: Whether equal distances are equal ratios.
    """

    name: str
    positions: tuple[float | None, ...]
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False


def axis_of(name: str, values: Sequence[Any], parameter: Parameter | None = None, *, is_best_high: bool = True) -> Axis:
    """An axis over these values: numbers on a linear or logarithmic scale, other values at equal distances in order.

    Args:
        name: What it shows.
        values: One for each trial, ABSENT allowed.
        parameter: Says whether the scale is logarithmic, and the order of categories; None to tell from the values.
        is_best_high: False turns the axis over.
    """
    levels = parameter.levels if parameter is not None else None
    numeric = all(_is_number(value) for value in values if value is not ABSENT)
    if not numeric or (levels is not None and len(levels) <= 6):
        return _ordinal_axis(name, values, levels)
    known = [float(value) for value in values if value is not ABSENT]
    is_log = parameter is not None and parameter.is_log and all(value > 0 for value in known)
    return _numeric_axis(
        name, [None if value is ABSENT else float(value) for value in values], is_log=is_log, is_best_high=is_best_high
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _ordinal_axis(name: str, values: Sequence[Any], levels: Sequence[Any] | None) -> Axis:
    present = [_text(value) for value in values if value is not ABSENT]
    order = list(dict.fromkeys([*(_text(level) for level in levels or ()), *present]))
    place = {text: (at + 0.5) / len(order) for at, text in enumerate(order)}
    positions = tuple(None if value is ABSENT else place[_text(value)] for value in values)
    step = math.ceil(len(order) / 12)
    return Axis(name, positions, tuple((place[text], text) for text in order[::step]))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return number(value) if _is_number(value) else json.dumps(value, default=str)


def _numeric_axis(name: str, values: Sequence[float | None], *, is_log: bool, is_best_high: bool) -> Axis:
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)

    def scaled(value: float) -> float:
        if high == low:
            return 0.5
        part = math.log(value / low) / math.log(high / low) if is_log else (value - low) / (high - low)
        return part if is_best_high else 1.0 - part

    marks = _decades(low, high) if is_log else [low + (high - low) * part / 4 for part in range(5)]
    ticks = tuple((scaled(mark), number(mark, 3)) for mark in dict.fromkeys(marks))
    return Axis(name, tuple(None if value is None else scaled(value) for value in values), ticks, is_log)


def _decades(low: float, high: float) -> list[float]:
    """Both ends, and the powers of ten between that are not too near to them."""
    span = math.log10(high / low)
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    inner = [10.0**power for power in powers[:: max(1, len(powers) // 5)]]
    inner = [mark for mark in inner if min(math.log10(mark / low), math.log10(high / mark)) > 0.08 * span]
    return [low, *inner, high]


def parallel_coordinates(data: SweepData, theme: Theme = LIGHT) -> Picture:
    """A line for each trial with a value, through its varying parameters to the objective, whose best end is up.

    Better trials are stronger in colour and in front; the incumbent has the accent colour. At most the best 300 trials
    and 12 parameters.
    """
    layout = layout_of(theme, height=420)
    trials = ranking(data.trials, data.goal)[:MOST_LINES]
    table = parameter_table(trials, [p.name for p in data.space.free] if data.space else None)
    names = table.varying[:MOST_AXES]
    if len(trials) < 2 or not names:
        return note(layout, "Two trials with different parameters and a value are needed.", theme)
    parameters = {parameter.name: parameter for parameter in data.space.parameters} if data.space else {}
    axes = [axis_of(name, table.column(name), parameters.get(name)) for name in names]
    axes.append(axis_of(data.metric, [trial.value for trial in trials], is_best_high=data.goal == "maximize"))
    traces = [
        _lines(axes, [(row, trials[row].number) for row in members], color, opacity, 1.3)
        for color, opacity, members in _groups(len(trials), theme)
    ]
    traces.append(_lines(axes, [(0, trials[0].number)], theme.accent, 1.0, 3.0))
    hidden = {"showgrid": False, "showline": False, "showticklabels": False, "ticks": "", "fixedrange": True}
    layout |= {
        "xaxis": {"range": [-0.35, len(axes) - 0.75], **hidden},
        "yaxis": {"range": [-0.08, 1.06], **hidden},
        "shapes": [_upright(at, theme) for at in range(len(axes))],
        "annotations": [words for at, axis in enumerate(axes) for words in _axis_words(at, axis, len(axes), theme)],
        "showlegend": False,
        "dragmode": False,
        "margin": {"l": 24, "r": 12, "t": 56, "b": 16},
    }
    return Picture(tuple(traces), layout)


def _groups(count: int, theme: Theme) -> list[tuple[str, float, range]]:
    """Places in the ranking by colour, worst first: the best come on top."""
    colors = (theme.scale_best, theme.finished, theme.scale_middle, theme.stopped, theme.scale_worst)
    edges = [round(count * part / _GROUPS) for part in range(_GROUPS + 1)]
    groups = [(color, 0.85, range(edges[at], edges[at + 1])) for at, color in enumerate(colors)]
    return [group for group in reversed(groups) if len(group[2])]


def _upright(at: int, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.axis, "width": 1.2}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line, "layer": "below"}


def _axis_words(at: int, axis: Axis, axes: int, theme: Theme) -> list[dict[str, Any]]:
    """The title over an axis, every second one higher, and the words beside its marks."""
    title = safe(axis.name, 22) + (" (log)" if axis.is_log else "")
    over = {
        "x": at,
        "y": 1,
        "yshift": 20 + (16 if at % 2 else 0),
        "text": f"<b>{title}</b>" if at == axes - 1 else title,
        "showarrow": False,
        "font": {"size": 12, "color": theme.ink},
    }
    beside = [
        {
            "x": at,
            "y": position,
            "xanchor": "right",
            "xshift": -5,
            "text": safe(words, 14),
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
    trials: list[int] = []
    for row, trial in rows:
        x += [*range(len(axes)), None]
        y += [*(axis.positions[row] for axis in axes), None]
        trials += [trial] * (len(axes) + 1)
    return scatter(
        x=x,
        y=y,
        mode="lines+markers",
        opacity=opacity,
        line={"color": color, "width": width},
        marker={"color": color, "size": 4 if width < 2 else 7},
        customdata=trials,
        hovertemplate="<b>trial %{customdata}</b><extra></extra>",
    )

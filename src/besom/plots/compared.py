"""Several sweeps on one axis: the incumbent of each."""

from __future__ import annotations

from collections.abc import Sequence

from besom.analysis.comparison import Comparison, Incumbency, compare, incumbency
from besom.analysis.wording import number
from besom.errors import require
from besom.plots.history import shown_range
from besom.plots.picture import Picture, brief, scatter
from besom.plots.spent import X_AXES, x_title
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figures, hold_margins, layout_of, note, safe, series

MOST_STEPS = 1000
_DASHES = ("solid", "dash", "dot", "dashdot")
_MOST_TIMES = 20
"""A sweep that went on for so many times as long as another leaves it a sliver, where the axis is not logarithmic."""


def compared(datas: Sequence[SweepData], x: str = "trials") -> Comparison:
    """The numbers behind the picture: sweeps that optimise what the first of them does."""
    return compare([_incumbency(each, x) for each in datas])


def _incumbency(data: SweepData, x: str) -> Incumbency:
    return incumbency(data.columns, data.sweep, data.metric, lambda: data.runs, x)


def comparison(datas: Sequence[SweepData], theme: Theme = LIGHT, x: str = "trials") -> Picture:
    """The incumbents of sweeps over what each had spent, a step line each, the best in front and in its colour.

    The axis is logarithmic where one sweep went on for many times as long as another. A line's `uid` is its sweep's id.

    Args:
        datas: The sweeps; those that optimise something else than the first are left out.
        theme: Colours.
        x: trials, epochs, hours or gpu_hours.

    Raises:
        UnknownName: There is no such axis.
    """
    require("x", x, X_AXES)
    layout = layout_of(theme, "", "")
    if not datas:
        return note(layout, "No sweep is named.", theme)
    found = compared(datas, x)
    if not found.lines:
        return note(layout, f"Nothing is known of {x_title(datas[0], x)} and {found.metric}.", theme)
    is_log = _is_log(found)
    layout = layout_of(theme, x_title(datas[0], x) + " (log)" * is_log, safe(found.metric), height=440)
    every = [value for line in found.lines for value in line.best]
    layout["yaxis"]["range"] = list(shown_range(every, found.goal))
    hold_margins(layout, *layout["yaxis"]["range"])
    layout["xaxis"] |= {"type": "log"} if is_log else {"rangemode": "tozero"}
    layout |= {"showlegend": True, "legend": {"traceorder": "reversed"}}  # the best first, though it is drawn last
    layout["meta"] = {"x": None, "y": None}
    colors = series(theme)
    written = figures(every)
    traces = []
    places = {id(line): place for place, line in enumerate(_by_request(found, datas))}
    for line in found.lines:
        is_best = line is found.lines[-1]
        place = places[id(line)]
        color = theme.accent if is_best else colors[place % len(colors)]
        dash = "solid" if is_best else _DASHES[place // len(colors) % len(_DASHES)]
        name = safe(line.sweep.name, 28)
        named = f"{name} ({safe(line.sweep.id, 12)}): {number(line.best[-1])}"
        steps = slice(-MOST_STEPS, None)
        traces.append(
            scatter(
                x=brief(line.spent[steps]),
                y=brief(line.best[steps]),
                mode="lines" if len(line.spent) > 2 else "lines+markers",
                name=named,
                uid=line.sweep.id,
                line={"color": color, "width": 2.8 if is_best else 1.8, "shape": "hv", "dash": dash},
                text=[f"trial {holder}" for holder in line.holders[steps]],
                hovertemplate=f"<b>{name}</b> %{{text}}<br>%{{y:{written}}} at %{{x:,.4~g}}<extra></extra>",
            )
        )
    return Picture(tuple(traces), layout)


def _is_log(found: Comparison) -> bool:
    """Whether the sweeps went on for very different times, all of which a logarithmic axis has."""
    ends = [line.spent[-1] for line in found.lines]
    return max(ends) > _MOST_TIMES * min(ends) and all(line.spent[0] > 0 for line in found.lines)


def _by_request(found: Comparison, datas: Sequence[SweepData]) -> list[Incumbency]:
    """The lines in the order in which sweeps were named: a colour stays its sweep's while it is overtaken."""
    order = {data.sweep.id: place for place, data in enumerate(datas)}
    return sorted(found.lines, key=lambda line: order[line.sweep.id])

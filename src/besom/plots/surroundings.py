"""Around the incumbent: what the surrogate expects over one parameter (slices) and over two (contours)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from besom.analysis.insight import Insight
from besom.analysis.slices import Contour, Slice, contour, most_telling
from besom.analysis.slices import slices as slices_of
from besom.analysis.wording import number
from besom.errors import require
from besom.plots.history import shown_range
from besom.plots.panels import part
from besom.plots.parameteraxis import axis_over, positions, text_of
from besom.plots.picture import Picture, Trace, brief, of_trials, scatter
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, figures, layout_of, note, safe
from besom.records import Trial, TrialState
from besom.search.thinning import evenly
from besom.space import Parameter

MOST_SLICES = 6
MOST_TRIALS = 500
BEST_MARKED = 100
_COLUMNS = 3
_ROW = 250


def slices(
    data: SweepData,
    theme: Theme = LIGHT,
    names: Sequence[str] | None = None,
    insight: Insight | None = None,
    *,
    is_narrow: bool = False,
) -> Picture:
    """The objective expected over each of the most important parameters, all others as in the incumbent.

    Args:
        data: The sweep.
        theme: Colours.
        names: Parameters, by their dotted names; those that explain most without them.
        insight: Of `insight_of`, where it is there already.
        is_narrow: One below the other.

    Raises:
        UnknownName: There is no such parameter.
    """
    require_parameters(data, names or ())
    layout = layout_of(theme, "", safe(data.metric), height=300)
    found = insight or data.insight
    if names is None:
        names = most_telling(found.importance, MOST_SLICES)
    if found.surrogate is None or not names:
        return note(layout, str(found.importance), theme)
    cuts = slices_of(found.surrogate, _marked(data), data.goal, names)
    if not cuts:
        return note(layout, f"The best trial does not have {' or '.join(names)}.", theme)
    across = 1 if is_narrow else 2 if len(cuts) in (2, 4) else min(len(cuts), _COLUMNS)
    rows = math.ceil(len(cuts) / across)
    ends = [value for cut in cuts for value in (*cut.mean, *cut.marks.values)]
    height = 96 + _ROW * rows
    layout |= {"height": height, "showlegend": True, "meta": _columns_of(cuts)}
    layout["yaxis"]["range"] = list(shown_range(ends, data.goal))
    traces: list[Trace] = []
    for at, cut in enumerate(cuts):
        suffix = str(at + 1) if at else ""
        row, column = divmod(at, across)
        layout[f"xaxis{suffix}"] = {
            **axis_over(cut.parameter, cut.at),
            "domain": part(column, across, 0.04),
            "anchor": f"y{suffix}",
        }
        layout[f"yaxis{suffix}"] = {
            **layout.get(f"yaxis{suffix}", {}),
            "domain": part(rows - 1 - row, rows, 62 / (height - 96)),
            "anchor": f"x{suffix}",
            **({"matches": "y", "showticklabels": column == 0} if at else {}),
            **({"title": {"text": safe(data.metric)}} if column == 0 else {}),
        }
        axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "showlegend": at == 0}
        traces += [axes | trace for trace in _cut(cut, data, theme)]
    return Picture(tuple(traces), layout)


def require_parameters(data: SweepData, names: Iterable[str]) -> None:
    """Refuse names of which the search chooses no values. Raises UnknownName."""
    for name in names:
        require("parameter", name, [parameter.name for parameter in data.space.free] if data.space else ())


def _columns_of(cuts: Sequence[Slice]) -> dict[str, Any]:
    """The columns of trials that the axes show: those of the first slice, and those of each in `panels`."""
    columns = [f"parameter:{cut.parameter.name}" for cut in cuts]
    ends = ["", *map(str, range(2, len(cuts) + 1))]
    found = [
        {"xaxis": f"x{end}", "yaxis": f"y{end}", "x": column, "y": "value"}
        for end, column in zip(ends, columns, strict=False)
    ]
    return {"x": columns[0] if columns else None, "y": "value", "panels": found}


def _marked(data: SweepData) -> tuple[Trial, ...]:
    """The trials that are marked: all with a value, or the best and others spread over the rest."""
    ranked = data.columns.ranked
    if len(ranked) > MOST_TRIALS:
        ranked = np.concatenate([ranked[:BEST_MARKED], evenly(ranked[BEST_MARKED:], MOST_TRIALS - BEST_MARKED)])
    return tuple(data.trials[place] for place in sorted(ranked.tolist()))


def _cut(cut: Slice, data: SweepData, theme: Theme) -> list[Trace]:
    """One slice: the band, the trials, the mean and the incumbent."""
    at = positions(cut.parameter, cut.at, cut.at)
    words = [text_of(value) for value in cut.at]
    hover = {"text": words, "hovertemplate": f"%{{text}}<br>expected %{{y:{figures(cut.mean)}}}<extra></extra>"}
    line = {"color": theme.mean, "width": 2.4}
    if cut.parameter.is_ordinal:
        band = scatter(
            x=[*at, *at[::-1]], y=[*cut.high, *cut.low[::-1]], mode="none", fill="toself", fillcolor=theme.scale_worst,
            name="95 % band", hoverinfo="skip", opacity=0.75, legendgroup="band",
        )  # fmt: skip
        mean = scatter(x=at, y=list(cut.mean), mode="lines", line=line, **hover)
        middle = [band, mean]
    else:
        above = [high - mean for high, mean in zip(cut.high, cut.mean, strict=True)]
        below = [mean - low for low, mean in zip(cut.low, cut.mean, strict=True)]
        error = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        error |= {"color": theme.scale_middle, "thickness": 7, "width": 0}
        marker = {"color": theme.mean, "size": 16, "symbol": "line-ew", "line": {"color": theme.mean, "width": 3}}
        middle = [scatter(x=at, y=list(cut.mean), mode="markers", marker=marker, error_y=error, **hover)]
    middle[-1] |= {"name": "expected", "legendgroup": "expected"}
    return [
        *middle[:-1],
        *_points(cut, data, theme, is_best=False),
        middle[-1],
        *_points(cut, data, theme, is_best=True),
    ]


def _points(cut: Slice, data: SweepData, theme: Theme, *, is_best: bool) -> list[Trace]:
    """The trials of a slice: the best one, or all others, with those that were stopped early apart."""
    marks = cut.marks
    x = positions(cut.parameter, cut.at, marks.at[0])
    best = data.progress.best.number if data.progress.best else None
    is_finished = data.columns.are(TrialState.FINISHED)
    looks = {
        "best": {"color": theme.accent, "size": 11, "symbol": "diamond"},
        "trials": {"color": theme.finished, "size": 6},
        "stopped early": {"color": theme.stopped, "size": 6, "symbol": "circle-open", "line": {"width": 1.4}},
    }
    kinds: dict[str, list[int]] = {"best": []} if is_best else {"stopped early": [], "trials": []}
    for i, trial in enumerate(marks.numbers):
        place = data.columns.place_of(trial)
        is_whole = place is not None and bool(is_finished[place])
        kind = "best" if trial == best else "trials" if is_whole else "stopped early"
        kinds.get(kind, []).append(i)
    return [
        of_trials(
            [marks.numbers[i] for i in chosen],
            x=[x[i] for i in chosen],
            y=[marks.values[i] for i in chosen],
            mode="markers",
            name=kind,
            legendgroup=kind,
            marker=looks[kind],
            opacity={"trials": 0.75, "stopped early": 0.85}.get(kind, 1.0),
            text=[text_of(marks.at[0][i]) for i in chosen],
            hovertemplate=f"<b>trial %{{customdata}}</b><br>%{{text}}<br>%{{y:{figures(marks.values)}}}<extra></extra>",
        )
        for kind, chosen in kinds.items()
        if chosen
    ]


def contours(
    data: SweepData, theme: Theme = LIGHT, names: tuple[str, str] | None = None, insight: Insight | None = None
) -> Picture:
    """The objective expected over two parameters, all others as in the incumbent, and the trials.

    Args:
        data: The sweep.
        theme: Colours.
        names: Two parameters; without them the pair that explains most together, or the two that explain most.
        insight: Of `insight_of`, where it is there already.

    Raises:
        UnknownName: There is no such parameter.
    """
    require_parameters(data, names or ())
    layout = layout_of(theme, "", safe(data.metric), height=460)
    found = insight or data.insight
    names = names or two_of(found)
    if found.surrogate is None or names is None:
        why = str(found.importance) if found.importance.why else "Two parameters that matter are needed."
        return note(layout, why, theme)
    area = contour(found.surrogate, _marked(data), data.goal, *names)
    if area is None:
        return note(layout, "The best trial does not have both parameters.", theme)
    layout["xaxis"] = axis_over(area.x, area.x_at)
    layout["yaxis"] = axis_over(area.y, area.y_at)
    layout |= {"showlegend": True, "meta": {"x": f"parameter:{area.x.name}", "y": f"parameter:{area.y.name}"}}
    best = data.best
    traces = [_area(area, data, theme)]
    marks, line = area.marks, {"color": theme.paper, "width": 1.4}
    others = [i for i, trial in enumerate(marks.numbers) if trial != best]
    incumbent = [i for i, trial in enumerate(marks.numbers) if trial == best]
    traces.append(_places(area, others, "trials", {"color": theme.ink, "size": 7, "line": line}))
    traces.append(
        _places(area, incumbent, "best", {"color": theme.accent, "size": 14, "symbol": "diamond", "line": line})
    )
    return Picture(tuple(traces), layout)


def two_of(insight: Insight) -> tuple[str, str] | None:
    """The two parameters whose contour tells most: the first pair, else the first two; None with fewer."""
    if insight.surrogate is None:
        return None
    telling = most_telling(insight.importance, 2)
    pairs = [pair for pair in insight.importance.pairs if pair.share > pair.error]
    if pairs:
        return pairs[0].names[0], pairs[0].names[1]
    return (telling[0], telling[1]) if len(telling) == 2 else None


def _area(area: Contour, data: SweepData, theme: Theme) -> Trace:
    colors = [theme.scale_worst, theme.scale_middle, theme.scale_best]
    if data.goal != "maximize":
        colors.reverse()
    is_smooth = area.x.is_ordinal and area.y.is_ordinal
    look = {"contours": {"coloring": "heatmap"}, "line": {"color": theme.paper, "width": 0.8}, "ncontours": 12}
    bar = {"thickness": 10, "len": 0.9, "outlinewidth": 0, "tickfont": {"color": theme.muted, "size": 11}}
    return {
        "type": "contour" if is_smooth else "heatmap",
        "x": positions(area.x, area.x_at, area.x_at),
        "y": positions(area.y, area.y_at, area.y_at),
        "z": [brief(row) for row in area.mean],
        "colorscale": [[at / 2, color] for at, color in enumerate(colors)],
        "colorbar": {**bar, "title": {"text": safe(data.metric, 24), "font": {"color": theme.muted, "size": 12}}},
        **_hover(area, is_smooth=is_smooth),
        **(look if is_smooth else {}),
    }


def _hover(area: Contour, *, is_smooth: bool) -> dict[str, Any]:
    """What is said where the pointer rests: both parameters, and what is expected."""
    expected = f"expected %{{z:{figures(mean for row in area.mean for mean in row)}}}<extra></extra>"
    if is_smooth:
        x, y = safe(area.x.name, 24), safe(area.y.name, 24)
        return {"hovertemplate": f"{x} %{{x:,.4~g}}<br>{y} %{{y:,.4~g}}<br>{expected}"}
    text = [[f"{_said(area.x, x)}<br>{_said(area.y, y)}" for x in area.x_at] for y in area.y_at]
    return {"text": text, "hovertemplate": f"%{{text}}<br>{expected}"}


def _said(parameter: Parameter, value: Any) -> str:
    return f"{safe(parameter.name, 24)} {text_of(value)}"


def _places(area: Contour, chosen: list[int], name: str, marker: dict[str, Any]) -> Trace:
    marks = area.marks
    x, y = positions(area.x, area.x_at, marks.at[0]), positions(area.y, area.y_at, marks.at[1])
    return of_trials(
        [marks.numbers[i] for i in chosen],
        x=[x[i] for i in chosen],
        y=[y[i] for i in chosen],
        mode="markers",
        name=name,
        marker=marker,
        text=[
            f"{_said(area.x, marks.at[0][i])}<br>{_said(area.y, marks.at[1][i])}<br>{number(marks.values[i])}"
            for i in chosen
        ],
        hovertemplate="<b>trial %{customdata}</b><br>%{text}<extra></extra>",
    )

"""How besom's pictures look: one quiet, colour-blind safe design, light and dark, with one accent for the incumbent."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from besom.plots.picture import Picture

FONT = "Inter, ui-sans-serif, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
TICKS = ",.7~g"
"""How plotly writes numbers beside axes: each with its own exponent where it has one."""
_LONGEST = 48
_MOST_LETTERS = 9  # of a mark beside an axis: longer numbers are written with exponents


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`; no colour stands for two things, so that one theme can be exchanged for another by value.

    Blue and orange stay apart under every common colour blindness; states differ in their marks as well. Marks and
    lines stand out from the paper by 3 to 1 or more, also where they are as faint as pictures make them.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    axis: str
    accent: str
    """The incumbent, and nothing else."""
    finished: str
    stopped: str
    failed: str
    running: str
    paused: str
    lost: str
    mean: str
    scale_worst: str
    scale_poor: str
    scale_middle: str
    scale_best: str
    hover: str


LIGHT = Theme(
    paper="#ffffff",
    ink="#1c2430",
    muted="#667080",
    grid="#edf0f4",
    axis="#cfd6df",
    accent="#d9540b",
    finished="#3f6fb5",
    stopped="#6d7786",
    failed="#a8326e",
    running="#12897b",
    paused="#7a6dc9",
    lost="#9b7c3a",
    mean="#2f5c9e",
    scale_worst="#d5dce6",
    scale_poor="#a3adbb",
    scale_middle="#7fa3d4",
    scale_best="#1d4f99",
    hover="#fefefe",
)

DARK = Theme(
    paper="#151a21",
    ink="#e7ebf0",
    muted="#98a3b2",
    grid="#232a34",
    axis="#3a4452",
    accent="#ff9245",
    finished="#7aa7e8",
    stopped="#828d9d",
    failed="#e27bb0",
    running="#46c2b0",
    paused="#a99ff0",
    lost="#c9ad72",
    mean="#93b9f0",
    scale_worst="#343e4b",
    scale_poor="#626d7c",
    scale_middle="#4f78b0",
    scale_best="#a9cbff",
    hover="#1f2630",
)


def exchange(light: Theme = LIGHT, dark: Theme = DARK) -> dict[str, str]:
    """The colour of `dark` for each colour of `light`, for a page that changes its theme while it is looked at."""
    return {getattr(light, field.name): getattr(dark, field.name) for field in fields(Theme)}


def series(theme: Theme) -> tuple[str, ...]:
    """Colours for things of one kind, told apart as well as can be without the incumbent's."""
    return (theme.finished, theme.running, theme.failed, theme.paused, theme.lost, theme.muted)


def figures(values: Iterable[float]) -> str:
    """How plotly writes these values where the pointer rests: as `wording.number` does, as nearly as it can."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return ",.7~g" if largest >= 1e5 else ",.5~g"


def safe(text: object, longest: int = _LONGEST) -> str:
    """Text that plotly shows letter by letter: no tags, no template fields, no TeX, on one line.

    Plotly reads a few tags in labels, `%{...}` in hover texts and `$...$` where MathJax is loaded; character references
    are resolved after all of these, so letters that could begin one are written as such. Quotes stay: plotly does not
    know `&quot;`, and they mean nothing where no tag is.
    """
    line = " ".join(str(text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return html.escape(line, quote=False).replace("$", "&#36;").replace("%", "&#37;")


def layout_of(theme: Theme, x: str = "", y: str = "", height: int = 380) -> dict[str, Any]:
    """The layout of a picture in the theme, with the titles `x` and `y` under and beside its axes."""
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.axis,
        "tickcolor": theme.axis,
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "tickfont": {"color": theme.muted, "size": 12},
        "title": {"font": {"color": theme.muted, "size": 12}, "standoff": 12},
        "automargin": True,
        "tickformat": TICKS,
    }
    look = {
        "font": {"family": FONT, "size": 13, "color": theme.ink},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "colorway": [theme.finished, theme.accent, theme.stopped, theme.failed, theme.mean],
        "margin": {"l": 56, "r": 20, "t": 44, "b": 52},
        "xaxis": {**axis, "showgrid": False, "showline": True},
        "yaxis": {**axis, "ticks": "", "showline": False},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"color": theme.muted, "size": 12},
            "itemsizing": "constant",
        },
        "hoverlabel": {
            "bgcolor": theme.hover,
            "bordercolor": theme.axis,
            "align": "left",
            "font": {"family": FONT, "size": 12, "color": theme.ink},
        },
        "hovermode": "closest",
        "dragmode": "zoom",
    }
    return {
        "template": {"layout": look},
        "height": height,
        "xaxis": {"title": {"text": x}} if x else {},
        "yaxis": {"title": {"text": y}} if y else {},
    }


def hold_margins(layout: dict[str, Any], low: float, high: float) -> None:
    """Give the y axis a margin that is wide enough for marks from `low` to `high`.

    Left to find its margins itself, plotly draws the whole picture a second time.
    """
    step = (high - low) / 6
    decimals = max(0, -math.floor(math.log10(step))) if 0 < step < math.inf else 2
    letters = max(len(f"{end:.{decimals}f}") for end in (low, high))
    layout["margin"] = {"l": 42 + 7 * min(max(letters, 3), _MOST_LETTERS), "r": 20, "t": 44, "b": 52}
    for axis in ("xaxis", "yaxis"):
        layout[axis]["automargin"] = False


def note(layout: dict[str, Any], text: str, theme: Theme) -> Picture:
    """A picture of words in the middle of `layout`, for when there is nothing to draw."""
    words = {
        "text": "<br>".join(safe(line, 200) for line in textwrap.wrap(text, 44, max_lines=6, placeholder=" …")),
        "font": {"color": theme.muted, "size": 14},
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
    }
    axes = {axis: {**layout[axis], "visible": False} for axis in ("xaxis", "yaxis")}
    return Picture((), {**layout, **axes, "annotations": [words]}, text)

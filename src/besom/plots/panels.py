"""Small multiples: many small pictures of one size, each under its own title."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besom.plots.picture import Picture, Trace
from besom.plots.theme import Theme, layout_of, safe

_ROW = 190
_TOP, _BOTTOM = 34, 52
_LETTERS = {1: 44, 2: 44, 3: 28}
"""Of a title over one of so many panels side by side: more would run into the next one's."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the small pictures; its title is any text. `words` stand where there is nothing to draw."""

    title: str
    traces: tuple[Trace, ...]
    is_log: bool = False
    starts_at_zero: bool = False
    words: str = ""


def panels(parts: Sequence[Panel], theme: Theme, x_title: str, *, is_narrow: bool = False) -> Picture:
    """The panels in two columns (one where it is narrow, or where there is one), all over one x axis."""
    across = 1 if is_narrow or len(parts) == 1 else 2 if len(parts) in (2, 4) else 3
    rows = math.ceil(len(parts) / across)
    height = _ROW * rows + _TOP + _BOTTOM if len(parts) > 1 else 320
    layout = layout_of(theme, height=height)
    layout |= {"showlegend": False, "margin": {"l": 48, "r": 16, "t": _TOP, "b": _BOTTOM}}
    is_empty = all(panel.words for panel in parts)
    axes: list[dict[str, Any]] = []
    traces: list[Trace] = []
    words = []
    for at, panel in enumerate(parts):
        suffix = str(at + 1) if at else ""
        row, column = divmod(at, across)
        across_part = part(column, across, 0.07)
        up_part = part(rows - 1 - row, rows, 58 / (height - _TOP - _BOTTOM))
        is_lowest = at + across >= len(parts)
        layout[f"xaxis{suffix}"] = {
            "domain": across_part,
            "anchor": f"y{suffix}",
            "nticks": 5,
            **({"matches": "x"} if at else {}),
            **({"title": {"text": x_title, "standoff": 6}} if is_lowest else {}),
            **({"showticklabels": False} if is_empty else {}),
        }
        layout[f"yaxis{suffix}"] = {
            "domain": up_part,
            "anchor": f"x{suffix}",
            "nticks": 5,
            **({"type": "log", "dtick": 1} if panel.is_log else {}),
            **({"rangemode": "tozero"} if panel.starts_at_zero else {}),
            **({"showticklabels": False, "showgrid": False} if panel.words else {}),
        }
        if panel.words:
            words.append(_instead(panel.words, across_part, up_part, theme))
        words.append(_title(_text(panel, _LETTERS[across]), across_part[0], up_part[1], theme))
        axes.append({"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "x": None, "y": None})
        traces += [trace | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in panel.traces]
    return Picture(tuple(traces), {**layout, "annotations": words, "meta": {"x": None, "y": None, "panels": axes}})


def part(at: int, of: int, gap: float) -> list[float]:
    """The stretch of the picture that one of several axes side by side has."""
    size = (1.0 - gap * (of - 1)) / of
    return [at * (size + gap), at * (size + gap) + size]


def _text(panel: Panel, letters: int) -> str:
    """The panel's title as it is shown, cut to so many letters."""
    end = " (log)" if panel.is_log else ""
    return safe(panel.title.strip() or '""', letters - len(end)) + end


def _instead(words: str, across: list[float], up: list[float], theme: Theme) -> dict[str, Any]:
    """The words in the middle of an empty panel."""
    place = {"xref": "paper", "yref": "paper", "x": sum(across) / 2, "y": sum(up) / 2, "xanchor": "center"}
    return {**place, "text": safe(words), "showarrow": False, "font": {"size": 12, "color": theme.muted}}


def _title(text: str, x: float, y: float, theme: Theme) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": "left", "yanchor": "bottom", "yshift": 4}
    return {**place, "text": text, "showarrow": False, "font": {"size": 12, "color": theme.ink}}

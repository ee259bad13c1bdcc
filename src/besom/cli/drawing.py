"""Pieces of a picture in a terminal: bars, sparklines, lines that fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters that a terminal can show."""

    full: str = "━"
    half: str = "╸"
    empty: str = "─"
    spark: str = "▁▂▃▄▅▆▇█"
    dot: str = "·"
    dots: str = "…"


UNICODE = Glyphs()
ASCII = Glyphs(full="#", half="", empty="-", spark="_.-~^", dot="-", dots="...")


def bar(fraction: float, width: int, style: str, glyphs: Glyphs = UNICODE) -> Text:
    """A progress bar of exactly `width` columns; `fraction` outside 0..1 counts as the nearer end."""
    share = min(max(fraction, 0.0), 1.0) * width
    full = int(share)
    half = glyphs.half if share - full >= 0.5 else ""
    empty = width - full - len(half)
    return Text.assemble((glyphs.full * full + half, style), (glyphs.empty * empty, "bright_black"))


def sparkline(values: Sequence[float], width: int, glyphs: Glyphs = UNICODE) -> str:
    """`values` as at most `width` characters between their own minimum and maximum; a gap where one is not finite."""
    count = min(len(values), width)
    picked = [values[(i + 1) * len(values) // count - 1] for i in range(count)]
    finite = [value for value in picked if math.isfinite(value)]
    if not finite:
        return " " * count
    low, span = min(finite), max(finite) - min(finite)
    top = len(glyphs.spark) - 1
    levels = ((value - low) / span * top if span else top / 2 for value in picked)
    return "".join(glyphs.spark[round(level)] if math.isfinite(level) else " " for level in levels)


def spread(left: Text, right: Text, width: int, glyphs: Glyphs) -> Text:
    """`left` and, at the right margin, `right`; where both do not fit, `left` is cut, or stands alone if short."""
    if not right.plain:
        return left
    room = width - right.cell_len - 2
    if room < min(left.cell_len, 12):
        return left
    crop(left, room, glyphs)
    return left.append(" " * (width - left.cell_len - right.cell_len)).append_text(right)


def crop(line: Text, width: int, glyphs: Glyphs) -> None:
    """Cut `line` to `width` columns, marked by dots."""
    if line.cell_len > width:
        line.truncate(max(0, width - len(glyphs.dots)))
        line.append(glyphs.dots[:width], "dim")

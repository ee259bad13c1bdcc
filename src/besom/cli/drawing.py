"""Pieces of a picture in a terminal: bars, sparklines, curves, lines that fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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
    tick: str = "┤"
    upright: str = "│"
    corner: str = "└"
    line: str = ""
    point: str = ""
    """What a curve and a point beside it are drawn with; braille, eight dots a character, where empty."""


UNICODE = Glyphs()
ASCII = Glyphs(
    full="#",
    half="",
    empty="-",
    spark="_.-~^",
    dot="-",
    dots="...",
    tick="+",
    upright="|",
    corner="+",
    line="*",
    point=".",
)
_BRAILLE = 0x2800
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Of each dot in a character of braille: by column, then by row from the top."""


class Canvas:
    """Dots on `width` columns and `height` lines of text: a line, and points, which are hidden where the line is."""

    def __init__(self, width: int, height: int, glyphs: Glyphs) -> None:
        self.width, self.height = width, height
        self._glyphs = glyphs
        self._dots_in_column, self.dots_in_row = (1, 1) if glyphs.line else (2, 4)
        self._line = [[0] * width for _ in range(height)]
        self._points = [[0] * width for _ in range(height)]

    @property
    def dots_wide(self) -> int:
        return self.width * self._dots_in_column

    @property
    def dots_high(self) -> int:
        return self.height * self.dots_in_row

    def point(self, column: int, row: int) -> None:
        """A dot of its own."""
        self._set(self._points, column, row)

    def upright(self, column: int, first: int, last: int) -> None:
        """A piece of the line from row `first` to row `last`."""
        for row in range(min(first, last), max(first, last) + 1):
            self._set(self._line, column, row)

    def _set(self, layer: list[list[int]], column: int, row: int) -> None:
        bit = _BITS[column % self._dots_in_column][row % self.dots_in_row]
        layer[row // self.dots_in_row][column // self._dots_in_column] |= bit

    def rows(self, line: str, point: str) -> list[Text]:
        """The lines of text, in these styles."""
        drawn = []
        for lines, points in zip(self._line, self._points, strict=True):
            cells = [self._cell(a, b, line, point) for a, b in zip(lines, points, strict=True)]
            stretches = groupby(cells, key=lambda cell: cell[1])
            drawn.append(Text.assemble(*(("".join(cell for cell, _ in alike), style) for style, alike in stretches)))
        return drawn

    def _cell(self, lines: int, points: int, line: str, point: str) -> tuple[str, str]:
        if not lines and not points:
            return " ", ""
        if self._glyphs.line:
            return (self._glyphs.line, line) if lines else (self._glyphs.point, point)
        return (chr(_BRAILLE | lines), line) if lines else (chr(_BRAILLE | points), point)


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

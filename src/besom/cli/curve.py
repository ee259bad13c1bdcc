"""The incumbent over trials as a curve in a terminal, each trial's value as a point beside it. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich.text import Text

from besom.analysis.values import Incumbents
from besom.analysis.wording import counted, number
from besom.cli.drawing import UNICODE, Canvas, Glyphs, crop

LEAST_LINES = 5
_LINE, _POINT = "bold green", "bright_black"
_INDENT = "  "
_Row = Callable[[float], int | None]
"""The dots' row of a value, from the top; None where it lies outside."""


def has_curve(trace: Incumbents) -> bool:
    """Whether there is anything to draw: one value is a number, two are a curve."""
    return sum(value is not None for value in trace.values) > 1


def curve(trace: Incumbents, goal: str, width: int, height: int, glyphs: Glyphs = UNICODE) -> list[Text]:
    """The best value so far over the trials in the order in which they ended, on `height` lines, the last an axis.

    The best value is written beside its line, and opposite to it the worst that is shown: the worst tenth lies outside
    where it would squeeze the rest into a half, which is of few lines.
    """
    values = [value for value in trace.values if value is not None]
    worst, best = _ends(values, goal)
    labels = [number(best), number(worst)]
    margin = max(map(len, labels))
    canvas = Canvas(max(1, width - len(_INDENT) - margin - 2), max(1, height - 1), glyphs)
    low, high = min(worst, best), max(worst, best)  # halved below: the largest numbers have no distance

    def row_of(value: float) -> int | None:
        if not low <= value <= high:
            return None
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        return round((1 - share) * (canvas.dots_high - 1))

    _draw_points(canvas, trace, row_of)
    _draw_line(canvas, trace, row_of)
    best_row = (row_of(best) or 0) // canvas.dots_in_row
    lines = []
    for at, drawn in enumerate(canvas.rows(_LINE, _POINT)):
        label, style = ("", "")
        if at == best_row:
            label, style = labels[0], _LINE
        elif high > low and at == (canvas.height - 1 if goal == "maximize" else 0):
            label, style = labels[1], "dim"
        edge = glyphs.tick if label else glyphs.upright
        line = Text.assemble(_INDENT, (f"{label:>{margin}}", style), " ", (edge, _POINT))
        lines.append(line.append_text(drawn))
    told = f" {counted(len(trace.values), 'trial')} ended"
    if outside := sum(row_of(value) is None for value in values):
        told += f", {outside} not shown"
    axis = glyphs.corner + glyphs.empty * max(0, canvas.width - len(told))
    lines.append(Text.assemble(_INDENT, " " * (margin + 1), (axis, _POINT), (told, "dim")))
    for line in lines:
        crop(line, width, glyphs)
    return lines


def _ends(values: Sequence[float], goal: str) -> tuple[float, float]:
    """The worst value that is shown, and the best."""
    inward = sorted(values, reverse=goal != "maximize")  # from the worst to the best
    worst, best = inward[0], inward[-1]
    tenth = inward[max(1, len(inward) // 10)] if len(inward) > 3 else worst
    return (tenth if abs(best / 2 - tenth / 2) < abs(best / 2 - worst / 2) / 2 else worst), best


def _draw_points(canvas: Canvas, trace: Incumbents, row_of: _Row) -> None:
    count = len(trace.values)
    for at, value in enumerate(trace.values):
        row = row_of(value) if value is not None else None
        if row is not None:
            canvas.point(int((at + 0.5) / count * canvas.dots_wide), row)


def _draw_line(canvas: Canvas, trace: Incumbents, row_of: _Row) -> None:
    """A stair: each best value holds until the next is known. What lies outside is left out."""
    count = len(trace.best)
    before: int | None = None
    for column in range(canvas.dots_wide):
        best = trace.best[min(count - 1, math.floor(column / canvas.dots_wide * count))]
        row = row_of(best) if best is not None else None
        if row is not None:
            canvas.upright(column, row, row if before is None else before)
        before = row

"""Tables as lines of text: columns as wide as their widest cell, and no wider than the terminal. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from besom.escapes import harmless

_GAP = "  "


def columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), width: int | None = None
) -> list[str]:
    """The header and the rows, aligned; columns named in `right` at their right margin.

    Args:
        header: Titles, one a column.
        rows: Cells, as many as titles.
        right: Indices of the columns that hold numbers.
        width: Cut lines to so many characters, marked by dots; None leaves them whole.
    """
    table = [[" ".join(harmless(cell).split("\n")) for cell in row] for row in [header, *rows]]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = (
            cell.rjust(size) if i in right else cell.ljust(size)
            for i, (cell, size) in enumerate(zip(row, sizes, strict=True))
        )
        line = _GAP.join(cells).rstrip()
        lines.append(line if width is None or len(line) <= width else f"{line[: width - 1]}…")
    return lines


def width_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width that the table wants."""
    return sum(max(map(len, column)) for column in zip(header, *rows, strict=True)) + len(_GAP) * (len(header) - 1)

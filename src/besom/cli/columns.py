"""Tables as lines of text: columns as wide as their widest cell, and no wider than the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from besom.escapes import harmless

_GAP = "  "
_LEAST = 8
"""Characters to which a column gives way before it is left out."""


def columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    width: int | None = None,
    yielding: Sequence[int] = (),
) -> list[str]:
    """The header and the rows, aligned; columns named in `right` at their right margin.

    Args:
        header: Titles, one a column.
        rows: Cells, as many as titles.
        right: Indices of the columns that hold numbers.
        width: Cut lines to so many characters, marked by dots; None leaves them whole.
        yielding: Indices of columns that make room where `width` is too small, the first of them first: their cells are
            cut, and where that is not enough they are left out, the last of them first. The others stay whole.
    """
    table = [[" ".join(harmless(cell).split("\n")) for cell in row] for row in [header, *rows]]
    sizes = dict(enumerate(max(map(cell_len, column)) for column in zip(*table, strict=True)))
    if width is not None:
        sizes = _within(sizes, width, yielding)
    lines = []
    for row in table:
        line = _GAP.join(_fitted(row[i], size, is_right=i in right) for i, size in sizes.items()).rstrip()
        lines.append(line if width is None else _cut(line, width))
    return lines


def width_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width that the table wants."""
    return _sum(max(map(cell_len, column)) for column in zip(header, *rows, strict=True))


def _sum(sizes: Iterable[int]) -> int:
    return sum(size + len(_GAP) for size in sizes) - len(_GAP)


def _within(sizes: dict[int, int], width: int, yielding: Sequence[int]) -> dict[int, int]:
    """Sizes of columns, by their indices, that fit the width as far as `yielding` can make them."""
    fitted = dict(sizes)
    for i in yielding:
        over = max(0, _sum(fitted.values()) - width)
        fitted[i] = max(min(sizes[i], _LEAST), sizes[i] - over)
    if not yielding or _sum(fitted.values()) <= width:
        return fitted
    *fewer, last = yielding
    return _within({i: size for i, size in sizes.items() if i != last}, width, fewer)


def _fitted(cell: str, size: int, *, is_right: bool) -> str:
    cell = _cut(cell, size)
    space = " " * (size - cell_len(cell))
    return space + cell if is_right else cell + space


def _cut(text: str, size: int) -> str:
    """The text in at most `size` columns of the terminal; wide letters take two."""
    return text if cell_len(text) <= size else f"{set_cell_size(text, size - 1).rstrip()}…"

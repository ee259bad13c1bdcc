"""History rows as columns: a chunk is a stretch of one metric, as bytes.

Numbers are float64, little-endian. An integer that float64 cannot hold exactly goes into the column rounded, and as it
is among the others. Chunks are raw when appended and packed (bytes of equal weight together, then zlib) when compacted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from besom.store.contract import Column
from besom.wire import Row

_EXACT = 2**53
Other = tuple[int, dict[str, Any]]
"""A row's number, and those of its values that are not numbers."""


class Chunk(NamedTuple):  # quick to make: a history may have a hundred thousand
    """A stretch of one metric; fields are the columns of the table `history_chunks`."""

    metric: str
    first_row: int
    last_row: int
    position: int
    is_int: bool
    is_packed: bool
    row_numbers: bytes | None
    numbers: bytes

    def rows(self) -> npt.NDArray[np.int64]:
        """Numbers of its rows."""
        if self.row_numbers is None:
            return np.arange(self.first_row, self.last_row + 1, dtype=np.int64)
        found = _unpack(self.row_numbers) if self.is_packed else self.row_numbers
        return np.frombuffer(found, dtype="<i8").astype(np.int64, copy=False)


def split(first_row: int, rows: Sequence[Row]) -> tuple[list[Chunk], list[Other]]:
    """One raw chunk for each metric of the rows in order of first appearance, and the values that are not numbers.

    A row without any value is kept among the others, empty, so that no row is lost.
    """
    columns: dict[str, tuple[list[int], list[float]]] = {}
    others: list[Other] = []
    for number, row in enumerate(rows, first_row):
        rest: dict[str, Any] = {}
        for name, value in row.items():
            kind = type(value)
            if kind is float or (kind is int and -_EXACT <= value <= _EXACT):
                measured, is_whole_truth = value, True
            else:
                measured, is_whole_truth = _as_number(value)
            column = columns.get(name)
            if column is None and measured is not None:
                if _is_name(name):
                    column = columns[name] = ([], [])
                else:
                    is_whole_truth = False
            if column is not None and measured is not None:
                column[0].append(number)
                column[1].append(measured)
            if not is_whole_truth:
                rest[name] = value
        if rest or not row:
            others.append((number, rest))
    positions = enumerate(columns.items())
    return [_raw(name, at, numbers, values) for at, (name, (numbers, values)) in positions], others


def _as_number(value: Any) -> tuple[float | None, bool]:
    """The value as a number if it is one, and whether that says everything about it."""
    if isinstance(value, np.floating):
        return float(value), True
    if isinstance(value, np.integer):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return (float(value), True) if isinstance(value, float) else (None, False)
    try:
        return float(value), -_EXACT <= value <= _EXACT
    except OverflowError:
        return None, False


def _is_name(name: str) -> bool:
    """Whether databases take the name as text: PostgreSQL refuses NUL, and neither takes half of a surrogate pair."""
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in name)


def _raw(metric: str, position: int, numbers: list[int], values: list[float]) -> Chunk:
    found = np.array(values)
    is_dense = numbers[-1] - numbers[0] + 1 == len(numbers)
    return Chunk(
        metric=metric,
        first_row=numbers[0],
        last_row=numbers[-1],
        position=position,
        is_int=found.dtype.kind == "i",
        is_packed=False,
        row_numbers=None if is_dense else np.array(numbers, dtype="<i8").tobytes(),
        numbers=found.astype("<f8").tobytes(),
    )


def column_of(chunks: Sequence[Chunk]) -> Column:
    """What chunks of one metric, which are in order, hold together; empty for none."""
    if not chunks:
        return Column(np.empty(0, dtype=np.int64), np.empty(0))
    numbers = b"".join([_unpack(each.numbers) if each.is_packed else each.numbers for each in chunks])
    values = np.frombuffer(numbers, dtype="<f8").astype(np.float64, copy=False)
    first, last = chunks[0].first_row, chunks[-1].last_row
    if last - first + 1 == len(values):  # row numbers rise, so none is left out
        return Column(np.arange(first, last + 1, dtype=np.int64), values)
    return Column(np.concatenate([each.rows() for each in chunks]), values)


def last_number(numbers: bytes, *, is_packed: bool) -> float:
    """The last of a chunk's numbers."""
    return float(np.frombuffer(_unpack(numbers) if is_packed else numbers, dtype="<f8")[-1])


def merge(chunks: Sequence[Chunk]) -> Chunk:
    """One packed chunk with all of them, which are of one metric and in order."""
    column = column_of(chunks)
    first, last = int(column.rows[0]), int(column.rows[-1])
    is_dense = last - first + 1 == len(column.rows)
    return Chunk(
        metric=chunks[0].metric,
        first_row=first,
        last_row=last,
        position=chunks[0].position,
        is_int=all(each.is_int for each in chunks),
        is_packed=True,
        row_numbers=None if is_dense else _pack(column.rows.astype("<i8").tobytes()),
        numbers=_pack(column.values.astype("<f8").tobytes()),
    )


def _pack(words: bytes) -> bytes:
    by_weight = np.frombuffer(words, dtype=np.uint8).reshape(-1, 8).T
    return zlib.compress(by_weight.tobytes(), 1)


def _unpack(packed: bytes) -> bytes:
    by_weight = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(8, -1)
    return by_weight.T.tobytes()


def rows_from(
    columns: Mapping[str, tuple[Column, bool]], others: Sequence[Other], first: int, end: int
) -> list[dict[str, Any]]:
    """The rows numbered `first` to `end` (exclusive) as they were logged.

    Args:
        columns: For each metric its column, and whether its numbers are integers.
        others: Values that are not numbers.
        first: Number of the first row wanted.
        end: Number behind the last row wanted.
    """
    return list(rows_among(columns, others, np.arange(first, end)).values())


def rows_among(
    columns: Mapping[str, tuple[Column, bool]], others: Sequence[Other], wanted: npt.NDArray[np.int64]
) -> dict[int, dict[str, Any]]:
    """The rows with these numbers, which are in order; those that were never logged are left out. See `rows_from`."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(wanted))]
    is_there = np.zeros(len(wanted), dtype=bool)
    for at, names, numbers in _logged_together(columns, wanted):
        is_there[at] = True
        having = rows if len(at) == len(rows) else [rows[each] for each in at.tolist()]
        for row, values in zip(having, numbers.tolist(), strict=True):
            row.update(zip(names, values, strict=True))
    place = {number: at for at, number in enumerate(wanted.tolist())} if others else {}
    for number, rest in others:
        if (at_row := place.get(number)) is not None:
            rows[at_row].update(rest)
            is_there[at_row] = True
    return dict(compress(zip(wanted.tolist(), rows, strict=True), is_there.tolist()))


def _logged_together(
    columns: Mapping[str, tuple[Column, bool]], wanted: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], list[str], npt.NDArray[Any]]]:
    """Neighbouring metrics that are in the same rows, as scripts log most of them: a row takes many at a time faster.

    Yields places among the wanted rows, names, and numbers, shape (places, names): integers or none of them.
    """
    rows = places = np.empty(0, dtype=np.int64)
    is_wanted, is_int = np.empty(0, dtype=bool), False
    names: list[str] = []
    found: list[npt.NDArray[Any]] = []
    for metric, (column, is_whole) in columns.items():
        if not names or is_whole is not is_int or not np.array_equal(column.rows, rows):
            if names:
                yield places, names, np.column_stack(found)
            rows, is_int, names, found = column.rows, is_whole, [], []
            places = np.searchsorted(wanted, rows)
            is_wanted = places < len(wanted)
            is_wanted[is_wanted] = wanted[places[is_wanted]] == rows[is_wanted]
            places = places[is_wanted]
        names.append(metric)
        values = column.values[is_wanted]
        found.append(values.astype(np.int64) if is_int else values)
    if names:
        yield places, names, np.column_stack(found)

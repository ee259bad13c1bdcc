"""Queries for the history of runs: chunks in and out of their tables. Each takes the connection to work on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, starmap
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
)

from besom.store import tables
from besom.store.chunks import Chunk, Other, column_of, last_number, merge, rows_among, rows_from, split
from besom.store.contract import Column, Piece
from besom.store.text import to_text

_CHUNK = [tables.chunks.c[name] for name in Chunk._fields]
_MANY = 500  # ids in one query, well under SQLite's limit of variables
_WINDOW = 2000  # rows that are put together at once
_NOT_WORTH_PACKING = 256  # bytes
_FORGET = delete(tables.chunks).where(
    tables.chunks.c.run_id == bindparam("of_run"), tables.chunks.c.metric == bindparam("named")
)


def append(connection: Connection, pieces: Iterable[Piece]) -> None:
    """Add rows: of each piece a chunk for each metric, one more for what is not a number; all in two statements."""
    numbers: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for run_id, first_row, rows in pieces:
        chunks, others = split(first_row, rows)
        numbers += [_values(run_id, each) for each in chunks]
        rest += [_others(run_id, others)] if others else []
    if numbers:
        connection.execute(insert(tables.chunks), numbers)
    if rest:
        connection.execute(insert(tables.others), rest)


def _values(run_id: str, chunk: Chunk) -> dict[str, Any]:
    return {"run_id": run_id, **chunk._asdict()}


def _others(run_id: str, others: Sequence[Other]) -> dict[str, Any]:
    return {"run_id": run_id, "first_row": others[0][0], "last_row": others[-1][0], "data": to_text(others)}


def compact(connection: Connection, run_id: str) -> None:
    """Replace the chunks of each metric by one, and the other values' by one. Doing it again changes nothing."""
    merged = []
    for _, group in groupby(_chunks(connection, _of_run(run_id)), key=lambda chunk: chunk.metric):
        chunks = list(group)
        if len(chunks) > 1 or not (chunks[0].is_packed or len(chunks[0].numbers) < _NOT_WORTH_PACKING):
            merged.append(merge(chunks))
    if merged:
        connection.execute(_FORGET, [{"of_run": run_id, "named": chunk.metric} for chunk in merged])
        connection.execute(insert(tables.chunks), [_values(run_id, each) for each in merged])
    others = _read_others(connection, run_id, 0, None)
    if others:
        connection.execute(delete(tables.others).where(tables.others.c.run_id == run_id))
        connection.execute(insert(tables.others), [_others(run_id, others)])


def metrics(connection: Connection, run_id: str, *, is_ordered: bool) -> list[str]:
    """Names of the run's metrics, in order of first appearance or, which is quicker, in none."""
    table = tables.chunks.c
    if not is_ordered:
        return list(connection.execute(select(table.metric).distinct().where(table.run_id == run_id)).scalars().all())
    each = select(table.metric, func.min(table.first_row).label("row")).where(table.run_id == run_id)
    first = each.group_by(table.metric).subquery()
    query = (
        select(table.metric)
        .join(first, (table.metric == first.c.metric) & (table.first_row == first.c.row))
        .where(table.run_id == run_id)
        .order_by(table.first_row, table.position)
    )
    return list(connection.execute(query).scalars().all())


def columns(connection: Connection, run_ids: Sequence[str], metric: str) -> dict[str, Column]:
    """One metric of each of the runs; empty for those that never logged it."""
    pieces: dict[str, list[Chunk]] = defaultdict(list)
    table = tables.chunks.c
    for start in range(0, len(run_ids), _MANY):
        query = (
            select(table.run_id, *_CHUNK)
            .where(table.run_id.in_(run_ids[start : start + _MANY]), table.metric == metric)
            .order_by(table.run_id, table.first_row)
        )
        for run_id, *values in connection.execute(query):
            pieces[run_id].append(Chunk(*values))
    return {run_id: column_of(pieces.get(run_id, [])) for run_id in run_ids}


def last_values(connection: Connection, run_ids: Sequence[str], metric: str) -> dict[str, float]:
    """The last value of one metric of each of the runs that logged it: of each, one chunk is read."""
    last = _last_chunks(connection, run_ids, tables.chunks.c.metric == metric)
    return {run_id: last_number(chunk.numbers, is_packed=chunk.is_packed) for run_id, chunk in last}


def last_numbers(connection: Connection, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """The last value of every metric of each of the runs that logged any, integers where all of a chunk are."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for run_id, chunk in _last_chunks(connection, run_ids, true()):
        value = last_number(chunk.numbers, is_packed=chunk.is_packed)
        found[run_id][chunk.metric] = int(value) if chunk.is_int else value
    return dict(found)


def _last_chunks(
    connection: Connection, run_ids: Sequence[str], wanted: ColumnElement[bool]
) -> Iterator[tuple[str, Chunk]]:
    """The last chunk of each wanted metric of each of the runs."""
    table = tables.chunks.c
    for start in range(0, len(run_ids), _MANY):
        those = table.run_id.in_(run_ids[start : start + _MANY]) & wanted
        row = func.max(table.first_row).label("row")
        last = select(table.run_id, table.metric, row).where(those).group_by(table.run_id, table.metric).subquery()
        is_last = (table.run_id == last.c.run_id) & (table.metric == last.c.metric) & (table.first_row == last.c.row)
        query = select(table.run_id, *_CHUNK).join(last, is_last).order_by(table.run_id, table.position, table.metric)
        for run_id, *values in connection.execute(query):
            yield run_id, Chunk(*values)


def rows(connection: Connection, run_id: str, first: int, limit: int | None) -> Iterator[dict[str, Any]]:
    """Rows as logged. Everything is read at once, so the iterator outlives the connection."""
    table = tables.chunks.c
    query = _of_run(run_id).where(table.last_row >= first)
    if limit is not None:
        query = query.where(table.first_row < first + limit)
    found = _joined(_chunks(connection, query))
    others = _read_others(connection, run_id, first, limit)
    last = max([column.rows[-1] for column, _ in found.values()] + [row for row, _ in others[-1:]], default=-1)
    end = int(last) + 1 if limit is None else min(int(last) + 1, first + limit)
    return _in_windows(found, others, first, end)


def rows_at(
    connection: Connection, run_id: str, numbers: npt.NDArray[np.int64], names: Sequence[str] | None
) -> dict[int, dict[str, Any]]:
    """The rows with these numbers, which are in order; of each the values called `names`, all where None."""
    if not len(numbers):
        return {}
    first, last = int(numbers[0]), int(numbers[-1])
    table = tables.chunks.c
    query = _of_run(run_id).where(table.last_row >= first, table.first_row <= last)
    if names is not None:
        query = query.where(table.metric.in_(names))
    others = _read_others(connection, run_id, first, last - first + 1)
    if names is not None:
        others = [(row, {name: rest[name] for name in names if name in rest}) for row, rest in others]
        others = [(row, rest) for row, rest in others if rest]
    return rows_among(_joined(_chunks(connection, query)), others, numbers)


def _joined(chunks: Sequence[Chunk]) -> dict[str, tuple[Column, bool]]:
    """Each metric's column, and whether its numbers are integers; in the order in which these chunks have them."""
    by_metric: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        by_metric[chunk.metric].append(chunk)
    in_order = sorted(by_metric.values(), key=lambda found: (found[0].first_row, found[0].position))
    return {found[0].metric: (column_of(found), all(each.is_int for each in found)) for found in in_order}


def _in_windows(
    found: Mapping[str, tuple[Column, bool]], others: Sequence[Other], first: int, end: int
) -> Iterator[dict[str, Any]]:
    by_window: dict[int, list[Other]] = defaultdict(list)
    for other in others:
        by_window[(other[0] - first) // _WINDOW].append(other)
    for at, start in enumerate(range(first, end, _WINDOW)):
        yield from rows_from(found, by_window[at], start, min(start + _WINDOW, end))


def _of_run(run_id: str) -> Select[Any]:
    table = tables.chunks.c
    return select(*_CHUNK).where(table.run_id == run_id).order_by(table.metric, table.first_row)


def _chunks(connection: Connection, query: Select[Any]) -> list[Chunk]:
    return list(starmap(Chunk, connection.execute(query).all()))


def _read_others(connection: Connection, run_id: str, first: int, limit: int | None) -> list[Other]:
    table = tables.others.c
    query = select(table.data).where(table.run_id == run_id, table.last_row >= first).order_by(table.first_row)
    if limit is not None:
        query = query.where(table.first_row < first + limit)
    return [(row, rest) for (data,) in connection.execute(query) for row, rest in json.loads(data)]

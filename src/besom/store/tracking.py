"""Queries for runs that W&B's client told of, and for single entries of their configurations and summaries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, delete, func, select

from besom.store import tables
from besom.store.text import from_text
from besom.tracked import TrackedRun, TrackedValues

_AT_ONCE = 500
_run = tables.tracked_runs.c
_values = tables.tracked_values.c


def run(connection: Connection, run_id: str) -> TrackedRun | None:
    """One run by its id."""
    data = connection.execute(select(_run.data).where(_run.id == run_id)).scalar()
    return None if data is None else from_text(TrackedRun, data)


def runs(connection: Connection, where: Mapping[str, str]) -> list[TrackedRun]:
    """Runs with these values in the columns entity, project, name or sweep_id; oldest first."""
    query = _with(select(_run.data), where).order_by(_run.created_at, _run.id)
    return [from_text(TrackedRun, data) for (data,) in connection.execute(query)]


def projects(connection: Connection, where: Mapping[str, str]) -> list[tuple[str, str, float]]:
    """Each `(entity, project)` that has runs, as in `runs`, and when its first began."""
    began = func.min(_run.created_at)
    query = _with(select(_run.entity, _run.project, began), where).group_by(_run.entity, _run.project).order_by(began)
    return [(entity, project, created_at) for entity, project, created_at in connection.execute(query)]


def values(connection: Connection, run_ids: Sequence[str]) -> dict[str, TrackedValues]:
    """Configuration and summary of each run that has any."""
    found = {}
    for part in _parts(run_ids):
        query = select(_values.id, _values.config, _values.summary).where(_values.id.in_(part))
        for run_id, config, summary in connection.execute(query):
            found[run_id] = TrackedValues(run_id, json.loads(config), json.loads(summary))
    return found


def entries(connection: Connection, column: str, path: Sequence[str], where: Mapping[str, str]) -> dict[str, Any]:
    """One entry of the column `config` or `summary` of each run that has it: the database looks into the text.

    Args:
        connection: To the database.
        column: config or summary.
        path: Names from the outside in.
        where: As in `runs`.
    """
    whole = _values[column]
    if all(name.isascii() and not set(name) & set('"\\') for name in path):
        found = _entry(connection, whole, path)
    else:
        found = whole  # how texts of JSON and paths into them spell such names is not the same everywhere
    query = _with(select(_values.id, found).join(tables.tracked_runs, _run.id == _values.id), where)
    read = {run_id: json.loads(text) for run_id, text in connection.execute(query) if text is not None}
    if found is whole:
        read = {run_id: _dug(entry, path) for run_id, entry in read.items()}
    elif connection.dialect.name != "postgresql":
        read = {run_id: entry for run_id, (entry, _) in read.items()}
    return {run_id: entry for run_id, entry in read.items() if entry is not None}


def _entry(connection: Connection, whole: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
    """The text of an entry; in SQLite of a list of it and of nothing."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import JSONB

        # JSONB cannot hold the letter NUL, and one of it would spoil the query for all.
        return cast(func.jsonb_extract_path(cast(func.replace(whole, "\\u0000", ""), JSONB), *path), Text)
    # Of one path it gives texts without their quotes, and true as 1; of two a list, with JSON in it as it was.
    return func.json_extract(whole, "$" + "".join(f'."{name}"' for name in path), "$.nothing")


def _dug(entry: Any, path: Sequence[str]) -> Any:
    for name in path:
        entry = entry.get(name) if isinstance(entry, Mapping) else None
    return entry


def forget(connection: Connection, run_id: str) -> None:
    """Remove a run's record and values; its history is another's business."""
    connection.execute(delete(tables.tracked_runs).where(_run.id == run_id))
    connection.execute(delete(tables.tracked_values).where(_values.id == run_id))


def _with(query: Select[Any], where: Mapping[str, str]) -> Select[Any]:
    for name, value in where.items():
        query = query.where(_run[name] == value)
    return query


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]

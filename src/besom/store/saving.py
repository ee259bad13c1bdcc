"""Records into their tables: each instead of what was kept under its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql.dml import Insert

from besom.records import Agent, Record, Run, Sweep, Trial
from besom.store import tables
from besom.store.text import to_text
from besom.tracked import TrackedRun, TrackedValues

_TABLES: dict[type[Record], Table] = {
    Sweep: tables.sweeps,
    Agent: tables.agents,
    Trial: tables.trials,
    Run: tables.runs,
    TrackedRun: tables.tracked_runs,
    TrackedValues: tables.tracked_values,
}


def upserts(dialect: str) -> dict[type[Record], Insert]:
    """For each kind of record what inserts one, or replaces the row with the same key; each dialect has its own."""
    own = import_module(f"sqlalchemy.dialects.{dialect}")  # the other is a tenth of all that a command loads
    return {kind: _upsert(own.insert(table), table) for kind, table in _TABLES.items()}


def _upsert(insert: Any, table: Table) -> Insert:
    """Insert, or replace the row with the same key; `insert` is the dialect's own."""
    keys = [column.name for column in table.primary_key]
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    upsert: Insert = insert.on_conflict_do_update(index_elements=keys, set_=rest)
    return upsert


def save(connection: Connection, upserts: Mapping[type[Record], Insert], records: Sequence[Record]) -> None:
    """Insert or replace records by their keys; of several with one key the last counts."""
    by_kind: dict[type[Record], dict[Any, dict[str, Any]]] = {}
    for record in records:
        key, values = _values(record)
        by_kind.setdefault(type(record), {})[key] = values
    for kind, rows in by_kind.items():
        connection.execute(upserts[kind], list(rows.values()))


def _values(record: Record) -> tuple[Any, dict[str, Any]]:
    """The record's key, and its row: the columns that queries ask for, and the whole as text."""
    match record:
        case Sweep():
            key: Any = record.id
            asked = {"id": record.id, "state": record.state, "name": record.name, "created_at": record.created_at}
        case Trial():
            key = (record.sweep_id, record.number)
            asked = {"sweep_id": record.sweep_id, "number": record.number, "state": record.state, "value": record.value}
        case Run():
            key = record.id
            asked = {"id": record.id, "sweep_id": record.sweep_id, "trial": record.trial, "lease": record.lease}
            asked["state"] = record.state
        case Agent():
            key = record.id
            asked = {"id": record.id, "started_at": record.started_at, "seen_at": record.seen_at}
        case TrackedRun():
            key = record.id
            asked = {name: getattr(record, name) for name in ("id", "entity", "project", "name", "sweep_id")}
            asked["created_at"] = record.created_at
        case TrackedValues():
            values = {"id": record.id, "config": to_text(record.config), "summary": to_text(record.summary)}
            return record.id, values
    return key, {**asked, "data": to_text(record)}

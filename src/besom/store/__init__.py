"""Keeps sweeps, trials, runs, agents, history and output: SQLite by default, PostgreSQL for many agents.

The names resolve on first use: who only needs the contract does not pay for SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from besom.store.contract import Column, Store

if TYPE_CHECKING:
    from besom.store.opening import open_store
    from besom.store.sql import SqlStore

__all__ = ["Column", "SqlStore", "Store", "open_store"]


def __getattr__(name: str) -> Any:
    if name == "open_store":
        from besom.store.opening import open_store

        return open_store
    if name == "SqlStore":
        from besom.store.sql import SqlStore

        return SqlStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

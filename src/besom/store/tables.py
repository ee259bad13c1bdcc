"""The tables, as SQLAlchemy sees them. A change here needs a migration: a test compares the two.

A record is kept whole, as JSON text in `data`; what queries ask for is repeated in columns of its own. JSON is text and
not the database's JSON type because NaN and infinities must survive, and PostgreSQL does not take them there.
No foreign keys: records of one transaction may come in any order, and `delete_sweep` removes what belongs together.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("data", Text, nullable=False),
)

trials = Table(
    "trials",
    metadata,
    Column("sweep_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("value", Double),
    Column("data", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("sweep_id", String, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("data", Text, nullable=False),
    Index("runs_by_sweep", "sweep_id", "lease"),
)

agents = Table(
    "agents",
    metadata,
    Column("id", String, primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("data", Text, nullable=False),
)

chunks = Table(
    "history_chunks",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("first_row", BigInteger, primary_key=True),
    Column("last_row", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),  # of the metric among those that first appear in the same row
    Column("is_int", Boolean, nullable=False),
    Column("is_packed", Boolean, nullable=False),
    Column("row_numbers", LargeBinary),  # absent when they are first_row, first_row + 1, …, last_row
    Column("numbers", LargeBinary, nullable=False),
)

others = Table(
    "history_others",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("first_row", BigInteger, primary_key=True),
    Column("last_row", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
)

outputs = Table(
    "outputs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("first_byte", BigInteger, primary_key=True),
    Column("end_byte", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

tracked_runs = Table(
    "tracked_runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("entity", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sweep_id", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("data", Text, nullable=False),
    Index("tracked_runs_by_project", "entity", "project", "created_at"),
    Index("tracked_runs_by_sweep", "sweep_id"),
)

tracked_values = Table(
    "tracked_values",
    metadata,
    Column("id", String, primary_key=True),
    Column("config", Text, nullable=False),
    Column("summary", Text, nullable=False),
)

"""The first version: records, history in columns, output."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _make_records()
    _make_history()


def _make_records() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "trials",
        sa.Column("sweep_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("sweep_id", sa.String, nullable=False),
        sa.Column("trial", sa.Integer, nullable=False),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("runs_by_sweep", "runs", ["sweep_id", "lease"])
    op.create_table(
        "agents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )


def _make_history() -> None:
    op.create_table(
        "history_chunks",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("metric", sa.Text, primary_key=True),
        sa.Column("first_row", sa.BigInteger, primary_key=True),
        sa.Column("last_row", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("is_int", sa.Boolean, nullable=False),
        sa.Column("is_packed", sa.Boolean, nullable=False),
        sa.Column("row_numbers", sa.LargeBinary),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "history_others",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("first_row", sa.BigInteger, primary_key=True),
        sa.Column("last_row", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "outputs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("first_byte", sa.BigInteger, primary_key=True),
        sa.Column("end_byte", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )

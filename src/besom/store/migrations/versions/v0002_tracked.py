"""Runs that W&B's client tells of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tracked_runs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sweep_id", sa.String, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("tracked_runs_by_project", "tracked_runs", ["entity", "project", "created_at"])
    op.create_index("tracked_runs_by_sweep", "tracked_runs", ["sweep_id"])
    op.create_table(
        "tracked_values",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )

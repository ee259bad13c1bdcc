"""Alembic's entry: runs the migrations on the connection, in the transaction, that `besom.store.schema` gives."""

from __future__ import annotations

from alembic import context

from besom.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()

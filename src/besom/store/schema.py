"""The version of a database's tables: made, found, brought up to date.

A database names its version in Alembic's own table. Alembic itself is slow to import and is only needed to migrate: a
fresh database is made from `tables` and stamped, and a test holds that the migrations give the same.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from besom.errors import StoreError
from besom.store import tables

VERSIONS = ("0001", "0002")
"""Every version there ever was, oldest first; the last is this one's."""

_stamps = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),  # as Alembic itself makes it
)


def version(connection: Connection, place: str) -> str | None:
    """The version of the database's tables; None for a database without any.

    Raises:
        StoreError: The database is newer than this besom, or is another program's.
    """
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    found = connection.execute(select(_stamps.c.version_num)).scalar() if "alembic_version" in names else None
    if found is None:
        listed = ", ".join(sorted(names)[:5])
        raise StoreError(f"{place}: must be besom's database, got another one (tables {listed}); name another place.")
    if found not in VERSIONS:
        raise StoreError(
            f"{place}: this besom knows databases up to version {VERSIONS[-1]}, got version {found}; "
            "it was written by a newer besom: upgrade this one, or name another place."
        )
    return str(found)


def bring_up_to_date(connection: Connection, place: str) -> None:
    """Make the tables, or migrate them. Inside a transaction that writes, by the database's owner."""
    found = version(connection, place)
    if found is None:
        tables.metadata.create_all(connection)
        _stamps.create(connection)
        connection.execute(insert(_stamps), [{"version_num": VERSIONS[-1]}])
    elif found != VERSIONS[-1]:
        migrate(connection)


def migrate(connection: Connection, to: str = "head") -> None:
    """Run the migrations between the database's version (or nothing) and `to`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)

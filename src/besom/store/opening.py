"""Opening a database: a SQLite file, or PostgreSQL by its URL."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from besom.errors import StoreError
from besom.store import schema
from besom.store.claim import Claim
from besom.store.sql import SqlStore
from besom.store.trouble import told

_LINK: dict[str, Any] = {
    "connect_timeout": 5,  # seconds
    # Either side notices within half a minute that the other's machine is gone, and the lock of a dead owner ends.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_SQLITE_VERSIONS = slice(18, 20)
"""Where a SQLite file says what reads and writes it: twice 2 for a write-ahead log."""
_LINK_THERE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


def open_store(
    url_or_path: str | Path,
    read_only: bool = False,
    busy_s: float = 10.0,
    fence: Callable[[], None] | None = None,
) -> SqlStore:
    """The store at a path (SQLite) or URL (`postgresql://…`, `sqlite:///…`): made if absent, migrated if old.

    On PostgreSQL this process owns the database from here on, unless it only reads. Of a SQLite file its home does.

    Args:
        url_or_path: Where it is.
        read_only: Never write: the database must exist and be up to date. Its folder need not be writable.
        busy_s: How long a write waits for another process's, in seconds.
        fence: Called before each commit, which is given up where it raises. A SQLite file is then kept such that
            another machine can take it over on a shared file system: without a write-ahead log, whose index is memory
            that only one machine has.

    Raises:
        StoreError: It cannot be opened, is not besom's, or is newer than this besom.
        WrongState: Another process owns the PostgreSQL database.
    """
    claim = None
    path = _path(url_or_path)
    if path is not None:
        place = str(path)
        engine = _sqlite(path, read_only, busy_s, "WAL" if fence is None else "TRUNCATE")
    else:
        url = make_url(str(url_or_path))
        place = _without_password(str(url_or_path))
        name = f"besom process {os.getpid()} on {socket.gethostname()[:24]} ({secrets.token_hex(3)})"
        engine = _postgresql(url, place, name, read_only, busy_s)
        claim = None if read_only else Claim(engine, place, name)
    try:
        if claim is not None:
            claim.take()
        _prepare(engine, place, read_only)
    except BaseException:
        if claim is not None:
            claim.close()
        engine.dispose()
        raise
    return SqlStore(engine, place, read_only, claim, fence)


def _path(url_or_path: str | Path) -> Path | None:
    """The SQLite file that is meant; None for another kind of database."""
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return Path(url_or_path)
    try:
        url = make_url(url_or_path)
    except (ArgumentError, ValueError) as error:
        place = _without_password(url_or_path)
        raise StoreError(f"{place}: a store is a path or postgresql://user@host/name; correct it.") from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database:
        return Path(url.database)
    if backend != "postgresql":
        place = _without_password(url_or_path)
        raise StoreError(f"{place}: a store is a SQLite file or PostgreSQL, got {backend}; name one of these.")
    return None


def _without_password(url: str) -> str:
    """The URL as it may be shown, also where it is none."""
    shown = re.sub(r"^([^:]*://[^:/@]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", shown)


def _sqlite(path: Path, read_only: bool, busy_s: float, journal: str) -> Engine:
    if read_only and not path.exists():
        raise StoreError(f"{path}: there is no database yet; run a sweep first, or name another place.")

    def connect() -> sqlite3.Connection:
        address = _address_to_read(path) if read_only else path.absolute().as_uri()
        connection = sqlite3.connect(address, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)
        try:
            if not read_only:
                connection.execute(f"PRAGMA journal_mode={journal}")
                connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-16384")  # KiB: history is written by rows and read by metrics
        except BaseException:
            connection.close()
            raise
        return connection

    # To read, each time anew: what was taken for a file that nobody changes may have got a log meanwhile.
    pool = NullPool if read_only else QueuePool
    engine = create_engine(URL.create("sqlite", database=str(path)), creator=connect, poolclass=pool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver would begin by itself, but late and without the lock: a writer that first reads could then lose it.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _address_to_read(path: Path) -> str:
    """How SQLite is to open the file for reading only.

    A file with a write-ahead log is read through an index beside it, which SQLite cannot make where the folder is not
    writable. Where no log is there, nobody writes, and the file alone holds everything.

    Raises:
        StoreError: There is a log, and no index to read it through.
    """
    path = path.resolve()
    address = f"{path.as_uri()}?mode=ro"
    if os.access(path.parent, os.W_OK) or not _keeps_log(path):
        return address
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    if not log.exists() or not log.stat().st_size:
        return f"{address}&immutable=1"
    if not index.exists():
        raise StoreError(
            f"{path}: its latest changes are in {log.name}, and reading these needs a folder to write in; copy the "
            "folder to where it can be written, and name the copy."
        )
    return address


def _keeps_log(path: Path) -> bool:
    """Whether the SQLite file is one with a write-ahead log."""
    try:
        with path.open("rb") as file:
            return file.read(_SQLITE_VERSIONS.stop)[_SQLITE_VERSIONS] == b"\x02\x02"
    except OSError:
        return False  # SQLite says why it cannot be read


def _postgresql(url: URL, place: str, name: str, read_only: bool, busy_s: float) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    mode = "on" if read_only else "off"
    options = f"-c default_transaction_read_only={mode} -c lock_timeout={int(busy_s * 1000)} {_LINK_THERE}"
    given = url.query.get("options", "")
    link = {key: value for key, value in _LINK.items() if key not in url.query}
    link |= {"options": f"{options} {given}", "application_name": name}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=link)
    except ModuleNotFoundError as error:
        raise StoreError(f"{place}: PostgreSQL needs its driver; pip install 'besom[postgres]'.") from error


def _prepare(engine: Engine, place: str, read_only: bool) -> None:
    """Check the version of the tables, and make or migrate them where they are not this besom's."""
    with told(place):
        with engine.connect() as connection:
            found = schema.version(connection, place)
        if found == schema.VERSIONS[-1]:
            return
        if read_only:
            raise StoreError(
                f"{place}: reading needs version {schema.VERSIONS[-1]} of the tables, got {found or 'none'}; "
                "start the server once, which brings it up to date (on a copy, where it cannot be written)."
            )
        with engine.execution_options(writes=True).begin() as connection:
            schema.bring_up_to_date(connection, place)

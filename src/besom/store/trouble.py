"""What a database's error means, told as a StoreError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from besom.errors import StoreError

_AWAY = (
    "PostgreSQL cannot be reached or is restarting, nothing of this was written; at the start correct host and port, "
    "later besom tries again by itself."
)
_MEANINGS = (
    ("not a database", "must be a SQLite database, got a file of another kind; name another place."),
    ("malformed", "is damaged; restore a copy, or name another place."),
    ("disk is full", "the disk is full, nothing of this was written; make room and try again."),
    ("disk full", "the disk is full, nothing of this was written; make room and try again."),
    ("No space left", "the disk is full, nothing of this was written; make room and try again."),
    ("readonly database", "must be writable, and it is not; change its permissions, or name another place."),
    ("read-only transaction", "must be writable, and it is not; name the primary server, not a standby."),
    ("unable to open", "cannot be opened; look whether its folder exists and may be written to."),
    ("lock timeout", "another process is writing to it and did not end in time; find that process, or try again."),
    ("is locked", "another process is writing to it and did not end in time; find that process, or try again."),
    ("disk I/O error", "the disk failed or is full, nothing of this was written; look at it and try again."),
    ("UNIQUE constraint", "rows and output are added once and in order, got some that it has already."),
    ("duplicate key", "rows and output are added once and in order, got some that it has already."),
    ("password authentication failed", "needs the user's right password; correct the URL, PGPASSWORD or ~/.pgpass."),
    ("no password supplied", "needs a password; give it in the URL, PGPASSWORD or ~/.pgpass."),
    ("no pg_hba.conf entry", "PostgreSQL must let this user in from here; add a line to its pg_hba.conf."),
    ("does not exist", "the database and its user must exist; make them (createdb, createuser), or name others."),
    ("permission denied", "besom must own its tables; grant the user all on schema public, or name another database."),
    ("too many clients", "PostgreSQL has no connection left; raise its max_connections, or end other programs."),
    ("connection slots are reserved", "PostgreSQL has no connection left; raise its max_connections."),
    ("resolve host", "its host must be known here, and is not; correct the URL."),
    ("onnection refused", _AWAY),
    ("onnection failed", _AWAY),
    ("connection is bad", _AWAY),
    ("timeout expired", _AWAY),
    ("database system is", _AWAY),
    ("terminating connection", _AWAY),
    ("closed the connection", _AWAY),
    ("connection is closed", _AWAY),
    ("connection is lost", _AWAY),
    ("consuming input failed", _AWAY),
)


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what SQLAlchemy raises inside into a StoreError about `place`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{place}: {_meaning(error)}") from error


def _meaning(error: SQLAlchemyError) -> str:
    cause = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    for sign, meaning in _MEANINGS:
        if sign in cause:
            return f"{meaning} ({cause})"
    return f"the database refused: {cause}"

"""What a database's error means, told as a StoreError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from besom.errors import StoreError

_MEANINGS = (
    ("not a database", "must be a SQLite database, got a file of another kind; name another place."),
    ("malformed", "is damaged; restore a copy, or name another place."),
    ("disk is full", "the disk is full, nothing of this was written; make room and try again."),
    ("disk full", "the disk is full, nothing of this was written; make room and try again."),
    ("No space left", "the disk is full, nothing of this was written; make room and try again."),
    ("readonly database", "must be writable, and it is not; change its permissions, or name another place."),
    ("read-only transaction", "was opened for reading only; open it for writing."),
    ("unable to open", "cannot be opened; look whether its folder exists and may be written to."),
    ("locked", "another process is writing to it and did not end in time; find that process, or try again."),
    ("disk I/O error", "the disk failed or is full, nothing of this was written; look at it and try again."),
    ("UNIQUE constraint", "rows and output are added once and in order, got some that it has already."),
    ("duplicate key", "rows and output are added once and in order, got some that it has already."),
)


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what SQLAlchemy raises inside into a StoreError about `place`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{place}: {_meaning(error)}") from error


def _meaning(error: SQLAlchemyError) -> str:
    cause = str(error.orig if isinstance(error, DBAPIError) else error)
    for sign, meaning in _MEANINGS:
        if sign in cause:
            return f"{meaning} ({cause.strip()})"
    return f"the database refused: {cause.strip()}"

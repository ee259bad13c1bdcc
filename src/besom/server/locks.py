"""Files that one process at a time has locked; the kernel lets go of a lock when its process dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from besom.errors import NotWritable, StoreError

_PATIENCE_S = 0.3
_MISSING = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
"""What a file system answers that has no locks."""
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


def opened(lock: Path) -> int:
    """A descriptor of the file, not locked yet.

    Raises:
        NotWritable: The file or its folder may not be written to.
        StoreError: It cannot be opened for another reason.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        kind = NotWritable if error.errno in _FORBIDDEN else StoreError
        raise kind(
            f"{lock}: cannot be opened ({error.strerror}); make it writable, or set BESOM_HOME to another."
        ) from error
    if not os.access(lock.parent, os.W_OK):
        os.close(descriptor)
        raise NotWritable(f"{lock.parent}: must be a folder to write in; make it one, or set BESOM_HOME to another.")
    return descriptor


def is_held(lock: Path) -> bool:
    """Whether somebody holds it; where the file system has no locks nobody does."""
    return _look(lock) is False


def are_missing(lock: Path) -> bool:
    """Whether the file is there, on a file system that has no locks."""
    return _look(lock) is None


def _look(lock: Path) -> bool | None:
    """Whether the lock could be taken; None where there are no locks."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        # A shared lock: two that look at the same time do not take each other for its holder.
        return _is_taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def is_taken_soon(descriptor: int) -> bool | None:
    """Whether the lock could be taken before long; None where the file system has no locks.

    A client that just looks for an owner holds it for a moment.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while (is_taken := _is_taken(descriptor)) is False:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return is_taken


def _is_taken(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool | None:
    """Whether the lock could be taken without waiting; None where there are no locks."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _MISSING:
            return None
        raise StoreError(
            f"home: its lock must be there to ask for, got: {error.strerror}; try again, or see to the file system."
        ) from error
    return True

"""Files that one process at a time has locked; the kernel lets go of a lock when its process dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from besom.errors import StoreError

_PATIENCE_S = 0.3


def opened(lock: Path) -> int:
    """A descriptor of the file, not locked yet. Raises StoreError."""
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"{lock}: cannot be opened ({error.strerror}); make it writable, or set BESOM_HOME to another."
        ) from error


def is_held(lock: Path) -> bool:
    """Whether somebody holds it."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # A shared lock: two that look at the same time do not take each other for its holder.
        return not _is_taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def is_taken_soon(descriptor: int) -> bool:
    """Whether the lock could be taken before long: a client that just looks for an owner holds it for a moment."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_taken(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _is_taken(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock could be taken without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""A file's beginning given back to the disk while another process goes on appending to it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02  # <linux/falloc.h>


def punch(path: Path, end: int) -> int | None:
    """Free what lies before byte `end`, in place: the file keeps its length, and its beginning reads as zeros.

    Returns:
        Where what is left begins, at most a block before `end`; None where nothing can be freed: no Linux, or a
        filesystem without holes (NFS 3, for one).

    Raises:
        OSError: The file cannot be opened.
    """
    libc = ctypes.CDLL(None)
    fallocate = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)  # musl has the second alone
    if fallocate is None or not hasattr(os, "SEEK_DATA"):
        return None
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    with path.open("r+b") as file:
        end -= end % os.fstat(file.fileno()).st_blksize  # of a block that is freed in part, zeros would be left
        is_freed = end <= 0 or fallocate(file.fileno(), _PUNCH_HOLE | _KEEP_SIZE, 0, end) == 0
    return max(end, 0) if is_freed else None


def first_data(path: Path) -> int:
    """Where the file's first byte lies that was not freed; its length if there is none, 0 where that is not known."""
    try:
        with path.open("rb") as file:
            return os.lseek(file.fileno(), 0, os.SEEK_DATA) if hasattr(os, "SEEK_DATA") else 0
    except OSError:  # nothing but a hole, an empty file, or none at all
        return path.stat().st_size if path.exists() else 0

"""A run's history file: one JSON object a line, each added by a single write, so that several processes may share it.

A disk that is full never costs the script its life: what cannot be written waits in memory and goes first next time.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROBE_BYTES = 4096
_encode = json.JSONEncoder(separators=(",", ":")).encode


def say(text: str) -> None:
    """One line for the person who runs the script, on standard error, if there is one that listens."""
    try:
        print(f"besom: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):  # closed, full or absent
        return


class Journal:
    """Appends rows to `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._waiting = bytearray()
        self._has_warned = False

    def add(self, row: Mapping[str, Any]) -> None:
        """Append one row of plain values, behind those that still wait."""
        self._write(_encode(row).encode("ascii") + b"\n")

    def flush(self) -> bool:
        """Try once more to write what waits; whether nothing waits any more."""
        if self._waiting:
            self._write(b"")
        return not self._waiting

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.flush()
        if self._waiting:
            lost = self._waiting.count(b"\n")
            say(f"{self.path}: cannot be written; the last {lost} rows of this run are lost.")
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: bytes) -> None:
        data: bytes | bytearray = self._waiting + line if self._waiting else line
        try:
            if self._file is None:
                self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
                if _is_torn(self._file):  # a process of the run died while it wrote: its half row costs no other
                    data = b"\n" + data
            written = os.write(self._file, data)
        except OSError as error:
            self._waiting = bytearray(data)
            self._warn(error.strerror or str(error))
            return
        self._waiting = bytearray(data[written:])
        if self._waiting:  # the disk took the beginning of it: the rest goes first next time
            self._warn("the disk is full")

    def _warn(self, why: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            say(f"{self.path}: a row could not be written ({why}); rows wait in memory until there is room.")


def _is_torn(file: int) -> bool:
    """Whether the file ends in the middle of a line."""
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def is_full(folder: Path) -> bool:
    """Whether a file cannot be written there for want of room, on the disk or in the user's share of it."""
    probe = folder / f".probe.{os.getpid()}"
    try:
        probe.write_bytes(bytes(_PROBE_BYTES))
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return False


def replace(path: Path, content: Mapping[str, Any]) -> bool:
    """Put JSON at `path` in one step, so that no reader sees a half of it; False if that could not be done."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content), encoding="ascii")
        temporary.replace(path)
    except OSError:
        return False
    return True

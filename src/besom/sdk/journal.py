"""A run's history file: one JSON object a line, each added by a single write, so that several processes may share it.

A disk that is full never costs the script its life: what cannot be written waits in memory and goes first next time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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

    def flush(self) -> None:
        """Try once more to write what waits."""
        if self._waiting:
            self._write(b"")

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.flush()
        if self._waiting:
            lost = self._waiting.count(b"\n")
            say(f"{self.path}: the disk is still full; the last {lost} rows of this run are lost.")
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: bytes) -> None:
        data: bytes | bytearray = self._waiting + line if self._waiting else line
        try:
            if self._file is None:
                self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
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


def replace(path: Path, content: Mapping[str, Any]) -> bool:
    """Put JSON at `path` in one step, so that no reader sees a half of it; False if that could not be done."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content), encoding="ascii")
        temporary.replace(path)
    except OSError:
        return False
    return True

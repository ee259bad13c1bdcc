"""Living processes that are known by a variable of their environment, which what they start inherits."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def marked_processes(name: str, value: str | os.PathLike[str]) -> list[int]:
    """Ids of the processes whose environment has that variable, but for this one."""
    mark = name.encode() + b"=" + os.fsencode(value)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found

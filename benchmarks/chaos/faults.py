"""Each kind of fault: done at once, and undone in a while where it is one that passes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.arena import Arena

Fault = Callable[[Arena, random.Random], bool]
"""Breaks something, if there is such a thing at the moment; whether it did."""


def _killed(kind: str) -> Fault:
    def fault(arena: Arena, rng: random.Random) -> bool:
        return _signalled(_victim(arena, rng, kind), signal.SIGKILL)

    return fault


def _everything_killed(arena: Arena, rng: random.Random) -> bool:
    return sum(_signalled(pid, signal.SIGKILL) for pid in arena.processes()) > 0


def _stopped(kind: str, longest_s: float) -> Fault:
    """Neither dead nor alive for a while, as on a machine that sleeps or swaps."""

    def fault(arena: Arena, rng: random.Random) -> bool:
        pid = _victim(arena, rng, kind)
        if not _signalled(pid, signal.SIGSTOP):
            return False
        arena.later(rng.uniform(0.2, longest_s), lambda: _continued(arena, pid, kind))
        return True

    return fault


def _continued(arena: Arena, pid: int | None, kind: str) -> None:
    if pid is not None and arena.processes().get(pid) == kind:
        _signalled(pid, signal.SIGCONT)


def _server_away(arena: Arena, rng: random.Random) -> bool:
    """Down for longer than a lease, perhaps: agents that start meanwhile serve the home themselves."""
    arena.server_away_until = time.monotonic() + rng.uniform(1.0, 10.0)
    return _signalled(_victim(arena, rng, "server"), signal.SIGKILL)


def _database_locked(arena: Arena, rng: random.Random) -> bool:
    try:
        other = sqlite3.connect(arena.home / "besom.db", isolation_level=None, timeout=1.0)
        other.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        return False
    arena.later(rng.uniform(0.2, 4.0), other.close)
    return True


def _disk_full(arena: Arena, rng: random.Random) -> bool:
    filler = arena.disk / "filler"
    if not arena.has_disk or filler.exists():
        return False
    arena.excused |= arena.runs_of_scripts()  # what waits in a script for room is lost with a second fault
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        room = os.statvfs(arena.disk)
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
        while True:
            file.write(bytes(4096))
    arena.later(rng.uniform(0.2, 3.0), lambda: _emptied(arena, filler))
    return True


def _emptied(arena: Arena, filler: Path) -> None:
    arena.excused |= arena.runs_of_scripts()
    filler.unlink()


def _history_torn(arena: Arena, rng: random.Random) -> bool:
    """A script dies while it writes: its history ends with half a row, or its end never came on the disk."""
    pid = _victim(arena, rng, "script")
    with contextlib.suppress(OSError, StopIteration):
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        folder = Path(next(word for word in words if word.startswith(b"BESOM_RUN_DIR="))[14:].decode())
        if not _signalled(pid, signal.SIGKILL):
            return False
        arena.excused.add(folder.name)
        with (folder / "history.jsonl").open("r+b") as history:
            if rng.random() < 0.5:
                history.seek(0, os.SEEK_END)
                history.write(b'{"epoch": 3, "lo')
            else:
                history.truncate(max(0, history.seek(0, os.SEEK_END) - rng.randrange(1, 200)))
        return True
    return False


def _clock_set(arena: Arena, rng: random.Random) -> bool:
    """Of all servers, agents or scripts: ahead or back, by seconds or hours."""
    ahead_s = rng.choice((-1, 1)) * 10 ** rng.uniform(0.0, 4.5)
    draft = arena.clocks / "draft"
    draft.write_text(str(ahead_s))
    draft.replace(arena.clocks / rng.choice(("server", "agent", "script")))
    return True


def _victim(arena: Arena, rng: random.Random, kind: str) -> int | None:
    pids = sorted(pid for pid, found in arena.processes().items() if found == kind)
    return rng.choice(pids) if pids else None


def _signalled(pid: int | None, number: int) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


KINDS: dict[str, tuple[int, Fault]] = {
    "server killed": (3, _killed("server")),
    "agent killed": (3, _killed("agent")),
    "script killed": (4, _killed("script")),
    "reaper killed": (2, _killed("reaper")),
    "everything killed": (1, _everything_killed),
    "server stopped for a while": (1, _stopped("server", 4.0)),
    "agent stopped for a while": (2, _stopped("agent", 9.0)),
    "server away": (1, _server_away),
    "database locked": (2, _database_locked),
    "disk full": (2, _disk_full),
    "history torn": (2, _history_torn),
    "clock set": (2, _clock_set),
}
"""How often each kind is, of all, and what it does."""


def strike(arena: Arena, rng: random.Random) -> str | None:
    """The kind of one fault that was done; None if there was nothing to break."""
    kinds = list(KINDS)
    kind = rng.choices(kinds, [KINDS[each][0] for each in kinds])[0]
    return kind if KINDS[kind][1](arena, rng) else None

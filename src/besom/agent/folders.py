"""A run's folder: what lies in it, who holds it, and what a successor must know after a crash."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from besom.wire import Assignment

_FIRST_BYTES = 65_536
"""Room that a run is not started without."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What a successor needs to end and give back a run: written before the script starts, `pid` after.

    Attributes:
        assignment: The run.
        host: The machine.
        pid: The script's process.
        created_at: That process's own start, as the kernel tells it: with `pid` it names one process, for ever.
    """

    assignment: Assignment
    host: str
    pid: int | None = None
    created_at: float | None = None


class RunFolder:
    """The folder of one run, `BESOM_RUN_DIR` for its script.

    While an agent works in it, the agent holds a lock on `lock`; the kernel lets go of it when the agent dies. When the
    run is over the file is called `holder`, so a folder with an unheld lock file is a run that nobody ended. In it
    stands the `Holder`: a line from the beginning on, and one with the script's process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.wandb_config = path / "config.yaml"
        self.history = path / "history.jsonl"
        self.summary = path / "summary.json"
        self.order = path / "order.json"
        self.output = path / "output.log"
        self._lock = path / "lock"
        self._lock_fd: int | None = None

    def create(self, assignment: Assignment, checkpoints: Path) -> None:
        """Make the folder and the trial's checkpoints, hold it, and write what the script and a successor need."""
        self.path.mkdir(parents=True, exist_ok=True)
        checkpoints.mkdir(parents=True, exist_ok=True)
        self._begin_to_hold({"assignment": asdict(assignment), "host": socket.gethostname()})
        _write(self.config, assignment.config)
        # W&B's shape of the same; JSON is YAML.
        wandb = {"wandb_version": 1, **{name: {"value": value} for name, value in assignment.config.items()}}
        _write(self.wandb_config, wandb)

    def _begin_to_hold(self, holder: Mapping[str, Any]) -> None:
        """Put a lock file there that is held and whole from its first moment on: no salvager finds it free."""
        draft = self.path / "lock.draft"
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.write(fd, _line(holder))
            draft.rename(self._lock)
        except OSError:
            os.close(fd)
            draft.unlink(missing_ok=True)
            raise
        self._lock_fd = fd

    def hold(self) -> bool:
        """Take up what another agent left: False where it lives, or where the run was ended meanwhile."""
        try:
            fd = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_ino != self._lock.stat().st_ino:
                raise FileNotFoundError(self._lock)
        except OSError:
            os.close(fd)
            return False
        self._lock_fd = fd
        return True

    def note_process(self, pid: int, created_at: float | None) -> None:
        """Write down the script's process too, where there is room: without, a successor finds it by the run's id."""
        if self._lock_fd is not None:
            with contextlib.suppress(OSError):
                os.write(self._lock_fd, _line({"pid": pid, "created_at": created_at}))

    def holder(self) -> Holder | None:
        """Who worked here; None if that was never written."""
        try:
            first, *later = self._lock.read_bytes().splitlines()
            fields = json.loads(first)
            fields["assignment"] = Assignment(**fields["assignment"])
            return Holder(**fields, **_process(later))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def end(self) -> None:
        """The run is over: nobody needs to look here again.

        The file gets another name, and is not deleted: where many just were, ext4 takes long to find room for new ones.
        """
        with contextlib.suppress(FileNotFoundError):
            self._lock.rename(self.path / "holder")
        self.release()

    def release(self) -> None:
        """Let go of the folder without ending the run, so that a successor takes it up."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def give_order(self, order: str, why: str) -> None:
        """Tell the script; the SDK looks at each log. On a full disk it is told by a signal alone."""
        with contextlib.suppress(OSError):
            write_json(self.order, {"order": order, "why": why})

    def read_summary(self) -> dict[str, Any]:
        """The script's summary values so far."""
        try:
            summary = json.loads(self.summary.read_bytes())
        except (OSError, ValueError):
            return {}
        return summary if isinstance(summary, dict) else {}


def checkpoints_of(runs: Path, assignment: Assignment) -> Path:
    """The folder that outlives this trial's runs: `checkpoints/<trial>-<repeat>` beside the runs' folder."""
    return runs.parent / "checkpoints" / f"{assignment.trial}-{assignment.repeat}"


def is_full(folder: Path) -> bool:
    """Whether a run's first files would not find room there, on the disk or in the user's share of it."""
    probe = folder / f".probe.{os.getpid()}.{threading.get_ident()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(_FIRST_BYTES))
    except OSError as error:
        return is_for_want_of_room(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return False


def is_for_want_of_room(error: Exception) -> bool:
    """Whether a file could not be written because the disk, or the user's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def unended(runs: Path) -> Iterator[RunFolder]:
    """Folders of runs that nobody has ended: in hand, or left behind by an agent that died."""
    with contextlib.suppress(FileNotFoundError), os.scandir(runs) as entries:
        for entry in entries:
            if (Path(entry.path) / "lock").exists():
                yield RunFolder(Path(entry.path))


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _process(lines: Sequence[bytes]) -> dict[str, Any]:
    """The script's process, if it was written down, and whole: a disk may have taken the beginning alone."""
    try:
        return dict(json.loads(lines[0])) if lines else {}
    except ValueError:
        return {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that nobody looks for yet."""
    path.write_text(json.dumps(value), encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a file by `value` as JSON, at once: a reader sees the old or the new, never half."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)

"""Who owns a home that several machines write to, where a lock may hold on one machine only: a mark, and a pulse.

The mark, `owner.json`, is written once by each owner and replaced as a whole, so that who opens it sees the newest.
The owner looks at it before each commit, and once another's is there it writes nothing more. The pulse,
`owner-ID.pulse`, is a file of each owner's own, whose number grows while it lives; others judge it by their own clocks.
A note, `server.shared`, stays in a home that was ever owned so: from then on each owner has a mark, short commands too.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from besom.errors import StoreError, WrongState
from besom.server.locks import are_missing

BEAT_S = 2.0
SILENT_S = 12.0
"""An owner whose pulse has stood still for so long is dead, or will find that it was taken for dead."""
_LONGEST_STEP_S = 2.0
"""Who was itself held up between two looks has not listened meanwhile."""
_SETTLE_S = 1.0
"""Two that claim at once both see, after this, whose mark it was that came last."""
_READINGS = 3
"""Of a mark that is replaced or removed meanwhile, of which NFS says so only once it is read."""
_PULSE_WIDTH = 12
_TAKEN_OVER = "one server owns it at a time, and another has taken over"


@dataclass(frozen=True, slots=True)
class Owner:
    """One process that owns a home. No other ever has its `id`."""

    id: str
    host: str
    pid: int
    is_shared: bool = True
    """Where it ends, whoever is left serves; see `besom.server.serve.Server`."""

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, on this machine."""
        return self.host == socket.gethostname()

    @property
    def has_process(self) -> bool:
        """Whether a process of this machine has its number."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            return True
        return True


class Mark:
    """The mark in a home's folder, where `lock` is what processes of one machine see each other by."""

    def __init__(self, folder: Path, lock: Path | None = None) -> None:
        self._folder, self._lock = folder, lock
        self._path = folder / "owner.json"
        self._note = folder / "server.shared"

    @property
    def is_needed(self) -> bool:
        """Whether an owner is to have one: another had, or there are no locks."""
        try:
            return self._note.exists() or self._decides_alone()
        except OSError as error:
            raise _unreadable(self._note, error) from error

    def read(self) -> Owner | None:
        """Whose mark it is; None where there is none. Raises StoreError where that cannot be seen."""
        left = _READINGS
        while True:
            left -= 1
            try:
                return Owner(**json.loads(self._path.read_text(encoding="utf-8")))
            except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError, TypeError):
                return None
            except OSError as error:
                if error.errno != errno.ESTALE or not left:
                    raise _unreadable(self._path, error) from error

    def elsewhere(self) -> Owner | None:
        """The owner, where it is on another machine: of one on this machine the lock tells, if there are locks."""
        owner = self.read()
        if owner is not None and owner.is_here and not (self._decides_alone() and owner.has_process):
            return None
        return owner

    def tidy(self) -> None:
        """Remove the mark of an owner that died on this machine. For who holds the lock."""
        owner = self.read()
        if owner is not None and owner.is_here:
            self.remove(owner)

    def _decides_alone(self) -> bool:
        return self._lock is not None and are_missing(self._lock)

    def pulse(self, owner: Owner) -> str:
        """What an owner's pulse says now; empty where it has none."""
        try:
            return self._pulse(owner).read_text(encoding="utf-8")
        except OSError:
            return ""

    def beat(self, owner: Owner, count: int) -> None:
        """Have the own pulse say another number, in place of the last: a full disk has room for it. Raises OSError."""
        descriptor = os.open(self._pulse(owner), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, f"{count:0{_PULSE_WIDTH}}".encode(), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def write(self, owner: Owner) -> None:
        """Put this mark in place of any other. Raises OSError."""
        self._note.touch()
        self.beat(owner, 0)
        draft = self._folder / f".owner.json.{owner.id}"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(owner), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def remove(self, owner: Owner) -> None:
        """Take an owner's pulse away, and the mark if it is still that owner's."""
        with suppress(OSError):
            if self.read() == owner:
                self._path.unlink()
        with suppress(OSError):
            self._pulse(owner).unlink()

    def _pulse(self, owner: Owner) -> Path:
        return self._folder / f"owner-{owner.id}.pulse"


class Stethoscope:
    """Tells whether the owner elsewhere lives, after some looks."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._heard: tuple[str, str] | None = None
        self._looked_at, self._quiet_s = 0.0, 0.0
        self.has_heard_life = False
        """The pulse has changed while this one listened."""

    def is_dead(self, owner: Owner, now: float) -> bool:
        """Whether the owner has been silent for long; `now` is a steady clock's seconds."""
        heard = owner.id, self._mark.pulse(owner)
        step_s, self._looked_at = min(now - self._looked_at, _LONGEST_STEP_S), now
        if heard != self._heard:
            self.has_heard_life = self._heard is not None and self._heard[0] == owner.id
            self._heard, self._quiet_s = heard, 0.0
            return False
        self._quiet_s += step_s
        return self._quiet_s >= SILENT_S


class Claim:
    """This process's own claim: look at it with `check` before each commit."""

    def __init__(self, mark: Mark, owner: Owner) -> None:
        self._mark, self._owner = mark, owner
        self._has_ended = threading.Event()

    def is_good(self) -> bool:
        """Whether nobody else has become the owner since."""
        with suppress(OSError):
            return self._mark.read() == self._owner
        return False

    def check(self) -> None:
        """Raise StoreError unless this process is still the owner, as far as can be seen."""
        if self._mark.read() != self._owner:
            raise StoreError(f"home: {_TAKEN_OVER}; nothing of this was written, send it to that one.")

    def keep(self, on_loss: Callable[[str], None] | None) -> None:
        """Beat until the end, or until another is the owner or that could not be seen for long; why is then told."""
        count, seen_at = 0, time.monotonic()
        while not self._has_ended.wait(BEAT_S):
            count += 1
            with suppress(OSError):  # of a disk that takes nothing: the others will take over, and are right
                self._mark.beat(self._owner, count)
            try:
                why = "" if self._mark.read() == self._owner else _TAKEN_OVER
                seen_at = time.monotonic()
            except StoreError as error:
                why = str(error) if time.monotonic() - seen_at >= SILENT_S else ""
            if why:
                if on_loss is not None:
                    on_loss(why)
                return

    def end(self) -> None:
        """Stop beating."""
        self._has_ended.set()


@contextmanager
def claimed(mark: Mark, on_loss: Callable[[str], None] | None, *, is_shared: bool) -> Iterator[Claim]:
    """Own a home that has no living owner. `on_loss` is told, on another thread, why this process owns it no more.

    Raises:
        WrongState: Somebody else has claimed it in the same moment.
        StoreError: The mark cannot be written or read.
    """
    owner = Owner(secrets.token_hex(6), socket.gethostname(), os.getpid(), is_shared)
    claim = Claim(mark, owner)
    beating = threading.Thread(target=claim.keep, args=(on_loss,), name="besom-pulse", daemon=True)
    try:
        mark.write(owner)
    except OSError as error:
        mark.remove(owner)
        raise StoreError(
            f"home: must be a folder to write in ({error.strerror}); set BESOM_HOME to another."
        ) from error
    try:
        time.sleep(_SETTLE_S)
        if not claim.is_good():
            raise WrongState("home: one server owns it at a time, and another claimed it in the same moment.")
        beating.start()
        yield claim
    finally:
        claim.end()
        if beating.ident is not None:
            beating.join()
        mark.remove(owner)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: must be readable, for it says who owns the home, got: {error.strerror}; try again, or see to the "
        "file system."
    )

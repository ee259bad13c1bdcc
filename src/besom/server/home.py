"""besom's folder: where the database, the runs and the server's address are, and who owns them."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from besom.errors import StoreError, WrongState

_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 8
_PATIENCE_S = 0.3


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: its URL, the token it asks for (empty for none), and its process."""

    url: str
    token: str = ""
    pid: int = 0
    host: str = ""
    is_lasting: bool = True
    """Somebody keeps it up. Otherwise another command serves while it runs, and whoever is left then takes over."""


def default_home() -> Home:
    """The home at `$BESOM_HOME`, or else `~/.besom`."""
    return Home(Path(os.environ.get("BESOM_HOME") or Path.home() / ".besom"))


def new_sweep_id(choose: Callable[[str], str] = secrets.choice) -> str:
    """Eight letters or digits. `choose` picks one of the characters it is given, such as a seeded `Random.choice`."""
    return "".join(choose(_LETTERS) for _ in range(_ID_LENGTH))


class Home:
    """The folder at `path`; made when something is first put there."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()
        self.database = self.path / "besom.db"
        self._server = self.path / "server.json"
        self._lock = self.path / "server.lock"

    def sweep(self, sweep_id: str) -> Path:
        """The folder of a sweep."""
        return self.path / "sweeps" / sweep_id

    def runs(self, sweep_id: str) -> Path:
        """Where a sweep's runs have their folders."""
        return self.sweep(sweep_id) / "runs"

    def run(self, sweep_id: str, run_id: str) -> Path:
        """The folder of one run."""
        return self.runs(sweep_id) / run_id

    def checkpoints(self, sweep_id: str, trial: int, repeat: int = 0) -> Path:
        """The folder that a trial's checkpoints survive in."""
        return self.sweep(sweep_id) / "checkpoints" / f"{trial}-{repeat}"

    def report(self, sweep_id: str) -> Path:
        """The file of a sweep's report."""
        return self.sweep(sweep_id) / "report.html"

    def make(self) -> None:
        """Make the folder, readable for its owner only: it holds the server's token.

        Raises:
            StoreError: It cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path}: besom's home must be a folder to write in ({error.strerror}); set BESOM_HOME to another."
            ) from error

    @contextmanager
    def own(self) -> Iterator[None]:
        """Be the one process that owns the database; the lock dies with its process.

        Raises:
            WrongState: Another process owns it; the message names it.
            StoreError: The folder cannot be written to.
        """
        self.make()
        descriptor = self._opened_lock()
        try:
            if not _taken_soon(descriptor):
                raise WrongState(self._owner(descriptor))
            os.ftruncate(descriptor, 0)
            with suppress(OSError):  # on a full disk the owner goes without its name
                os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}".encode(), 0)
            self._server.unlink(missing_ok=True)  # of an owner that died
            try:
                yield
            finally:
                self._server.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def publish(self, address: str, token: str = "", *, is_lasting: bool = True) -> None:
        """Tell clients on this machine where the owner listens. For the owner; the file is for its user's eyes only.

        Raises:
            StoreError: It cannot be written.
        """
        found = Address(address, token, os.getpid(), socket.gethostname(), is_lasting)
        temporary = self._server.with_name(f".server.json.{os.getpid()}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(found), file)
            temporary.replace(self._server)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(
                f"{self._server}: cannot be written ({error.strerror}); make room, or set BESOM_HOME to another folder."
            ) from error

    def find_server(self) -> Address | None:
        """Where the owner listens; None while there is none, or none that has published yet."""
        if not self._has_owner():
            return None
        try:
            return Address(**json.loads(self._server.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _has_owner(self) -> bool:
        try:
            descriptor = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # A shared lock: two clients that look at the same time do not take each other for an owner.
            return not _taken(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def _opened_lock(self) -> int:
        try:
            return os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{self._lock}: cannot be opened ({error.strerror}); make it writable, or set BESOM_HOME to another."
            ) from error

    def _owner(self, descriptor: int) -> str:
        pid, _, host = os.pread(descriptor, 1000, 0).decode(errors="replace").partition(" ")
        server = self.find_server()
        listens = f" at {server.url}" if server else ""
        return (
            f"{self.path}: one server owns it at a time, and process {pid or '?'} on {host or 'this host'}{listens} "
            "does; use that one, end it, or set BESOM_HOME to another folder."
        )


def _taken_soon(descriptor: int) -> bool:
    """Whether the lock could be taken before long: a client that just looks for an owner holds it for a moment."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _taken(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _taken(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock could be taken without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

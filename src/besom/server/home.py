"""besom's folder: where the database, the runs and the server's address are, and who owns them."""

from __future__ import annotations

import json
import os
import secrets
import socket
import string
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from besom.errors import StoreError, WrongState
from besom.server.locks import is_held, is_taken_soon, opened
from besom.server.mark import Mark, Owner, Stethoscope, claimed

_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 8
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: its URL, the token it asks for (empty for none), and its process."""

    url: str
    token: str = ""
    pid: int = 0
    host: str = ""
    is_lasting: bool = True
    """Somebody keeps it up. Otherwise another command serves while it runs, and whoever is left then takes over."""


def home_of(path: Path | str | None = None) -> Home:
    """The home at `path`; without one that at `$BESOM_HOME`, or else `~/.besom`."""
    return Home(Path(path or os.environ.get("BESOM_HOME") or Path.home() / ".besom"))


def new_sweep_id(choose: Callable[[str], str] = secrets.choice) -> str:
    """Eight letters or digits. `choose` picks one of the characters it is given, such as a seeded `Random.choice`."""
    return "".join(choose(_LETTERS) for _ in range(_ID_LENGTH))


class Home:
    """The folder at `path`; made when something is first put there.

    Args:
        path: The folder.
        store: Path or URL of the database; `$BESOM_STORE`, or else a file in the folder.

    Attributes:
        database: The path of a SQLite file, or another database's URL.
    """

    def __init__(self, path: Path | str, store: str | None = None) -> None:
        self.path = Path(path).expanduser().absolute()
        self.database = _database(store or os.environ.get("BESOM_STORE"), self.path)
        self._server = self.path / "server.json"
        self._token = self.path / "token"
        self._lock = self.path / "server.lock"
        self._wish = self.path / "server.wanted"
        self._mark = Mark(self.path, self._lock)
        self._stethoscope = Stethoscope(self._mark)

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

    @property
    def has_database(self) -> bool:
        """Whether there may be anything to read yet."""
        return isinstance(self.database, str) or self.database.exists()

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
    def own(
        self, on_loss: Callable[[str], None] | None = None, *, is_shared: bool = False
    ) -> Iterator[Callable[[], None] | None]:
        """Be the one process that owns the home, and its SQLite file; the locks die with their process.

        A database elsewhere has its own lock besides: homes may share it (for PostgreSQL see `besom.store.claim`).
        Where locks may not hold between the machines that write to the folder, because the home was ever owned by a
        server that is shared, there is a mark besides, and a fence: what the store is to call before each commit.

        Args:
            on_loss: Told on another thread why this process owns it no more, as after a long silence.
            is_shared: Other machines may serve the home too, one after the other; see `besom.server.mark`.

        Raises:
            WrongState: Another process owns it; the message names it.
            StoreError: The folder cannot be written to, or its mark not be read.
        """
        with self._alone(), ExitStack() as owned:
            claim = None
            if is_shared or self._mark.is_needed:
                claim = owned.enter_context(claimed(self._mark, on_loss, is_shared=is_shared))
            self._server.unlink(missing_ok=True)  # of an owner that died
            try:
                yield claim.check if claim else None
            finally:
                if claim is None or claim.is_good():
                    self._server.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks, where no other machine has marked the home as its own."""
        self.make()
        with ExitStack() as owned:
            owned.enter_context(self._locked(self._lock, self.path, is_all=False))
            if isinstance(self.database, Path) and self.database.parent != self.path:
                owned.enter_context(self._locked(Path(f"{self.database}.lock"), self.database, is_all=True))
            if (owner := self._living_elsewhere()) is not None:
                raise WrongState(self._owned_by(str(owner.pid), owner.host, self.path))
            self._mark.tidy()
            yield

    @contextmanager
    def _locked(self, lock: Path, place: Path, *, is_all: bool) -> Iterator[None]:
        """Hold a lock; where there are none the mark does, unless the lock `is_all` that keeps others away."""
        descriptor = opened(lock)
        try:
            is_taken = is_taken_soon(descriptor)
            if is_taken is False:
                raise WrongState(self._owner(descriptor, place))
            if is_taken is None and is_all:
                raise StoreError(
                    f"{place}: must be on a file system with locks (flock), got one without; keep it on another, or "
                    "in PostgreSQL (BESOM_STORE)."
                )
            os.ftruncate(descriptor, 0)
            with suppress(OSError):  # on a full disk the owner goes without its name
                os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def is_vacant(self) -> bool:
        """Whether nobody owns it. Of a dead owner on another machine this is known after some seconds of asking."""
        return not self._is_locked() and self._living_elsewhere() is None

    def listen(self) -> None:
        """Forget what signs of life an owner on another machine has shown so far."""
        self._stethoscope = Stethoscope(self._mark)

    def is_alive_elsewhere(self) -> bool:
        """Whether an owner on another machine has shown a sign of life since `listen`, between two calls of this."""
        return self._living_elsewhere() is not None and self._stethoscope.has_heard_life

    def _living_elsewhere(self) -> Owner | None:
        """The owner on another machine, unless it is dead: then its mark is removed."""
        owner = self._mark.elsewhere()
        if owner is not None and self._stethoscope.is_dead(owner, time.monotonic()):
            self._mark.remove(owner)
            return None
        return owner

    @property
    def is_marked(self) -> bool:
        """Whether its owner, who may be dead, is one that is shared, as within jobs."""
        owner = self._mark.read()
        return owner is not None and owner.is_shared

    @property
    def is_marked_elsewhere(self) -> bool:
        """Whether its owner, who may be dead, is on another machine, shared or not."""
        return self._mark.elsewhere() is not None

    def publish(self, address: str, token: str = "", *, is_lasting: bool = True) -> None:
        """Tell clients that see the folder where the owner listens. For the owner.

        The file is for its user's eyes only.

        Raises:
            StoreError: It cannot be written.
        """
        found = Address(address, token, os.getpid(), socket.gethostname(), is_lasting)
        _write_for_its_user(self._server, json.dumps(asdict(found)))

    def token(self) -> str:
        """The token of servers here that need one and are given none; made once, for agents go on with the next server.

        For the owner. The file is for its user's eyes only; without it, the next server makes another.

        Raises:
            StoreError: It can be neither read nor written.
        """
        try:
            kept = self._token.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            kept = ""
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._token}: must be readable text ({error}); delete it for a new token.") from error
        if not kept:
            kept = secrets.token_urlsafe(_TOKEN_BYTES)
            _write_for_its_user(self._token, kept + "\n")
        return kept

    def find_server(self) -> Address | None:
        """Where the owner listens; None while there is none, or none that has published yet."""
        return self.published() if self._is_locked() or self._mark.elsewhere() is not None else None

    def published(self) -> Address | None:
        """Where the last owner said that it listens, which may be dead; None where it ended in order, or is silent."""
        try:
            return Address(**json.loads(self._server.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Inside: who serves the home only meanwhile is to hand it over, and nobody is to begin with that.

        Raises:
            StoreError: The folder cannot be written to.
        """
        self.make()
        descriptor = opened(self._wish)
        try:
            is_taken_soon(descriptor)  # where another wants it too, either will do
            yield
        finally:
            os.close(descriptor)

    @property
    def is_wanted(self) -> bool:
        """Whether a server that is to last waits for the home."""
        return is_held(self._wish)

    def _is_locked(self) -> bool:
        return is_held(self._lock)

    def _owner(self, descriptor: int, place: Path) -> str:
        pid, _, host = os.pread(descriptor, 1000, 0).decode(errors="replace").partition(" ")
        return self._owned_by(pid, host, place)

    def _owned_by(self, pid: str, host: str, place: Path) -> str:
        server = self.find_server()
        listens = f" at {server.url}" if server else ""
        return (
            f"{place}: one server owns it at a time, and process {pid or '?'} on {host or 'this host'}{listens} "
            "does; use that one, end it, or set BESOM_HOME to another folder."
        )


def _database(named: str | None, home: Path) -> Path | str:
    """The path of a SQLite file, or the URL of another database."""
    if not named:
        return home / "besom.db"
    path = named.removeprefix("sqlite:///")
    return path if "://" in path else Path(path).expanduser().absolute()


def _write_for_its_user(path: Path, text: str) -> None:
    """Put a text there in one step, for its user's eyes only. Raises StoreError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); make room, or set BESOM_HOME to another folder."
        ) from error

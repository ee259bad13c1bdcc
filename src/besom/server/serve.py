"""A server's life: own the home, open the database, listen, publish the address, and leave everything in order."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import Self

import uvicorn

from besom.connections import is_loopback
from besom.errors import ServerError, WrongState
from besom.server.app import App
from besom.server.driver import Driver
from besom.server.home import Home
from besom.server.postman import Postman
from besom.store import open_store

_START_S = 30.0
_GOODBYE_S = 5
_HANDOVER_S = 30.0
"""Longer than a command that serves the home meanwhile takes to answer what is under way, and end."""

log = logging.getLogger("besom.server")


class Server:
    """A server on a thread of its own, from `start` (or `with`) to `stop`.

    Args:
        home: The folder that it owns.
        host: What it listens on; anything but loopback needs a token: the home's, where none is given.
        port: 0 for any that is free.
        token: What requests must bear.
        is_lasting: Agents wait for it when it is away; otherwise one of them takes over.
        is_shared: Other machines may serve the home too, one after the other; see `besom.server.mark`.

    Attributes:
        kept_at: The database, where it is not the home's own file.
        lost: Why it can do nothing more: another server has become the database's owner. It then sends its own process
            SIGTERM.
    """

    def __init__(
        self,
        home: Home,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        is_lasting: bool = True,
        is_shared: bool = False,
    ) -> None:
        self.home = home
        self.is_lasting, self.is_shared = is_lasting, is_shared
        self.host = host
        self.port = port
        self.token = token
        self.address = ""
        self.driver: Driver
        self.app: App
        self.kept_at = ""
        self.lost: WrongState | None = None
        self._open = ExitStack()

    def start(self) -> None:
        """Listen, and publish the address.

        Raises:
            WrongState: Another server owns the home or its database, or the port is in use.
            StoreError: The folder or the database cannot be written.
        """
        with self._first(), ExitStack() as opening:
            fence = opening.enter_context(self.home.own(self._give_way, is_shared=self.is_shared))
            listening = opening.enter_context(listening_at(self.host, self.port))
            self.token = self.token or (None if is_loopback(self.host) else self.home.token())
            store = open_store(self.home.database, fence=fence)
            opening.callback(store.close)
            self.kept_at = "" if self.home.database == self.home.path / "besom.db" else store.place
            self.driver = opening.enter_context(Driver(store, steady=time.monotonic, note_lost=self._lose))
            self.app = App(self.driver, self.token, self.home)
            opening.enter_context(serving(self.app, listening))
            opening.callback(self.app.close)  # uvicorn waits for what listens to come to its end
            self.port = listening.getsockname()[1]
            self.address = f"http://{_reachable(self.host)}:{self.port}"
            if self.is_lasting:
                warming = threading.Thread(target=self.app.warm_up, name="besom-warm-up")
                warming.start()
                opening.callback(warming.join)  # it reads the database
            place = (listening.getsockname()[0], self.port)
            opening.enter_context(Postman(self.home.path, place, self.token, self.address))
            self.home.publish(self.address, self.token or "", is_lasting=self.is_lasting)
            self._open = opening.pop_all()

    def _give_way(self, why: str) -> None:
        self._lose(WrongState(f"{self.home.path}: {why.removesuffix('.')}; this server ends."))

    def _lose(self, error: WrongState) -> None:
        log.error("%s", error)
        self.lost = error
        # It ends a server, and agents of the same process too, as anybody's would. Sent to the whole process it might
        # go to a thread other than the one that waits for it, as where all have just been woken from SIGSTOP.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    @contextmanager
    def _first(self) -> Iterator[None]:
        """A server that lasts goes before commands that own the home only meanwhile: it waits until that is over."""
        if not self.is_lasting:
            yield
            return
        with self.home.wanted():
            until = time.monotonic() + _HANDOVER_S
            while not (self.home.is_vacant() or self._is_late() or time.monotonic() > until):
                time.sleep(0.02)
            yield

    def _is_late(self) -> bool:
        """Whether another that lasts has the home, and lives, as far as can be seen."""
        found = self.home.find_server()
        if found is None or not found.is_lasting:
            return False
        return not self.home.is_marked_elsewhere or self.home.is_alive_elsewhere()

    def stop(self) -> None:
        """Answer what is under way, keep everything, let go of the home. Doing it again changes nothing."""
        self._open.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def wait_for_signal() -> int:
    """The number of the first SIGINT or SIGTERM that comes; for the main thread.

    Further ones are ignored: they would break off how the server closes down.
    """
    came = threading.Event()
    numbers: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        _on_end(signal.SIG_IGN)
        numbers.append(number)
        came.set()

    _on_end(note)
    came.wait()
    return numbers[0]


def _on_end(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Have SIGINT and SIGTERM handled so."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


@contextmanager
def serve_in_thread(
    home: Home,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    *,
    is_lasting: bool = True,
    is_shared: bool = False,
) -> Iterator[Server]:
    """A running server, stopped at the end. Raises as `Server.start`."""
    with Server(home, host, port, token, is_lasting=is_lasting, is_shared=is_shared) as server:
        yield server


def _reachable(host: str) -> str:
    """The name by which others reach what listens on `host`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


@contextmanager
def listening_at(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there. Raises WrongState."""
    try:
        listening = _bound(host, port)
    except OverflowError as error:
        raise WrongState(f"port {port}: must be 0 to 65535; choose another.") from error
    except OSError as error:
        raise WrongState(
            f"{host}:{port}: must be free to listen on, got: {error.strerror}; end what listens there, or choose "
            "another with --port (0 for any that is free)."
        ) from error
    with listening:
        yield listening


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns off Nagle's algorithm (40 ms a request) only where it is.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def serving(app: object, listening: socket.socket) -> Iterator[None]:
    """A thread with uvicorn: there it leaves the process's signals alone."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        access_log=False,
        loop="asyncio",  # uvloop, where it is installed, leaves Nagle's algorithm on
        http="httptools",
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GOODBYE_S,
        server_header=False,
        date_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="besom-http", daemon=True)
    thread.start()
    try:
        until = time.monotonic() + _START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise ServerError("server: did not start to listen; its log says why.")
            time.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        thread.join()

"""The service that a command speaks to: a server's, or this process itself on the home's database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from besom.client import Client
from besom.connections import answers
from besom.errors import NotWritable, ServerUnreachable, StoreError, WrongState
from besom.server.home import Address, Home, home_of
from besom.server.mark import SILENT_S
from besom.server.published import Published, names_file
from besom.service import Service

_PATIENCE_S = 10.0
_PATIENCE_ELSEWHERE_S = SILENT_S + 5.0
_CLIENT_PATIENCE_S = 5.0


@contextmanager
def connect(
    server: str | None = None, token: str | None = None, home: Home | Path | str | None = None
) -> Iterator[Service]:
    """A service to speak to, let go of at the end.

    The server at the address, or at BESOM_SERVER; else the one that owns the home; else this process owns it meanwhile.
    A home that may not be written to is only read: what would change it raises NotWritable.

    Args:
        server: Address of a server; or the file that it publishes, `HOME/server.json`, by which it is also found again
            where it comes back elsewhere.
        token: Its token; BESOM_TOKEN, or the one that the home's server published, otherwise.
        home: The home; BESOM_HOME or ~/.besom otherwise.

    Raises:
        ServerUnreachable: Nothing answers at the address.
        WrongState: Another process owns the home, and does not listen.
        StoreError: The home's database cannot be opened.
    """
    address = server or os.environ.get("BESOM_SERVER")
    token = token or os.environ.get("BESOM_TOKEN")
    if address and names_file(address):
        published = Published(address, token)
        awaited = published.awaited(_CLIENT_PATIENCE_S)
        with Client(*awaited, patience_s=_CLIENT_PATIENCE_S, find=published.find) as client:
            yield client
        return
    if address:
        with Client(address, token, patience_s=_CLIENT_PATIENCE_S) as client:
            yield client
        return
    place = home if isinstance(home, Home) else home_of(home)
    with of_home(place, token) as service:
        yield service


@contextmanager
def of_home(home: Home, token: str | None) -> Iterator[Service]:
    """The home's server, else its database. An owner that does not listen is another command, and soon done.

    Raises:
        ServerUnreachable: The server is on another machine, lives, and cannot be reached from here.
        WrongState, StoreError: See `connect`.
    """
    home.listen()
    until = time.monotonic() + (_PATIENCE_ELSEWHERE_S if home.is_marked_elsewhere else _PATIENCE_S)
    with ExitStack() as owned:
        while True:
            found = home.find_server()
            if found is not None and not is_out_of_reach(home, found):
                break
            if home.is_wanted and time.monotonic() < until:  # a server is about to own it
                time.sleep(0.05)
                continue
            try:
                fence = owned.enter_context(home.own())
            except NotWritable as error:
                yield owned.enter_context(_for_reading(home, error))
                return
            except WrongState:
                if found is not None and home.is_alive_elsewhere():
                    raise ServerUnreachable(_unreachable(home, found)) from None
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
                continue
            yield owned.enter_context(_on_database(home, fence))
            return
    with Client(
        found.url, found.token or token, patience_s=_CLIENT_PATIENCE_S, find=lambda: _address(home, token)
    ) as client:
        yield client


def is_out_of_reach(home: Home, found: Address) -> bool:
    """Whether the home's server is on another machine and does not answer: it is dead, or no network leads there."""
    return home.is_marked_elsewhere and not answers(found.url)


def _unreachable(home: Home, found: Address) -> str:
    return (
        f"{home.path}: its server must answer, got silence of {found.url}; it runs on {found.host}, so ask from a "
        "machine that reaches that one, or when it has ended."
    )


def _address(home: Home, token: str | None) -> tuple[str, str | None] | None:
    """Where the home's server is now, and its token; None while that cannot be seen."""
    try:
        found = home.find_server()
    except StoreError:
        return None
    return (found.url, found.token or token) if found else None


@contextmanager
def _on_database(home: Home, fence: Callable[[], None] | None) -> Iterator[Service]:
    from besom.server.driver import Driver
    from besom.store import open_store

    store = open_store(home.database, fence=fence)
    try:
        with Driver(store) as driver:
            yield driver
    finally:
        store.close()


@contextmanager
def _for_reading(home: Home, why: NotWritable) -> Iterator[Service]:
    """What the home's database holds. Raises `why` it cannot be written to, where there is nothing to read either."""
    from besom.server.reader import Reader
    from besom.store import open_store

    if isinstance(home.database, Path) and not os.access(home.database, os.R_OK):
        raise why
    store = open_store(home.database, read_only=True)
    try:
        yield Reader(store, f"nothing was changed, for the home can only be read: {why}")
    finally:
        store.close()

"""The service that a command speaks to: a server's, or this process itself on the home's database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from besom.client import Client
from besom.errors import WrongState
from besom.server.home import Home, default_home
from besom.service import Service

_PATIENCE_S = 10.0
_CLIENT_PATIENCE_S = 5.0


@contextmanager
def connect(
    server: str | None = None, token: str | None = None, home: Home | Path | str | None = None
) -> Iterator[Service]:
    """A service to speak to, let go of at the end.

    The server at the address, or at BESOM_SERVER; else the one that owns the home; else this process owns it meanwhile.

    Args:
        server: Address of a server.
        token: Its token; BESOM_TOKEN, or the one that the home's server published, otherwise.
        home: The home; BESOM_HOME or ~/.besom otherwise.

    Raises:
        ServerUnreachable: Nothing answers at the address.
        WrongState: Another process owns the home, and does not listen.
        StoreError: The home's database cannot be opened.
    """
    address = server or os.environ.get("BESOM_SERVER")
    token = token or os.environ.get("BESOM_TOKEN")
    if address:
        with Client(address, token, patience_s=_CLIENT_PATIENCE_S) as client:
            yield client
        return
    place = home if isinstance(home, Home) else Home(home) if home else default_home()
    with _of_home(place, token) as service:
        yield service


@contextmanager
def _of_home(home: Home, token: str | None) -> Iterator[Service]:
    """The home's server, else its database. An owner that does not listen is another command, and soon done."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        found = home.find_server()
        if found is not None:
            with Client(
                found.url,
                found.token or token,
                patience_s=_CLIENT_PATIENCE_S,
                find=lambda: _address(home, token),
            ) as client:
                yield client
            return
        owning = home.own()
        try:
            owning.__enter__()
        except WrongState:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
            continue
        break
    error: BaseException | None = None
    try:
        with _on_database(home) as service:
            yield service
    except BaseException as raised:
        error = raised
        raise
    finally:
        owning.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


def _address(home: Home, token: str | None) -> tuple[str, str | None] | None:
    """Where the home's server is now, and its token."""
    found = home.find_server()
    return (found.url, found.token or token) if found else None


@contextmanager
def _on_database(home: Home) -> Iterator[Service]:
    from besom.server.driver import Driver
    from besom.store import open_store

    store = open_store(home.database)
    try:
        with Driver(store) as driver:
            yield driver
    finally:
        store.close()

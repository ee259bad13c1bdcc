"""How commands reach a sweep: the options that say where besom is, and which sweep is meant where none is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from besom.errors import BesomError, UnknownName, WrongState

if TYPE_CHECKING:
    from besom.records import Sweep
    from besom.server.home import Address
    from besom.server.home import Home as Folder
    from besom.service import Service

Server = Annotated[
    str | None,
    typer.Option("--server", envvar="BESOM_SERVER", help="Address of a besom server; the one of the home by default."),
]
Token = Annotated[str | None, typer.Option("--token", envvar="BESOM_TOKEN", help="Token that the server asks for.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="BESOM_HOME", help="Folder of the database and the runs; ~/.besom by default."),
]
SweepName = Annotated[
    str | None, typer.Argument(metavar="[SWEEP]", help="Id or name of the sweep; the newest by default.")
]
LiveSweepName = Annotated[
    str | None,
    typer.Argument(metavar="[SWEEP]", help="Id or name of the sweep; may be left out where only one has not ended."),
]
TrialNumber = Annotated[int | None, typer.Option("--trial", "-t", min=0, help="Number of a trial.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_PATIENCE_S = 10.0
_LOOK_S = 0.05
_CLIENT_PATIENCE_S = 5.0


@contextmanager
def connected(server: str | None, token: str | None, home: Path | None) -> Iterator[Service]:
    """The service at `server`, or the one of `home`. Raises ServerUnreachable, NotAllowed, StoreError."""
    from besom.server.connect import connect

    with connect(server=server, token=token, home=home) as service:
        yield service


@contextmanager
def joined(server: str | None, token: str | None, home: Path | None) -> Iterator[tuple[Service, dict[str, str]]]:
    """The service at `server`, or of the home's live server, or of one served here meanwhile; and scripts' environment.

    Other commands, agents and scripts reach the sweep meanwhile: the environment names the server.
    """
    from besom.client import Client
    from besom.server.home import Home as Folder
    from besom.server.home import default_home
    from besom.server.serve import serve_in_thread

    if server:
        with connected(server, token, home) as service:
            yield service, _environment(server, token or "")
        return
    folder = Folder(home) if home else default_home()
    until = time.monotonic() + _PATIENCE_S
    with ExitStack() as stack:
        while (found := folder.find_server()) is None:
            try:
                served = stack.enter_context(serve_in_thread(folder, token=token, is_lasting=False))
            except WrongState:  # another process has just become the owner, and is about to say where it listens
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK_S)
            else:
                yield served.driver, _environment(served.address, served.token or "")
                return
        heir = _Heir(folder, found, token, stack)
        client = Client(found.url, found.token or token, patience_s=_CLIENT_PATIENCE_S, find=heir.find)
        yield stack.enter_context(client), _environment(found.url, found.token or token or "")


class _Heir:
    """Knows where the home's server is; serves itself, where it was another command that did and has ended."""

    def __init__(self, home: Folder, found: Address, token: str | None, stack: ExitStack) -> None:
        self._home, self._known, self._token, self._stack = home, found, token, stack
        self._lock = threading.Lock()

    def find(self) -> tuple[str, str | None] | None:
        """Address and token of the server, which may be this process's own from now on; None while there is none."""
        from besom.server.serve import serve_in_thread

        with self._lock:
            found = self._home.find_server()
            if found is not None:
                self._known = found
            elif self._known.is_lasting:
                return None
            else:
                token = self._known.token or self._token
                serving = serve_in_thread(self._home, token=token, is_lasting=False)
                try:
                    served = self._stack.enter_context(serving)
                except BesomError:  # somebody else is quicker, or the disk is full
                    return None
                return served.address, served.token
            return found.url, found.token or self._token


def page_of(address: str, sweep_id: str = "", token: str | None = None) -> str:
    """The address of a sweep's page, or of the list of all. With the token it lets in whoever reads it."""
    path = f"sweeps/{quote(sweep_id, safe='')}" if sweep_id else ""
    return f"{address.rstrip('/')}/{path}" + (f"#token={quote(token, safe='')}" if token else "")


def _environment(url: str, token: str) -> dict[str, str]:
    return {"BESOM_SERVER": url, **({"BESOM_TOKEN": token} if token else {})}


def chosen(service: Service, name: str | None) -> Sweep:
    """The sweep with the id or name `name`; the newest, which is then told, where None. Raises UnknownName."""
    if name is not None:
        return _named(service, name)
    sweeps = service.sweeps()
    if not sweeps:
        raise UnknownName("sweep: there is none yet; start one with `besom run FILE`.")
    newest = max(sweeps, key=lambda sweep: sweep.created_at)
    if len(sweeps) > 1:
        _tell(newest, "the newest")
    return newest


def chosen_live(service: Service, name: str | None) -> Sweep:
    """The sweep with the id or name `name`; where None, the only one that has not ended. Raises UnknownName."""
    if name is not None:
        return _named(service, name)
    live = [sweep for sweep in service.sweeps() if not sweep.state.has_ended]
    if len(live) != 1:
        names = ", ".join(sweep.id for sweep in live) or "none"
        raise UnknownName(f"sweep: exactly one must be unfinished where none is named, got {names}; name it.")
    _tell(live[0], "the only one that has not ended")
    return live[0]


def _named(service: Service, name: str) -> Sweep:
    try:
        return service.sweep(name)
    except UnknownName:
        same = [sweep for sweep in service.sweeps() if sweep.name == name]
        if not same:
            raise
        newest = max(same, key=lambda sweep: sweep.created_at)
        _tell(newest, "the newest of that name" if len(same) > 1 else "of that name")
        return newest


def _tell(sweep: Sweep, why: str) -> None:
    """Say on standard error which sweep was taken, so that standard output stays the answer alone."""
    name = f" ({sweep.name})" if sweep.name != sweep.id else ""
    typer.echo(f"sweep {sweep.id}{name}: {why}", err=True)

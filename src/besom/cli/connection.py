"""How commands reach a sweep: the options that say where besom is, and which sweep is meant where none is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from besom.errors import UnknownName, WrongState

if TYPE_CHECKING:
    from besom.records import Sweep
    from besom.service import Service

Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="BESOM_SERVER",
        help="Address of a besom server, or the path of its home; the server of one's own home by default.",
    ),
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

_NO_SWEEP = "sweep: there is none yet; start one with `besom run FILE`."
_CLIENT_PATIENCE_S = 5.0
_START_PATIENCE_S = 30.0
_REREAD_S = 2.0


@contextmanager
def connected(
    server: str | None, token: str | None, home: Path | None, *, makes_home: bool = False
) -> Iterator[Service]:
    """The service at `server`, or the one of `home`.

    Where the home has nothing that could be looked at, it is made with `makes_home` only.

    Raises:
        UnknownName: There is no sweep, or no such home.
        ServerUnreachable, NotAllowed, StoreError: The service cannot be spoken to.
    """
    from besom.server.connect import connect

    if not makes_home:
        need_sweeps(server, home)
    with connect(server=server, token=token, home=home) as service:
        yield service


def need_sweeps(server: str | None, home: Path | None) -> None:
    """Refuse a home that can have no sweep. Raises UnknownName."""
    if is_empty(server, home):
        raise UnknownName(_NO_SWEEP)


def is_empty(server: str | None, home: Path | None) -> bool:
    """Whether a home without server or database is meant. Raises UnknownName where the one named is not there."""
    from besom.server.home import home_of

    if server:
        return False
    place = home_of(home)
    try:
        if place.has_database or place.find_server() is not None:
            return False
        is_there = place.path.exists()
    except OSError:  # whoever connects is told why it cannot be seen
        return False
    if home and not is_there:
        raise UnknownName(
            f"home {place.path}: must exist to be looked at, got no such folder; name another with --home."
        )
    return True


@contextmanager
def joined(server: str | None, token: str | None, home: Path | None) -> Iterator[tuple[Service, dict[str, str]]]:
    """The service at `server`, or of the home's live server, or of one served here meanwhile; and scripts' environment.

    Other commands, agents and scripts reach the sweep meanwhile: the environment names the server, and another one once
    that has taken the home over.
    """
    from besom.cli.heir import Heir
    from besom.client import Client
    from besom.server.home import home_of
    from besom.server.published import Published, names_file

    if server and names_file(server):
        place = Published(server, token)
        awaited = place.awaited(_CLIENT_PATIENCE_S)
        with Client(*awaited, patience_s=_CLIENT_PATIENCE_S, find=place.find) as client:
            yield client, place.environment
        return
    if server:
        from besom.server.bridge import way_for_scripts

        with connected(server, token, home) as service, way_for_scripts(server, token) as environment:
            yield service, environment
        return
    with Heir(home_of(home), token) as heir:
        with Client(*heir.begin(), patience_s=_START_PATIENCE_S, find=heir.find) as first:
            first.agents()  # the server that was found may just be handing over to another, which then starts
        with Client(*heir.begin(), patience_s=_CLIENT_PATIENCE_S, find=heir.find) as client:
            yield client, heir.environment


@contextmanager
def followed(server: str | None, token: str | None, home: Path | None) -> Iterator[Service]:
    """As `joined`; of a home that may only be read, what its database holds now and then."""
    from besom.errors import NotWritable
    from besom.server.reader import Reader

    with ExitStack() as stack:
        try:
            service, _ = stack.enter_context(joined(server, token, home))
        except NotWritable:
            service = stack.enter_context(connected(server, token, home))
        if isinstance(service, Reader):
            service.again_s = _REREAD_S
        yield service


def watched_at(server: str | None, environment: Mapping[str, str], sweep_id: str) -> str:
    """Where a person sees the sweep's page. A server that is reached by files has told where that is, and on what host.

    Args:
        server: As it was given.
        environment: What `joined` gave for it.
        sweep_id: The sweep.
    """
    from besom.post import Sender

    shared = shared_home(server)
    sign = None if shared is None else Sender(shared).sign()
    return f"{page_of(sign.page, sweep_id)} on {sign.host}" if sign else page_of(environment["BESOM_SERVER"], sweep_id)


def shared_home(server: str | None) -> Path | None:
    """The home that is the server's address where no network leads to it; None for any other address."""
    from besom.post import folder_of
    from besom.server.published import names_file

    return folder_of(server) if server and not names_file(server) else None


def page_of(address: str, sweep_id: str = "", token: str | None = None) -> str:
    """The address of a sweep's page, or of the list of all. With the token it lets in whoever reads it."""
    path = f"sweeps/{quote(sweep_id, safe='')}" if sweep_id else ""
    return f"{address.rstrip('/')}/{path}" + (f"#token={quote(token, safe='')}" if token else "")


def chosen(service: Service, name: str | None) -> Sweep:
    """The sweep with the id or name `name`; the newest, which is then told, where None. Raises UnknownName."""
    if name is not None:
        return _named(service, name)
    sweeps = service.sweeps()
    if not sweeps:
        raise UnknownName(_NO_SWEEP)
    newest = max(sweeps, key=lambda sweep: sweep.created_at)
    if len(sweeps) > 1:
        tell_choice(newest, "the newest")
    return newest


def chosen_live(service: Service, name: str | None) -> Sweep:
    """The sweep with the id or name `name`; where None, the only one that has not ended. Raises UnknownName."""
    if name is not None:
        return _named(service, name)
    return _only([sweep for sweep in service.sweeps() if not sweep.state.has_ended], "unfinished")


def chosen_paused(service: Service, name: str | None) -> Sweep:
    """The sweep with the id or name `name`; where None, the only one that is paused. Raises UnknownName."""
    from besom.records import SweepState

    if name is not None:
        return _named(service, name)
    return _only([sweep for sweep in service.sweeps() if sweep.state is SweepState.PAUSED], "paused")


def _only(sweeps: Sequence[Sweep], state: str) -> Sweep:
    """The only one of the sweeps, which are those in a state; it is told. Raises UnknownName."""
    if len(sweeps) != 1:
        names = ", ".join(sweep.id for sweep in sweeps) or "none"
        raise UnknownName(f"sweep: exactly one must be {state} where none is named, got {names}; name it.")
    tell_choice(sweeps[0], f"the only one that is {state}")
    return sweeps[0]


def need_program(sweep: Sweep) -> None:
    """Refuse agents that would have nothing to execute. Raises WrongState."""
    if not (sweep.file.get("program") or sweep.file.get("command")):
        raise WrongState(
            f"sweep {sweep.id}: an agent needs a program, got none; add `program` to the sweep file and create a sweep "
            f"from that, or run a function from Python: `besom.agent({sweep.id!r}, function)`."
        )


def _named(service: Service, name: str) -> Sweep:
    from besom.service import sweeps_called

    newest, *others = sweeps_called(service, name)
    if newest.id != name:
        tell_choice(newest, "the newest of that name" if others else "of that name")
    return newest


def tell_choice(sweep: Sweep, why: str) -> None:
    """Say on standard error which sweep was taken, so that standard output stays the answer alone."""
    name = f" ({sweep.name})" if sweep.name != sweep.id else ""
    typer.echo(f"sweep {sweep.id}{name}: {why}", err=True)

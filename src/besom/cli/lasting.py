"""What commands need whose agents outlive them: a home, a server that stays up, a sweep that is named or made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from besom.cli.connection import chosen, connected
from besom.errors import WrongState

if TYPE_CHECKING:
    from besom.records import Sweep
    from besom.service import Service
    from besom.sweepfile import Loaded, SweepFile

T = TypeVar("T")


def lasting_server(server: str | None, token: str | None, home: Path | None) -> tuple[str, str]:
    """Address and token of a server that outlives this command. Raises WrongState."""
    from besom.server.home import home_of

    if server:
        return server, token or ""
    place = home_of(home)
    found = place.find_server()
    if found is None or not found.is_lasting:
        raise WrongState(
            f"{place.path}: agents elsewhere need a server that stays up, got none; start one by "
            "`besom server --host 0.0.0.0`, on a machine that the nodes reach."
        )
    return found.url, found.token or token or ""


def left_at_work(too_many: int) -> str:
    """What `scale` says of agents that it would end, were they not at work."""
    return f"{too_many} more {'is' if too_many == 1 else 'are'} at work and left to it"


def is_file(sweep: str) -> bool:
    """Whether a file is meant, and not a sweep's id or name."""
    return sweep.endswith((".yaml", ".yml", ".json")) or Path(sweep).is_file()


def sweep_for(
    sweep: str, address: tuple[str, str], home: Path | None, settle: Callable[[SweepFile], T]
) -> tuple[Sweep, T]:
    """The sweep, the one named or a new one of the file named, which is told; and what `settle` makes of its file.

    Nothing is created where `settle` raises.

    Raises:
        SweepFileError: The file is wrong.
        UnknownName: There is no such sweep.
    """
    from besom import sweepfile

    with connected(*address, home, makes_home=True) as service:
        if not is_file(sweep):
            found = chosen(service, sweep)
            return found, settle(sweepfile.parse(dict(found.file)))
        loaded = sweepfile.load(Path(sweep))
        settled = settle(loaded.file)
        return sweep_from(service, loaded), settled


def sweep_from(service: Service, loaded: Loaded) -> Sweep:
    """A new sweep of a file, which is told."""
    from besom.cli.checking import warn

    warn(service, loaded.path, loaded.file.program)
    created = service.create_sweep(loaded.raw, str(loaded.path.absolute().parent))
    typer.echo(f"sweep {created.id} is created", err=True)
    return created

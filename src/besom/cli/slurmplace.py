"""Where the agents of a submit are to find its sweep, and where this command does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from besom.cli.connection import connected
from besom.errors import WrongState
from besom.launch.slurm import IN_JOB, check_reach
from besom.server.connect import of_home
from besom.server.home import Address, Home, home_of
from besom.service import Service

FOLDER = "folder"
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sweep is.

    Attributes:
        server, token: What agents are told.
        home: Where this command finds it; None for at the server.
    """

    server: str
    token: str
    home: Home | None = None

    @contextmanager
    def service(self) -> Iterator[Service]:
        """The service to make the sweep with. Raises ServerUnreachable, NotAllowed, StoreError, WrongState."""
        if self.home is not None:
            with of_home(self.home, self.token) as service:
                yield service
        else:
            with connected(self.server, self.token, None) as service:
                yield service


def place_of(wanted: str | None, token: str | None, home: Path | None) -> Place:
    """Where agents find the sweep, if it can be found there.

    Args:
        wanted: `in-job`, `folder`, an address, or None for the home's own server, be it one within jobs.
        token: Of the server at an address.
        home: BESOM_HOME or ~/.besom otherwise.

    Raises:
        WrongState: There is no server that stays up, or that nodes reach; or one where they are to run their own.
        ControllerUnreachable, SlurmError: See `besom.launch.slurm`.
    """
    folder = home_of(home)
    if wanted not in (None, IN_JOB, FOLDER):
        check_reach(wanted)
        return Place(wanted, token or "")
    found = folder.find_server()
    if wanted == IN_JOB or (wanted is None and found is not None and folder.is_marked):
        _see_that_none_serves(folder, found)
        return Place(IN_JOB, secrets.token_urlsafe(_TOKEN_BYTES), folder)
    if found is None or not found.is_lasting:
        start = "`besom server`" if wanted == FOLDER else "`besom server --host 0.0.0.0` on a machine that nodes reach"
        raise WrongState(
            f"{folder.path}: jobs need a server that stays up, got none; start {start}, or have it run within the jobs "
            "by --server in-job."
        )
    if wanted == FOLDER:
        return Place(str(folder.path), "", folder)
    check_reach(found.url)
    return Place(found.url, found.token or token or "", folder)


def _see_that_none_serves(home: Home, found: Address | None) -> None:
    if found is not None and not home.is_marked:
        raise WrongState(
            f"{home.path}: jobs can run its server only if nothing else does, got one at {found.url}; end that one, "
            "or leave out --server in-job."
        )

"""Commands that offer sweeps and work on them: server, sweep, agent."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from pathlib import Path
from time import monotonic, sleep
from time import time as clock
from typing import TYPE_CHECKING, Annotated

import typer

from besom.cli.connection import Home, Json, Server, Token, connected, joined, page_of
from besom.cli.readers import outlasting_readers
from besom.errors import ConfigError, ServerUnreachable

if TYPE_CHECKING:
    from besom.service import Service

_TURN_S = 0.0005
EXIT_NO_SERVER = 69
"""sysexits' EX_UNAVAILABLE: none was there for as long as the agent may have nothing to do."""
EXIT_WANTS_TIME = 75
"""sysexits' EX_TEMPFAIL: try again, with more time."""
_LOOK_AGAIN_S = 1.0


@outlasting_readers()
def server(
    *,
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Address to listen on; for any but loopback the home has a token where none is given."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8123,
    token: Token = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            envvar="BESOM_STORE",
            metavar="URL",
            help="Where sweeps are kept: postgresql://USER@HOST/NAME, or a SQLite file; one in the home by default.",
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Serve the sweeps of a home until Ctrl-C, to besom's own agents and to W&B's client."""
    from besom.connections import wandb_key
    from besom.server.home import Home as Folder
    from besom.server.home import home_of
    from besom.server.serve import serve_in_thread, wait_for_signal

    # Each message is handed from the event loop to the writer and back: Python's 5 ms turns would be long waits.
    sys.setswitchinterval(_TURN_S)
    place = Folder(home_of(home).path, store)
    if (found := place.find_server()) is not None and not found.is_lasting:
        typer.echo(f"process {found.pid} serves {place.path} meanwhile; takes over from it", err=True)
    with serve_in_thread(place, host, port, token) as served:
        gc.freeze()  # what is loaded now stays: to search it for garbage again and again is a sixth of a large answer
        typer.echo(f"The dashboard is at {page_of(served.address, token=served.token)}")
        typer.echo(f"besom listens at {served.address}, its home is {served.home.path}")
        if served.kept_at:
            typer.echo(f"Its sweeps are kept at {served.kept_at}")
        typer.echo("\nFor besom on other terminals and machines, then besom sweep FILE and besom agent SWEEP:")
        typer.echo(f"  export BESOM_SERVER={served.address}")
        if served.token:
            typer.echo(f"  export BESOM_TOKEN={served.token}")
        typer.echo("\nWhere no network leads here, but the home's folder can be seen; no token is asked for then:")
        typer.echo(f"  export BESOM_SERVER={shlex.quote(str(served.home.path))}")
        typer.echo("\nFor W&B's own client: wandb sweep, wandb agent, and every script and notebook that uses it:")
        typer.echo(f"  export WANDB_BASE_URL={served.address}")
        typer.echo(f"  export WANDB_API_KEY={wandb_key(served.token)}")
        typer.echo("\nCtrl-C ends the server; agents wait until it is back.")
        wait_for_signal()
        if served.lost is not None:
            raise typer.Exit(2)


def sweep(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sweep file, YAML or JSON.")],
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Create a sweep, and print its id and the agent's command."""
    from besom import sweepfile
    from besom.cli.checking import warn
    from besom.cli.shapes import print_json

    loaded = sweepfile.load(file)
    with connected(server, token, home, makes_home=True) as service:
        warn(service, file, loaded.file.program)
        created = service.create_sweep(loaded.raw, str(file.absolute().parent))
    command = _agent_command(created.id, server, token, home)
    if json:
        print_json({"sweep": created, "agent": command})
    else:
        typer.echo(f"sweep {created.id}\n{command}")


def _agent_command(sweep_id: str, server: str | None, token: str | None, home: Path | None) -> str:
    """What starts an agent of the sweep from any shell: with the places that were given, quoted."""
    from besom.cli.connection import shared_home

    at = str(shared_home(server) or server or "")
    places = {"--server": at, "--token": token, "--home": str(home.absolute()) if home else None}
    words = ["besom", "agent", sweep_id, *(word for name, at in places.items() if at for word in (name, at))]
    return shlex.join(words)


@outlasting_readers()
def agent(
    *,
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="Id or name of the sweep.")],
    count: Annotated[int | None, typer.Option("--count", min=1, help="So many runs at most.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The agent's name, for people.")] = None,
    gpus: Annotated[
        str | None, typer.Option("--gpus", help='GPUs of its runs, as in CUDA_VISIBLE_DEVICES; "" for none.')
    ] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where runs get their folders.")] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", help="How long it has, as 90m or 4h; within a SLURM job the job's own time by default."),
    ] = None,
    idle: Annotated[
        str | None, typer.Option("--idle", help="End after so long without a run or, at first, a server, as 5m.")
    ] = None,
    attempt: Annotated[str | None, typer.Option("--attempt", hidden=True)] = None,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Execute runs of a sweep here, one after the other.

    Serves the home's sweeps meanwhile where no server does, so that further agents can join. Ends when the sweep has
    none left. Ctrl-C gives the run in hand back to the sweep. Takes no run that its time would cut off, unless the
    script keeps checkpoints; where that ended it, the exit code is 75.
    """
    import logging

    from besom.agent import Agent, stop_on_signals
    from besom.cli.connection import chosen, need_program, shared_home, watched_at
    from besom.launch.slurm import blames_in, is_superseded, job_ends_at

    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    logging.getLogger("besom").setLevel(logging.INFO)
    time_s, idle_s = seconds_of("--time", time), seconds_of("--idle", idle)
    wanted = None if gpus is None else tuple(word.strip() for word in gpus.split(",") if word.strip())
    with joined(server, token, home) as (service, environment):
        if idle_s is not None:
            _await_server(service, idle_s)
        found = chosen(service, sweep)
        need_program(found)
        runs = folder or runs_of(found.id, home or shared_home(server))
        ends_at = job_ends_at(os.environ) if time_s is None else clock() + time_s
        worker = Agent(
            service,
            found.id,
            runs,
            count,
            wanted,
            name,
            environment=environment,
            ends_at=ends_at,
            idle_s=idle_s,
            blames=lambda: blames_in(attempt) if attempt else {},
            has_successor=lambda: attempt is not None and is_superseded(attempt),
        )
        typer.echo(f"watch it at {watched_at(server, environment, found.id)}")
        interrupted = False

        def stop(now: bool) -> None:
            nonlocal interrupted
            interrupted = True
            worker.stop(now)

        with stop_on_signals(stop, is_last=True):
            done = worker.run()
    typer.echo(f"agent {worker.name}: {done} {'run' if done == 1 else 'runs'} done")
    if interrupted:
        raise typer.Exit(130)
    if worker.wants_time:
        raise typer.Exit(EXIT_WANTS_TIME)


def _await_server(service: Service, patience_s: float) -> None:
    """Wait for a server that is away, as its machine starts again; agents at work do so too."""
    until, has_told = monotonic() + patience_s, False
    while True:
        try:
            service.agents()
        except ServerUnreachable as error:
            if monotonic() >= until:
                typer.echo(f"error: {error}", err=True)
                raise typer.Exit(EXIT_NO_SERVER) from None
            if not has_told:
                typer.echo(f"no server answers yet; the agent waits for one, {patience_s:.0f} s at most", err=True)
            has_told = True
            sleep(_LOOK_AGAIN_S)
        else:
            return


def seconds_of(option: str, text: str | None) -> float | None:
    """Seconds of a duration such as `90m`; None where none is given. Raises ConfigError."""
    from besom.sweepfile.durations import seconds_from_text

    if text is None:
        return None
    try:
        return float(seconds_from_text(text))
    except ValueError as error:
        raise ConfigError(f"{option}: {error}, got {text!r}; correct it.") from error


def runs_of(sweep_id: str, home: Path | None) -> Path:
    """Where agents keep the sweep's runs in `home` (BESOM_HOME or ~/.besom without one)."""
    from besom.server.home import home_of

    return home_of(home).runs(sweep_id)

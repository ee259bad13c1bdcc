"""Commands that have Ray start agents: ray submit, status, cancel, scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.connection import Home, Json, LiveSweepName, Server, SweepName, Token, chosen, chosen_live, connected
from besom.cli.lasting import left_at_work
from besom.errors import WrongState

if TYPE_CHECKING:
    from besom.launch.ray import Standing
    from besom.records import Sweep

_HEADER = ("agent", "state", "node", "restarts", "heard of", "trial")

app = typer.Typer(name="ray", no_args_is_help=True, rich_markup_mode=None, help="Have Ray start agents.")

Address = Annotated[
    str,
    typer.Option(
        "--address", envvar="RAY_ADDRESS", help="The Ray cluster: host:port, ray://host:port, or this machine's own."
    ),
]


@app.command()
def submit(
    *,
    sweep: Annotated[
        str, typer.Argument(metavar="SWEEP", help="Id or name of a sweep, or a sweep file to create one from.")
    ],
    agents: Annotated[int | None, typer.Option("--agents", min=1, help="How many agents; 1 by default.")] = None,
    gpus: Annotated[
        float | None, typer.Option("--gpus", min=0, help="GPUs of each agent; 0.5 lets two share one.")
    ] = None,
    cpus: Annotated[int | None, typer.Option("--cpus", min=1, help="CPU cores of each agent.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="Memory of each agent, as 16G.")] = None,
    idle: Annotated[str | None, typer.Option("--idle", help="End an agent after so long without a run; 5m.")] = None,
    address: Address = "auto",
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Have a Ray cluster run agents for a sweep, each as an actor that stays when this command ends.

    GPUs and cores that are not said here are those of the sweep file's `resources`. When a node dies, Ray starts its
    agents elsewhere. All of them end with the sweep.
    """
    from time import time as now

    from besom.cli.hosting import seconds_of
    from besom.cli.lasting import lasting_server, sweep_for
    from besom.cli.shapes import print_json
    from besom.launch import ray
    from besom.server.home import home_of

    given: dict[str, Any] = {"agents": agents, "gpus": gpus, "cpus": cpus, "memory": memory}
    given["idle_s"] = seconds_of("--idle", idle)
    place = lasting_server(server, token, home)
    with ray.joined(address):
        ray.check_reach(place[0])
        found, options = sweep_for(sweep, place, home, lambda file: ray.settled(file, given))
        launch = ray.Launch.prepare(home_of(home).path, found.id, place, options, now())
        submitted = ray.submit(launch)
    if json:
        print_json({"sweep": found.id, "launch": launch.token, "actors": launch.actors, "folder": launch.folder})
        return
    typer.echo(f"{options.agents} {'agent' if options.agents == 1 else 'agents'} of sweep {found.id}")
    if not submitted.has_begun:
        typer.echo("none has begun yet: they wait until the cluster has room")
    typer.echo(f"how they stand: besom ray status {found.id}")


@app.command()
def status(
    *,
    sweep: SweepName = None,
    address: Address = "auto",
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Tell how each agent stands: where Ray has it, and when besom last heard of it."""
    from time import time as now

    from besom.cli.columns import columns
    from besom.cli.shapes import print_json

    found, standing = _standings(sweep, address, server, token, home)
    if json:
        print_json(standing)
        return
    typer.echo(f"sweep {found.id} is {found.state}")
    if not standing:
        typer.echo("no agent of it is in the cluster")
        return
    for line in columns(_HEADER, [_row(each, now()) for each in standing], right=(3, 5)):
        typer.echo(line)


@app.command()
def cancel(
    *,
    sweep: SweepName = None,
    address: Address = "auto",
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """End all agents of a sweep that are in the cluster; their runs go back to it. The sweep stays."""
    from besom.cli.shapes import print_json
    from besom.launch import ray

    with connected(server, token, home) as service:
        found, known = chosen(service, sweep), {agent.name for agent in service.agents()}
    with ray.joined(address):
        actors = ray.cancel(found.id, _grace_s(found), known)
    if json:
        print_json({"cancelled": actors})
    else:
        typer.echo(f"cancelled: {', '.join(actors)}" if actors else "no agent was left")


@app.command()
def scale(
    *,
    sweep: LiveSweepName = None,
    agents: Annotated[int, typer.Option("--agents", min=0, help="How many agents there shall be.")],
    address: Address = "auto",
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Start more agents like the last ones, or end some that wait or have nothing to do, until there are so many."""
    from time import time as now

    from besom.cli.shapes import print_json
    from besom.launch import ray
    from besom.server.home import home_of

    with connected(server, token, home) as service:
        found = chosen_live(service, sweep)
        known, running = service.agents(), service.progress(found.id).running
    launches = ray.Launch.of_sweep(home_of(home).path, found.id)
    if not launches:
        raise WrongState(
            f"sweep {found.id}: needs agents that were submitted from this home, got none; "
            f"do so by `besom ray submit {found.id}`."
        )
    with ray.joined(address):
        standing = ray.standings(found.id, known, running)
        scaled = ray.scale(found.id, launches, agents, standing, _grace_s(found), now())
    started = scaled.submitted.launch.actors if scaled.submitted else []
    if json:
        print_json({"started": started, "cancelled": scaled.cancelled, "too_many": scaled.too_many})
        return
    if started:
        typer.echo(f"{len(started)} more")
    if scaled.cancelled:
        typer.echo(f"cancelled: {', '.join(scaled.cancelled)}")
    if scaled.too_many:
        typer.echo(left_at_work(scaled.too_many))


def _standings(
    sweep: str | None, address: str, server: str | None, token: str | None, home: Path | None
) -> tuple[Sweep, list[Standing]]:
    """The sweep, and how its agents stand."""
    from besom.launch import ray

    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        known, running = service.agents(), service.progress(found.id).running
    with ray.joined(address):
        return found, ray.standings(found.id, known, running)


def _grace_s(sweep: Sweep) -> float:
    from besom import sweepfile

    return sweepfile.parse(dict(sweep.file)).besom.grace


def _row(standing: Standing, now: float) -> list[str]:
    from besom.analysis.wording import duration

    seen_at = standing.seen_at
    return [
        str(standing.index),
        standing.state,
        standing.node or "-",
        "" if standing.restarts is None else str(standing.restarts),
        "never" if seen_at is None else f"{duration(max(0.0, now - seen_at))} ago",
        "" if standing.trial is None else str(standing.trial),
    ]

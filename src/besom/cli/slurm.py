"""Commands that have SLURM start agents: slurm submit, status, logs, cancel, scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.connection import (
    Home,
    Json,
    LiveSweepName,
    Server,
    SweepName,
    Token,
    chosen,
    chosen_live,
    connected,
)
from besom.cli.lasting import left_at_work
from besom.cli.slurmsweeps import launches_of, submitted
from besom.errors import ConfigError

if TYPE_CHECKING:
    from besom.cli.slurmplace import Place
    from besom.launch.slurm import Launch, Standing
    from besom.records import Sweep

_LAST_LINES = 10
_PLACEHOLDER = "SWEEP"

app = typer.Typer(name="slurm", no_args_is_help=True, rich_markup_mode=None, help="Have SLURM start agents.")


@app.command()
def submit(
    *,
    sweep: Annotated[
        str, typer.Argument(metavar="SWEEP", help="Id or name of a sweep, or a sweep file to create one from.")
    ],
    sbatch: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTION...]", help="Further options of sbatch, behind --.")
    ] = None,
    agents: Annotated[int | None, typer.Option("--agents", min=1, help="How many agents; 1 by default.")] = None,
    gpus: Annotated[int | None, typer.Option("--gpus", min=0, help="GPUs of each agent.")] = None,
    cpus: Annotated[int | None, typer.Option("--cpus", min=1, help="CPU cores of each agent.")] = None,
    mem: Annotated[str | None, typer.Option("--mem", help="Memory of each agent, as 16G.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Time limit of a job, as 90m, 4h or D-HH:MM:SS.")] = None,
    partition: Annotated[str | None, typer.Option("--partition", help="Partition to submit to.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Account to charge.")] = None,
    qos: Annotated[str | None, typer.Option("--qos", help="Quality of service.")] = None,
    packed: Annotated[
        bool | None, typer.Option("--packed/--array", help="One job with all agents, or (default) a job for each.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="A Jinja template for the job's script, instead of besom's own.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the job's script, and submit nothing.")] = False,
    json: Json = False,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            envvar="BESOM_SERVER",
            help="Address of a besom server that nodes reach, the one of the home by default; in-job for a server "
            "within the jobs; folder for agents that speak to the home's server by files.",
        ),
    ] = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Submit agents for a sweep.

    What is not said here is taken from the sweep file's `besom: slurm:`, then from slurm.yaml in besom's home and in
    /etc/besom. Jobs near their time limit, and preempted ones, give their run back and are requeued.
    """
    given: dict[str, Any] = {"agents": agents, "gpus": gpus, "cpus": cpus, "mem": mem, "time": time}
    given |= {"partition": partition, "account": account, "qos": qos, "packed": packed, "options": sbatch}
    given |= {"server": server, "template": str(template.absolute()) if template else None}
    from time import time as now

    from besom.cli.shapes import print_json
    from besom.cli.slurmplace import place_of
    from besom.launch import slurm
    from besom.server.home import home_of

    drafted = _drafted(sweep, given, token, home)
    if dry_run:
        typer.echo(slurm.script_of(drafted), nl=False)
        return
    place = place_of(drafted.options.server, token, home)
    found = _sweep(sweep, drafted, place)
    earlier = slurm.recover(slurm.Launch.of_sweep(home_of(home).path, found.id), now())
    for launch in earlier:
        typer.echo(
            f"job {launch.job} of an earlier submit, whose answer was lost, is known to SLURM; nothing further is "
            "submitted, run it again for more",
            err=True,
        )
    try:
        launch = earlier[-1] if earlier else slurm.submit(_launch(found, given, (place.server, place.token), home))
    except slurm.SlurmError:
        typer.echo(f"sweep {found.id} is there; once SLURM takes it: besom slurm submit {found.id}", err=True)
        raise
    if json:
        print_json({"sweep": found.id, "job": launch.job, "launch": launch.token, "folder": launch.folder})
        return
    count = launch.options.agents
    typer.echo(f"job {launch.job}: {count} {'agent' if count == 1 else 'agents'} of sweep {found.id}")
    typer.echo(f"how they stand: besom slurm status {found.id}")


def _drafted(name: str, given: dict[str, Any], token: str | None, home: Path | None) -> Launch:
    """The launch that a dry run shows. A sweep file is not made a sweep, so its id is not known."""
    from besom import sweepfile
    from besom.cli.lasting import is_file
    from besom.records import Sweep
    from besom.server.connect import of_home
    from besom.server.home import home_of

    if is_file(name):
        loaded = sweepfile.load(Path(name))
        sweep = Sweep(_PLACEHOLDER, loaded.raw, 0, 0.0, folder=str(loaded.path.absolute().parent))
    else:
        is_named = given["server"] not in (None, "in-job", "folder")
        with connected(given["server"], token, home) if is_named else of_home(home_of(home), token) as service:
            sweep = chosen(service, name)
    return _launch(sweep, given, ("", ""), home)


def _sweep(name: str, drafted: Launch, place: Place) -> Sweep:
    """The sweep, made of a file where one is named: not before all that is asked for is found right."""
    from besom import sweepfile
    from besom.cli.lasting import is_file, sweep_from
    from besom.launch.slurm import script_of

    with place.service() as service:
        if not is_file(name):
            return service.sweep(drafted.sweep_id)
        script_of(drafted)
        return sweep_from(service, sweepfile.load(Path(name)))


def _launch(sweep: Sweep, given: dict[str, Any], address: tuple[str, str], home: Path | None) -> Launch:
    from time import time as now

    from besom import sweepfile
    from besom.launch import slurm
    from besom.launch.slurm.options import SITE
    from besom.server.home import home_of

    place = home_of(home).path
    file = sweepfile.parse(dict(sweep.file))
    options = slurm.settled(file, Path(sweep.folder or "."), (SITE, place / "slurm.yaml"), given)
    return slurm.Launch.prepare(place, sweep.id, address, options, now())


def _standings(
    sweep: str | None, server: str | None, token: str | None, home: Path | None
) -> tuple[Sweep, list[Launch], list[Standing]]:
    """The sweep, what was submitted for it, and how that stands."""
    from besom.launch import slurm

    with connected(server, token, home) as service:
        found = submitted(service, sweep, home)
        launches = launches_of(found, home)
        running = service.progress(found.id).running
        return found, launches, slurm.standings(launches, service.agents(), running)


@app.command()
def status(
    *, sweep: SweepName = None, json: Json = False, server: Server = None, token: Token = None, home: Home = None
) -> None:
    """Tell how each agent stands: SLURM's word, and when besom last heard of it.

    Where SLURM's controller does not answer, states are unknown and the rest is told all the same.
    """
    from time import time as now

    from besom.cli.shapes import print_json
    from besom.cli.slurmtable import standing_table

    found, launches, standing = _standings(sweep, server, token, home)
    if json:
        print_json(standing)
        return
    cancelled = {launch.token for launch in launches if launch.is_cancelled()}
    shown = [each for each in standing if each.is_alive is not False or each.launch not in cancelled]
    typer.echo(f"sweep {found.id} is {found.state}")
    if not shown:
        typer.echo(f"none of its jobs is left; for more: besom slurm submit {found.id}")
        return
    for line in standing_table(shown, now()):
        typer.echo(line)
    if any(each.state == "unknown" for each in shown):
        typer.echo("SLURM's controller does not answer: whether jobs run is unknown.", err=True)


@app.command()
def logs(
    *,
    sweep: SweepName = None,
    agent: Annotated[
        int | None, typer.Option("--agent", min=0, help="Number of an agent, whose whole log is printed.")
    ] = None,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Print the end of what each agent said in its last attempt; of launches that were cancelled, the last one's alone.

    Agents that `scale` added are numbered from 0 again: each launch has a folder of its own.
    """
    with connected(server, token, home) as service:
        launches = launches_of(submitted(service, sweep, home), home)
    shown = [launch for launch in launches if not launch.is_cancelled()] or launches[-1:]
    agents = [(launch, index) for launch in shown for index in range(launch.options.agents) if agent in (None, index)]
    if not agents:
        most = max(launch.options.agents for launch in shown)
        raise ConfigError(f"--agent: needs a number below {most}, got {agent}; see `besom slurm status`.")
    for launch, index in agents:
        path = launch.newest_log(index)
        if path is None:
            if not launch.is_cancelled(index):
                typer.echo(f"agent {index} has not begun; its logs will be in {launch.logs}", err=True)
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if len(agents) > 1:
            typer.echo(f"==> {path} <==")
        typer.echo("\n".join(lines[-_LAST_LINES:] if agent is None else lines))


@app.command()
def cancel(
    *, sweep: SweepName = None, json: Json = False, server: Server = None, token: Token = None, home: Home = None
) -> None:
    """End all jobs of a sweep. The sweep itself stays, and may be submitted again."""
    from besom.cli.shapes import print_json
    from besom.launch import slurm

    with connected(server, token, home) as service:
        launches = launches_of(submitted(service, sweep, home), home)
    jobs = slurm.cancel(launches)
    if json:
        print_json({"cancelled": jobs})
    else:
        typer.echo(f"cancelled: {', '.join(jobs)}" if jobs else "no job was left")


@app.command()
def scale(
    *,
    sweep: LiveSweepName = None,
    agents: Annotated[int, typer.Option("--agents", min=0, help="How many agents there shall be.")],
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Submit more agents, or cancel some that wait or have nothing to do, until there are so many."""
    from time import time as now

    from besom.cli.shapes import print_json
    from besom.launch import slurm

    with connected(server, token, home) as service:
        name = chosen_live(service, sweep).id
    _, launches, standing = _standings(name, server, token, home)
    if any(each.is_alive is None for each in standing):
        raise slurm.ControllerUnreachable("scale: SLURM's controller must answer, got silence; try again later.")
    scaled = slurm.scale(launches, agents, standing, now())
    job = scaled.launch.job if scaled.launch else None
    if json:
        print_json({"job": job, "cancelled": scaled.cancelled, "too_many": scaled.too_many})
        return
    if scaled.launch:
        typer.echo(f"job {job}: {scaled.launch.options.agents} more")
    if scaled.cancelled:
        typer.echo(f"cancelled: {', '.join(scaled.cancelled)}")
    if scaled.too_many:
        typer.echo(left_at_work(scaled.too_many))

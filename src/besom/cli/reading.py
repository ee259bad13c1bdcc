"""Commands that look at sweeps: status, watch, best, trials, show."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from besom.cli.arguments import Format, written
from besom.cli.connection import (
    Home,
    Json,
    Server,
    SweepName,
    Token,
    TrialNumber,
    chosen,
    connected,
    followed,
    is_empty,
    need_sweeps,
)
from besom.errors import UnknownName, nearest

if TYPE_CHECKING:
    from besom.records import Run, Sweep
    from besom.service import Progress, Service


def status(
    *,
    sweep: Annotated[
        str | None, typer.Argument(metavar="[SWEEP]", help="Id or name of a sweep; all sweeps without it.")
    ] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Where a sweep stands, or all sweeps in a table."""
    if sweep is None and is_empty(server, home):
        _print_sweeps([], as_json=json)
        return
    with connected(server, token, home) as service:
        if sweep is None:
            _list_sweeps(service, as_json=json)
            return
        found = chosen(service, sweep)
        if json:
            from besom.cli.shapes import print_json

            print_json(service.progress(found.id))
            return
        _print_scene(service, found.id)


def watch(
    *,
    sweep: SweepName = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """A sweep live, until it ends or you press Ctrl-C.

    The best value as a curve over trials, what runs and what failed. The sweep goes on without it. Plain lines, one an
    event, where standard output is no terminal.
    """
    from besom.cli.live import Look, new_console
    from besom.cli.live import watch as watch_live

    need_sweeps(server, home)
    with followed(server, token, home) as service:
        found = chosen(service, sweep)
        watch_live(Look(service, found.id, hint="Ctrl-C leaves; the sweep goes on"), new_console(), plain=plain)


def best(
    *,
    sweep: SweepName = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How to print the configuration.")] = Format.YAML,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """The best configuration, to be pasted.

    With --json: the whole best trial, null without one.
    """
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        incumbent = service.progress(found.id).best
    if json:
        from besom.cli.shapes import print_json

        print_json(incumbent)
        return
    if incumbent is None:
        raise UnknownName(
            f"sweep {found.id}: best needs a trial with a value, got none yet; see `besom status {found.id}`."
        )
    typer.echo(written(incumbent.config, form))


def trials(
    *,
    sweep: SweepName = None,
    sort: Annotated[
        str, typer.Option("--sort", help="number, value (best first), fidelity, seconds, state, or a parameter.")
    ] = "number",
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="So many at most.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only trials in this state.")] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """The trials of a sweep in a table."""
    from besom.cli.lost import as_seen
    from besom.cli.shapes import print_json
    from besom.cli.trialtable import in_order, trial_table
    from besom.records import TrialState

    states = [each.value for each in TrialState]
    if state is not None and state not in states:
        raise UnknownName(f"--state: no state {state!r}; {nearest(state, states)}")
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        progress = service.progress(found.id)
        listed = service.trials(found.id)
        if not json:
            listed = as_seen(listed, progress, _told_lost(service, progress), time.time())
    listed = in_order([each for each in listed if state in (None, each.state)], sort, progress.goal)[:limit]
    if json:
        print_json(listed)
        return
    typer.echo("\n".join(trial_table(found, listed, terminal_width())))


def show(
    *,
    sweep: SweepName = None,
    trial: TrialNumber = None,
    output: Annotated[bool, typer.Option("--output", "-o", help="What the trial's last run printed.")] = False,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """A sweep in full or, with --trial, one trial.

    Of a trial: configuration, reasons, runs, resources, failure; with --output what its last run printed.
    """
    from besom.analysis.summaries import summary_of
    from besom.cli.shapes import print_json

    if output and trial is None:
        raise UnknownName("--output: needs a trial, got none; add --trial N.")
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        if trial is None:
            _show_sweep(service, found, as_json=json)
            return
        record = service.trial(found.id, trial)
        runs = service.runs(found.id, trial)
        ended_with = summary_of(runs, service.summaries(found.id, trial)) if not output else {}
        if output:
            printed = service.output(runs[-1].id) if runs else ""
            if json:
                print_json({"trial": trial, "run": runs[-1].id if runs else None, "output": printed})
            else:
                from besom.escapes import harmless

                typer.echo(harmless(printed), nl=not printed.endswith("\n"))
            return
    if json:
        print_json({"trial": record, "runs": runs, "summary": ended_with})
        return
    from besom.cli.lost import with_elapsed
    from besom.cli.trialtable import trial_in_full

    record = with_elapsed(record, runs, time.time())
    typer.echo("\n".join(trial_in_full(found, record, runs, ended_with)))


def _show_sweep(service: Service, sweep: Sweep, *, as_json: bool) -> None:
    from besom.cli.shapes import print_json

    if as_json:
        print_json({"progress": service.progress(sweep.id), "runs": service.runs(sweep.id)})
        return
    from besom.cli.wording import moment
    from besom.escapes import harmless

    _print_scene(service, sweep.id)
    rows = [("created", moment(sweep.created_at))]
    rows += [("ended", moment(sweep.ended_at))] if sweep.ended_at else []
    rows += [("folder", sweep.folder)] if sweep.folder else []
    rows += [("seed", str(sweep.seed))]
    rows += [("about", str(sweep.file["description"]))] if sweep.file.get("description") else []
    typer.echo("\n" + "\n".join(f"{name:<8} {harmless(text)}" for name, text in rows))


def _list_sweeps(service: Service, *, as_json: bool) -> None:
    listed = sorted(service.sweeps(), key=lambda each: -each.created_at)
    progresses = [service.progress(each.id) for each in listed]
    _print_sweeps(progresses, as_json=as_json)
    if not as_json:
        for progress in progresses:
            _told_lost(service, progress)


def _print_sweeps(progresses: Sequence[Progress], *, as_json: bool) -> None:
    from besom.cli.shapes import print_json
    from besom.cli.trialtable import sweep_table

    if as_json:
        print_json(progresses)
    elif not progresses:
        typer.echo("no sweep yet; start one with `besom run FILE`")
    else:
        typer.echo("\n".join(sweep_table(progresses, time.time(), terminal_width())))


def _print_scene(service: Service, sweep_id: str) -> None:
    """The view of a sweep, as it stands, without runs that have lost their agents."""
    from dataclasses import replace

    from besom.cli.live import Look, new_console, still
    from besom.cli.lost import without

    scene = Look(service, sweep_id, has_curve=False).scene()
    lost = _told_lost(service, scene.progress)
    still(replace(scene, progress=without(scene.progress, lost)) if lost else scene, new_console())


def _told_lost(service: Service, progress: Progress) -> list[Run]:
    """Runs that have lost their agents, which standard error is told."""
    from besom.cli.checking import say
    from besom.cli.lost import loss_told, lost_runs

    lost = lost_runs(progress, service.agents(), time.time()) if progress.running else []
    if lost:
        say("note", loss_told(progress, lost), "yellow", err=True)
    return lost


def terminal_width() -> int | None:
    """Columns of the terminal; None where standard output is none, so that nothing is cut there."""
    import shutil
    import sys

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

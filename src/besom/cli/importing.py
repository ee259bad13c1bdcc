"""The command that brings in what other tools have measured: import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.checking import say
from besom.cli.connection import Home, Json, Server, Token, connected
from besom.errors import ConfigError, UnknownName

if TYPE_CHECKING:
    from besom.cli.foreign import Converted, ForeignRun
    from besom.records import Sweep
    from besom.service import Service
    from besom.wire import Import

_NAMED = 10


class Tool(StrEnum):
    """Whose exports are read."""

    WANDB = "wandb"


class Goal(StrEnum):
    """Which values of the objective are better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


def import_(
    *,
    tool: Annotated[Tool, typer.Argument(metavar="wandb", help="The tool whose export it is.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Its runs: CSV, JSON or JSON lines, with or without history."),
    ],
    sweep_file: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="FILE", help="The sweep file that the runs belong to: space, metric and goal."),
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="The objective, where no sweep file names it.")] = None,
    goal: Annotated[Goal | None, typer.Option("--goal", help="Whether less or more of it is better.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", "-p", metavar="NAME", help="A column that is a parameter, where the file does not tell."
        ),
    ] = None,
    sweep_id: Annotated[
        str | None,
        typer.Option("--sweep-id", help="Only the runs of this W&B sweep; `none`: of no sweep; `all`: together."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the sweep is called here.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported; keep nothing.")] = False,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Bring runs that W&B measured in as a sweep that has ended.

    Without --sweep the space is inferred from what was tried. The same runs are never imported twice.
    """
    from besom.cli.foreign import parts_of
    from besom.cli.shapes import print_json

    plan = _planned(files, sweep_file, metric, goal, parameter, sweep_id, name)
    if not plan.whole.trials:
        why = "; ".join(f"{each.run.called} {each.why}" for each in plan.left_out[:_NAMED])
        raise ConfigError(f"{plan.whole.source}: needs a run that can be imported, got none: {why}.")
    sweep, is_new = None, True
    if not dry_run:
        with connected(server, token, home, makes_home=True) as service:
            known = _known(service, plan.whole.sweep_id)
            is_new = known is None or not known.state.has_ended
            if is_new:
                plan.notes += _also_elsewhere(service, plan.whole)
                for part in parts_of(plan.whole):
                    sweep = service.import_trials(part)
            else:
                sweep = known
            states = Counter(str(trial.state) for trial in service.trials(plan.whole.sweep_id))
    else:
        states = _would_be(plan.whole)
    if json:
        print_json(
            {
                "id": plan.whole.sweep_id,
                "sweep": sweep,
                "is_new": is_new,
                "file": plan.whole.file,
                "trials": dict(states),
                "left_out": [{"run": each.run.called, "why": each.why} for each in plan.left_out],
                "notes": plan.notes,
            }
        )
        return
    _tell(plan, dict(states), sweep, is_new=is_new)


@dataclass(slots=True)
class _Plan:
    """What is to be imported, what is not, and what should be known about it."""

    whole: Import
    left_out: list[Converted]
    is_inferred: bool
    notes: list[str] = field(default_factory=list)


def _planned(
    files: Sequence[Path],
    sweep_file: Path | None,
    metric: str | None,
    goal: str | None,
    parameters: Sequence[str] | None,
    sweep_id: str | None,
    name: str | None,
) -> _Plan:
    """Everything that is decided before anything is kept. Raises BesomError."""
    from besom import sweepfile
    from besom.cli.foreign import (
        chosen_objective,
        converted,
        read_export,
        runs_of_sweep,
        sweep_id_of,
        without_repetitions,
    )
    from besom.wire import Import

    notes: list[str] = []
    loaded = sweepfile.load(sweep_file) if sweep_file else None
    named = list(parameters) if parameters else None
    if loaded is not None and named is None:
        named = [each.name for each in sweepfile.space_of(loaded.file).parameters]
    in_file = loaded.raw.get("metric") if loaded else None
    objective_name = metric or (in_file or {}).get("name")
    read = [run for path in files for run in read_export(path, named, objective_name)]
    runs, repeated = without_repetitions(runs_of_sweep(read, sweep_id))
    if repeated:
        notes.append(f"{repeated} of {repeated + len(runs)} runs stand more than once in what was given; taken once")
    objective = chosen_objective(runs, metric, goal, in_file)
    source = f"W&B ({', '.join(path.name for path in files)})"
    if loaded is not None:
        file = {**loaded.raw, "metric": objective}
    else:
        file = _inferred(runs, objective, named, notes, source)
    if name or "name" not in file:
        sweeps = {run.sweep for run in runs if run.sweep}
        file["name"] = name or (sweeps.pop() if len(sweeps) == 1 else files[0].stem)
    space = sweepfile.space_of(sweepfile.parse(file))
    judged = [converted(run, space, objective) for run in runs]
    found = [each.trial for each in judged if each.trial is not None]
    trials = [replace(trial, number=number) for number, trial in enumerate(found, 1)]
    folder = str(sweep_file.absolute().parent) if sweep_file else ""
    whole = Import(sweep_id_of(file, trials), file, source, trials, folder)
    return _Plan(whole, [each for each in judged if each.trial is None], loaded is None, notes)


def _inferred(
    runs: Sequence[ForeignRun],
    objective: Mapping[str, Any],
    named: Sequence[str] | None,
    notes: list[str],
    source: str,
) -> dict[str, Any]:
    """A sweep file for what the runs tried."""
    from besom.space.inferring import infer

    readable = [run for run in runs if not run.problem]
    wanted = [run.config if named is None else {n: run.config[n] for n in named if n in run.config} for run in readable]
    inferred = infer(wanted, {group for run in readable for group in run.groups})
    notes += [f"{name} is left out of the space: {why}" for name, why in inferred.left_out.items()]
    if not inferred.parameters:
        raise ConfigError(f"{source}: needs the runs' configurations, got none; export them too, or give --sweep.")
    file: dict[str, Any] = {
        "description": f"Inferred from runs of {source}.",
        "method": "random",
        "metric": dict(objective),
        "parameters": dict(inferred.parameters),
    }
    return {**file, "besom": {"when": dict(inferred.when)}} if inferred.when else file


def _would_be(whole: Import) -> Counter[str]:
    """Trials by state as the import would leave them."""
    from besom.engine import create_import, handle

    state, _ = create_import(whole, now=0.0)
    state, _ = handle(state, whole, now=0.0)
    return Counter(str(trial.state) for trial in state.trials.values())


def _known(service: Service, sweep_id: str) -> Sweep | None:
    """The sweep with this very id, if there is one."""
    try:
        found = service.sweep(sweep_id)
    except UnknownName:
        return None
    return found if found.id == sweep_id else None


def _also_elsewhere(service: Service, whole: Import) -> list[str]:
    """Notes about runs of this import that an earlier one has brought in too."""
    mine = {trial.id or (trial.name, trial.started_at) for trial in whole.trials if trial.id or trial.name}
    notes = []
    for sweep in service.sweeps():
        if not sweep.why.startswith("imported from") or sweep.id == whole.sweep_id:
            continue
        theirs = {
            trial.reason.details.get("id") or (trial.reason.details.get("name", ""), trial.created_at)
            for trial in service.trials(sweep.id)
        }
        if both := len(mine & theirs):
            notes.append(f"{both} of these {len(whole.trials)} runs are in sweep {sweep.id} ({sweep.name}) too")
    return notes


def _tell(plan: _Plan, states: Mapping[str, int], sweep: Sweep | None, *, is_new: bool) -> None:
    """What came of it, in words; what to look at on standard error."""
    from besom.escapes import harmless

    whole = plan.whole
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    count = sum(states.values())
    if sweep is None:
        done = f"would become sweep {whole.sweep_id}"
    else:
        done = "imported as" if is_new else "already imported, nothing was changed:"
        done += f" sweep {sweep.id}"
    metric = whole.file["metric"]
    typer.echo(f"{harmless(whole.source)}: {count} {'run' if count == 1 else 'runs'} {done} ({counted})")
    typer.echo(f"objective: {harmless(metric['name'])}, {metric['goal']}")
    if plan.is_inferred:
        typer.echo("\n".join(["parameters, inferred from what was tried:", *_parameters(whole.file)]))
    for note in plan.notes:
        say("note", harmless(note), "yellow", err=True)
    if plan.left_out:
        say("warning", f"{len(plan.left_out)} of {count + len(plan.left_out)} runs are left out:", "yellow", err=True)
        for each in plan.left_out[:_NAMED]:
            typer.echo(f"  {harmless(f'{each.run.called}: {each.why}')}", err=True)
        if len(plan.left_out) > _NAMED:
            typer.echo(f"  and {len(plan.left_out) - _NAMED} more; --json names them all", err=True)
    if sweep is not None:
        typer.echo(f"see: besom best {sweep.id}, besom trials {sweep.id}, besom report {sweep.id}")


def _parameters(file: Mapping[str, Any]) -> list[str]:
    """One line for each parameter that varies, and one that counts the constants."""
    from besom import sweepfile
    from besom.cli.columns import columns
    from besom.cli.wording import setting

    parsed = sweepfile.parse(file)
    parameters = sweepfile.space_of(parsed).parameters
    rows = []
    for each in (parameter for parameter in parameters if parameter.kind != "constant"):
        text = ", ".join(f"{key}: {setting(item)}" for key, item in each.settings.items())
        given = ", ".join(
            f"{other} is {setting(wanted)}" for other, wanted in parsed.besom.when.get(each.name, {}).items()
        )
        rows.append([each.name, each.distribution, f"{text} (where {given})" if given else text])
    lines = [f"  {line}" for line in columns(["", "", ""], rows)[1:]] if rows else []
    constants = len(parameters) - len(rows)
    return lines + ([f"  and {constants} that never change"] if constants else [])

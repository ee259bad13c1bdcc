"""Commands that change a sweep's course: stop, pause, resume, cancel, add, budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.connection import (
    Home,
    Json,
    LiveSweepName,
    Server,
    Token,
    TrialNumber,
    chosen,
    chosen_live,
    chosen_paused,
    connected,
)
from besom.errors import ConfigError, WrongState

if TYPE_CHECKING:
    from besom.records import Sweep
    from besom.service import Progress, Service
    from besom.wire import Command

_LIMIT = "N|none"


def _limit(text: str) -> float:
    """A limit as it is typed; infinite for `none`. Raises BadParameter."""
    if text == "none":
        return math.inf
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 < amount < math.inf:
        raise typer.BadParameter(f"needs a number above 0, or none for no limit, got {text!r}.")
    return amount


def stop(
    *,
    sweep: LiveSweepName = None,
    trial: TrialNumber = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """End a sweep with the runs under way.

    With --trial: stop that trial only.
    """
    from besom.wire import Command

    command = Command("stop") if trial is None else Command("stop_trial", trial=trial)
    _carry_out(sweep, command, as_json=json, server=server, token=token, home=home)


def pause(
    *, sweep: LiveSweepName = None, json: Json = False, server: Server = None, token: Token = None, home: Home = None
) -> None:
    """Start no further runs until `besom resume`."""
    from besom.wire import Command

    _carry_out(sweep, Command("pause"), as_json=json, server=server, token=token, home=home)


def resume(
    *,
    sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP]",
            help="Id or name of the sweep; by default the only one that is paused, with --trial or --host the newest.",
        ),
    ] = None,
    trial: TrialNumber = None,
    host: Annotated[str | None, typer.Option("--host", help="Name of a host that was set aside.")] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Let a paused sweep, or a stopped trial, go on.

    With --trial: bring the stopped trial back from its checkpoint. With --host: give runs again to a host that was set
    aside since trials failed on it.
    """
    from besom.wire import Command

    if trial is not None and host is not None:
        raise ConfigError(f"--host: goes without --trial, got both, {host} and {trial}; name one of them.")
    command = Command("resume") if trial is None else Command("resume_trial", trial=trial)
    if host is not None:
        command = Command("resume_host", host=host)
    choose = chosen_paused if command.verb == "resume" else chosen
    _carry_out(sweep, command, as_json=json, server=server, token=token, home=home, choose=choose)


def cancel(
    *, sweep: LiveSweepName = None, json: Json = False, server: Server = None, token: Token = None, home: Home = None
) -> None:
    """End a sweep and its runs now."""
    from besom.wire import Command

    _carry_out(sweep, Command("cancel"), as_json=json, server=server, token=token, home=home)


def add(
    *,
    sweep: LiveSweepName = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config", "-c", metavar="NAME=VALUE", help="A parameter's value, as in YAML; once for each parameter."
        ),
    ] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Try a configuration of your own next.

    Parameters left out are drawn.
    """
    from besom.wire import Command

    if not config:
        raise ConfigError("--config: needs at least one NAME=VALUE, got none; for example --config lr=0.01.")
    wanted = dict(pair_of(text) for text in config)
    after = _carry_out(sweep, Command("enqueue", config=wanted), as_json=json, server=server, token=token, home=home)
    _warn_outside(after, wanted)


def budget(
    *,
    sweep: LiveSweepName = None,
    trials: Annotated[
        float | None, typer.Option("--trials", parser=_limit, metavar=_LIMIT, help="Trials in all.")
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option("--epochs", parser=_limit, metavar=_LIMIT, help="Epochs (the fidelity's unit) of all runs."),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option("--hours", parser=_limit, metavar=_LIMIT, help="Hours of wall clock, without pauses."),
    ] = None,
    gpu_hours: Annotated[
        float | None, typer.Option("--gpu-hours", parser=_limit, metavar=_LIMIT, help="GPU-hours of all runs.")
    ] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Set what a sweep may spend.

    What is not named stays as it is; `none` takes a limit away.
    """
    from besom.wire import Command

    given = {"trials": trials, "epochs": epochs, "hours": hours, "gpu_hours": gpu_hours}
    amounts = {unit: None if amount == math.inf else amount for unit, amount in given.items() if amount is not None}
    if not amounts:
        raise ConfigError("budget: needs a limit, got none; name --trials, --epochs, --hours or --gpu-hours.")
    _carry_out(sweep, Command("set_budget", budget=amounts), as_json=json, server=server, token=token, home=home)


def _warn_spent(progress: Progress) -> None:
    """Say on standard error which limits are spent already: the sweep ends by them."""
    from besom.cli.checking import say

    for unit, limit in progress.budget.items():
        spent = progress.spent.get(unit, 0.0)
        if spent >= limit:
            name = unit.replace("_", " ")
            say("warning", f"{name}: {spent:.4g} spent already, so the sweep ends.", "yellow", err=True)


def _warn_outside(sweep: Sweep, config: Mapping[str, Any]) -> None:
    """Say on standard error which values no draw of the sweep would give: they are run, but no others like them."""
    from besom.cli.checking import say
    from besom.sweepfile import parse, space_of

    space = space_of(parse(dict(sweep.file)))
    for line in space.outside(space.flatten(config)):
        say("warning", f"{line}; it is run all the same, but the search will not come near it.", "yellow", err=True)


def pair_of(text: str) -> tuple[str, Any]:
    """A parameter's name and value from `NAME=VALUE`: YAML, but `1e-3` is a number. Raises ConfigError."""
    import yaml

    name, equals, written = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--config: needs NAME=VALUE, got {text!r}; for example --config lr=0.01.")
    try:
        value = yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise ConfigError(f"--config {name}: needs a YAML value, got {written!r}; quote it for YAML.") from error
    if isinstance(value, str) and value == written:  # YAML 1.1 takes 1e-3 for text
        try:
            value = float(value)
        except ValueError:
            return name.strip(), value
    return name.strip(), value


def _carry_out(
    name: str | None,
    command: Command,
    *,
    as_json: bool,
    server: str | None,
    token: str | None,
    home: Path | None,
    choose: Callable[[Service, str | None], Sweep] = chosen_live,
) -> Sweep:
    """Send `command` to the sweep and say how it stands then; the sweep."""
    from besom.cli.shapes import print_json

    with connected(server, token, home) as service:
        sweep = choose(service, name)
        try:
            after = service.command(sweep.id, command)
            if command.verb == "set_budget":
                _warn_spent(service.progress(sweep.id))
        except WrongState as error:
            raise WrongState(f"sweep {sweep.id}: {error}" if sweep.id not in str(error) else str(error)) from error
    if as_json:
        print_json(after)
    else:
        typer.echo(_told(after, command))
    return after


def _told(sweep: Sweep, command: Command) -> str:
    from besom.cli.wording import settings
    from besom.escapes import harmless

    match command.verb:
        case "stop_trial":
            return f"trial {command.trial} of sweep {sweep.id} will stop"
        case "resume_trial":
            return f"trial {command.trial} of sweep {sweep.id} goes on with the next free agent: besom agent {sweep.id}"
        case "resume_host":
            return f"{harmless(command.host or '')} gets runs of sweep {sweep.id} again"
        case "enqueue":
            return f"sweep {sweep.id} tries next: {settings(command.config or {})}"
        case "set_budget":
            limits = {unit: "none" if limit is None else limit for unit, limit in sweep.budget.items()}
            return f"sweep {sweep.id} may spend: {settings(limits)}"
    why = f" ({harmless(sweep.why)})" if sweep.why else ""
    return f"sweep {sweep.id} is {sweep.state}{why}"

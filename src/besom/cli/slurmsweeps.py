"""Which sweep a `besom slurm` command means, and what was submitted for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from besom.cli.connection import chosen, tell_choice
from besom.errors import WrongState

if TYPE_CHECKING:
    from besom.launch.slurm import Launch
    from besom.records import Sweep
    from besom.service import Service


def submitted(service: Service, name: str | None, home: Path | None) -> Sweep:
    """The sweep with the id or name `name`; where None, the newest that agents were submitted for, if there is one."""
    from besom.launch import slurm
    from besom.server.home import home_of

    if name is not None:
        return chosen(service, name)
    sweeps, place = service.sweeps(), home_of(home).path
    submitted = [sweep for sweep in sweeps if slurm.Launch.of_sweep(place, sweep.id)]
    if not submitted:
        return chosen(service, None)
    newest = max(submitted, key=lambda sweep: sweep.created_at)
    if len(sweeps) > 1:
        tell_choice(newest, "the newest that agents were submitted for")
    return newest


def launches_of(sweep: Sweep, home: Path | None) -> list[Launch]:
    """Its launches, at least one. Raises WrongState."""
    from besom.launch import slurm
    from besom.server.home import home_of

    place = home_of(home).path
    found = slurm.Launch.of_sweep(place, sweep.id)
    if not found:
        raise WrongState(
            f"sweep {sweep.id}: needs agents that were submitted from {place}, got none; "
            f"do so by `besom slurm submit {sweep.id}`."
        )
    return found

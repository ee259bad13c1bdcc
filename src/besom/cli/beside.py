"""What `besom run` says of unfinished sweeps of the same folder where it starts another one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from besom.records import Sweep
from besom.sweepfile import SweepFile


def unfinished_beside(sweeps: Iterable[Sweep], folder: str, content: Mapping[str, Any]) -> str:
    """One line about the unfinished sweep of the folder that is likest, and how to go on with it; empty without any.

    Args:
        sweeps: All sweeps that there are.
        folder: Where the sweep file lies.
        content: What it says.
    """
    found = [sweep for sweep in sweeps if sweep.folder == folder and not sweep.state.has_ended]
    if not found:
        return ""
    sweep = max(found, key=lambda each: (_likeness(each, content), each.created_at))
    others = f", and {len(found) - 1} more are unfinished (besom status)" if len(found) > 1 else ""
    move = f"go on with it by `besom run {sweep.id}`, or end it by `besom stop {sweep.id}`"
    if options := _other_limits(sweep, content):
        move = f"only limits differ: set them by `besom budget {sweep.id} {options}`, then {move}"
    return f"sweep {sweep.id} of this folder is {sweep.state} still{others}; {move}"


def _likeness(sweep: Sweep, content: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """How much the sweep is one of this file before it was edited: the greater, the likelier."""
    of_program, of_space = (sweep.file.get(key) == content.get(key) for key in ("program", "parameters"))
    return _without_limits(sweep.file) == _without_limits(content), of_program and of_space, of_program


def _other_limits(sweep: Sweep, content: Mapping[str, Any]) -> str:
    """What gives the sweep the limits of a file that differs in nothing else; empty where it cannot be that."""
    if _without_limits(sweep.file) != _without_limits(content):
        return ""
    has = {unit: limit for unit, limit in {**_limits(sweep.file), **sweep.budget}.items() if limit is not None}
    wanted = _limits(content)
    changed = {unit: f"{amount:.15g}" for unit, amount in wanted.items() if has.get(unit) != amount}
    changed |= {unit: "none" for unit in has if unit not in wanted}
    return " ".join(f"--{unit.replace('_', '-')} {amount}" for unit, amount in changed.items())


def _limits(content: Mapping[str, Any]) -> dict[str, float]:
    """The file's limits by unit."""
    file = SweepFile.model_validate(dict(content))
    budget = file.besom.budget
    limits = {
        "trials": file.max_trials,
        "epochs": budget.epochs,
        "hours": budget.hours,
        "gpu_hours": budget.gpu_hours,
    }
    return {unit: float(limit) for unit, limit in limits.items() if limit is not None}


def _without_limits(content: Mapping[str, Any]) -> dict[str, Any]:
    """The file without what it says of limits."""
    besom = {key: value for key, value in (content.get("besom") or {}).items() if key != "budget"}
    return {**{key: value for key, value in content.items() if key not in ("run_cap", "besom")}, "besom": besom}

"""A foreign run as a trial of a sweep, or why it is none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from besom.cli.foreign.objective import value_of
from besom.cli.foreign.runs import ForeignRun
from besom.errors import ConfigError
from besom.records import Cause, Failure
from besom.wire import Measured

if TYPE_CHECKING:
    from besom.space import Parameter, Space

_UNDER_WAY = frozenset({"running", "pending", "preempting", "created"})
_FAILURES = {
    "failed": Failure(Cause.EXIT_CODE, "W&B says that it failed: its program ended with an error"),
    "crashed": Failure(Cause.LOST, "W&B says that it crashed: it was not heard of any more"),
}
_STOPPED = frozenset({"killed", "preempted", "stopped"})


@dataclass(frozen=True, slots=True)
class Converted:
    """A run's trial, whose number is still 0; or None, and why."""

    run: ForeignRun
    trial: Measured | None = None
    why: str = ""


def converted(run: ForeignRun, space: Space, metric: Mapping[str, Any]) -> Converted:
    """The run as a trial of the space, by the objective `metric` (name and goal). Nothing is clipped or made up."""
    if run.problem:
        return Converted(run, why=run.problem)
    if run.state in _UNDER_WAY:
        return Converted(run, why=f"is {run.state}: it has not ended yet")
    value = value_of(run, metric)
    if run.state not in ("finished", *_FAILURES, *_STOPPED):
        if run.state:
            states = ", ".join(["finished", *_FAILURES, *sorted(_STOPPED)])
            return Converted(run, why=f"has the state {run.state}, which is none of {states}")
        if value is None:
            return Converted(run, why=f"has neither a state nor {metric['name']}")
    try:
        flat = _fitted(run.config, space)
    except ConfigError as error:
        return Converted(run, why=str(error))
    trial = Measured(
        number=0,
        config=flat,
        ended="failed" if run.state in _FAILURES else "stopped" if run.state in _STOPPED else "finished",
        value=value,
        failure=_FAILURES.get(run.state),
        name=run.name,
        id=run.id,
        started_at=run.started_at,
        seconds=run.seconds,
        rows=_rows(run),
    )
    return Converted(run, trial)


def _fitted(config: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """The part of a flat configuration that is of the space. Raises ConfigError where it lies outside."""
    flat: dict[str, Any] = {}
    for parameter in space.parameters:
        given = config.get(parameter.name)
        if given is not None or (parameter.name in config and parameter.is_inside(None)):
            flat[parameter.name] = _as_level(parameter, given)
        elif (whole := _collected(config, parameter.name)) is not None:
            flat[parameter.name] = _as_level(parameter, whole)
        elif parameter.kind == "constant":
            flat[parameter.name] = parameter.from_unit(0.5)
    active = space.active_names(flat)
    flat = {name: value for name, value in flat.items() if name in active}
    space.validate(flat)
    beyond = space.outside(flat)
    if beyond:
        raise ConfigError("; ".join(beyond))
    return flat


def _collected(config: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """A parameter whose value is a mapping, which stands flat in the export; None where nothing of it is there."""
    inside = {key[len(name) + 1 :]: value for key, value in config.items() if key.startswith(f"{name}.")}
    return inside or None


def _as_level(parameter: Parameter, value: Any) -> Any:
    """The value as the space has it: 16 for 16.0 where it is whole, `"3"` for 3 where its values are texts."""
    if parameter.is_inside(value):
        is_whole = isinstance(value, float) and parameter.kind == "int" and value.is_integer()
        return int(value) if is_whole else value
    if parameter.levels is not None and not parameter.is_ordinal:
        written = _texts(value)
        return next((level for level in parameter.levels if written & _texts(level)), value)
    return value


def _texts(value: Any) -> set[str]:
    """The ways in which exports write a value as text."""
    return {str(value), json.dumps(value, default=str)}


def _rows(run: ForeignRun) -> list[dict[str, Any]]:
    """The history, and in its last row what only the summary has; a single row where there is no history."""
    rows = [dict(row) for row in run.history] or [{}]
    logged = {name for row in rows for name in row}
    rows[-1] |= {name: value for name, value in run.summary.items() if name not in logged and _is_scalar(value)}
    return rows if any(rows) else []


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool | int) or (isinstance(value, float) and not math.isnan(value))

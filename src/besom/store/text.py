"""Records and other values as JSON text, and back, exactly: NaN and infinities included."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import TypeAdapter, ValidationError

from besom.errors import StoreError
from besom.records import Agent, Cause, Failure, Reason, Run, RunState, SetAside, Sweep, SweepState, Trial, TrialState
from besom.tracked import Lines, TrackedRun

R = TypeVar("R", Sweep, Trial, Run, Agent, TrackedRun)


def to_text(value: Any) -> str:
    """JSON text in ASCII, which every database takes as it is.

    Raises:
        StoreError: A value inside is of a kind that JSON does not know.
    """
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise StoreError(
        f"store: keeps numbers, text, lists and mappings, got {value!r} ({type(value).__name__}); convert it first."
    )


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


_MANY = frozenset({Trial, Run})
"""Records that a sweep may have a hundred thousand of: pydantic reads them in a third of the time."""


@cache
def _reader(kind: Hashable) -> Callable[[str], Any]:
    read: Callable[[str], Any] = TypeAdapter(cast(Any, kind)).validator.validate_json
    return read


def _failure(data: dict[str, Any]) -> Failure:
    return Failure(**{**data, "cause": Cause(data["cause"])})


def _lines(data: dict[str, Any]) -> Lines:
    return Lines(**data)


def _reason(data: dict[str, Any]) -> Reason:
    return Reason(**data)


def _reasons(data: list[dict[str, Any]]) -> tuple[Reason, ...]:
    return tuple(map(_reason, data))


def _set_aside(data: list[dict[str, Any]]) -> tuple[SetAside, ...]:
    return tuple(SetAside(**{name: _frozen(value) for name, value in each.items()}) for each in data)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_REVIVE: dict[type, dict[str, Callable[[Any], Any]]] = {
    Sweep: {"state": SweepState, "set_aside": _set_aside},
    Trial: {"state": TrialState, "reason": _reason, "ended_by": _reason, "audited": _reason, "failure": _failure},
    Run: {
        "state": RunState,
        "logged": tuple,
        "gpus": tuple,
        "ordered_because": _reason,
        "because": _reason,
        "passed": _reasons,
        "failure": _failure,
    },
    Agent: {"gpus": tuple},
    TrackedRun: {"tags": tuple, "history": _lines, "events": _lines, "output": _lines},
}


def from_text(kind: type[R], text: str) -> R:
    """The record of that kind that `to_text` made the text of. Tuples inside configurations come back as lists."""
    if kind in _MANY:
        try:
            record: R = _reader(cast(Hashable, kind))(text)
        except ValidationError:  # half of a surrogate pair, which Python's own reader takes
            pass
        else:
            return record
    data = json.loads(text)
    for name, revive in _REVIVE[kind].items():
        if data.get(name) is not None:
            data[name] = revive(data[name])
    return kind(**data)

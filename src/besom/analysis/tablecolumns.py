"""The columns of the table of trials: their names, and a trial's value in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeGuard

import numpy as np

from besom.analysis.columns import Floats, TrialColumns
from besom.analysis.failing import failure_kind
from besom.analysis.tables import ABSENT, flat, lookup
from besom.analysis.wording import resource_label
from besom.records import Config, Trial
from besom.service import Progress

PARAMETER, METRIC, RESOURCE = "parameter:", "metric:", "resource:"
OF_EACH_ROW = frozenset({"_step", "_timestamp", "_runtime"})
"""What is logged with each row, and is no metric of the user's."""
_SHOWN_PARAMETERS = 6
_JUDGED_BY = 1000  # trials that tell whether a parameter's values are numbers
_FIXED = ("trial", "place", "state", "value", "spread", "fidelity", "seconds", "phase", "cause", "failure", "started")
_TEXTS = frozenset({"state", "phase", "cause", "failure"})
_READERS: dict[str, Callable[[Trial], Any]] = {
    "trial": lambda trial: trial.number,
    "state": lambda trial: trial.state.value,
    "value": lambda trial: trial.value,
    "spread": lambda trial: trial.spread,
    "fidelity": lambda trial: trial.fidelity,
    "seconds": lambda trial: trial.seconds,
    "phase": lambda trial: trial.reason.phase,
    "cause": lambda trial: trial.failure.cause.value if trial.failure else None,
    "failure": lambda trial: failure_kind(trial.failure) if trial.failure else None,
    "started": lambda trial: trial.created_at,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of trials.

    Attributes:
        id: trial, place (in the order in which trials ended or were paused), state, value, spread, fidelity, seconds,
            phase, cause, failure (the cause and what was said), started, `parameter:<dotted name>`, `resource:<name>`,
            or `metric:<name>`: the last value of another metric than the objective.
        title: As it is shown.
        is_number: Whether its values are numbers.
        is_shown: Whether it is shown where nobody chose.
    """

    id: str
    title: str
    is_number: bool
    is_shown: bool


def columns_of(
    progress: Progress,
    trials: Sequence[Trial],
    names: Sequence[str] | None = None,
    metrics: Iterable[str] = (),
    important: Iterable[str] = (),
) -> tuple[Column, ...]:
    """All columns of the trials' table.

    Args:
        progress: Where the sweep stands.
        trials: All of its trials.
        names: The space's free parameters; None for all that trials have.
        metrics: Metrics that have a column, the objective not among them.
        important: Parameters, the most important first, as far as that is known: of many, these are shown.
    """
    titles = {
        "place": "order of ending",
        "value": progress.metric or "value",
        "fidelity": progress.fidelity_unit or "row of log",
        "seconds": "time",
        "phase": "suggested by",
        "cause": "failure",
        "failure": "failed by",
    }
    shown = {"trial", "state", "value", "fidelity", "seconds"}
    if any(trial.spread is not None for trial in trials):
        shown.add("spread")
    if any(trial.failure is not None for trial in trials):
        shown.add("cause")
    fixed = {name: Column(name, titles.get(name, name), name not in _TEXTS, name in shown) for name in _FIXED}
    names = parameter_names(trials) if names is None else names
    parameters = _parameter_columns(trials, names, important)
    resources = [
        Column(RESOURCE + name, resource_label(name), is_number=True, is_shown=False) for name in resource_names(trials)
    ]
    logged = [Column(METRIC + name, name, is_number=True, is_shown=False) for name in metrics]
    first, measured, last = ([fixed[name] for name in part] for part in (_FIXED[:5], _FIXED[5:7], _FIXED[7:]))
    return (*first, *parameters, *measured, *logged, *resources, *last)


def column_ids(
    trials: Sequence[Trial], names: Sequence[str] | None = None, metrics: Iterable[str] = ()
) -> tuple[str, ...]:
    """The ids of those columns, in another order."""
    parameters = parameter_names(trials) if names is None else names
    named = {PARAMETER: parameters, METRIC: metrics, RESOURCE: resource_names(trials)}
    return (*_FIXED, *(kind + name for kind, those in named.items() for name in those))


def _parameter_columns(trials: Sequence[Trial], names: Sequence[str], important: Iterable[str]) -> list[Column]:
    columns: list[Column] = []
    first = dict.fromkeys([*(name for name in important if name in names), *names])
    varying = (name for name in first if len(trials) < 2 or _varies(reader_of(PARAMETER + name), trials))
    shown = set(islice(varying, _SHOWN_PARAMETERS))
    for name in names:
        read = reader_of(PARAMETER + name)
        known = [value for trial in islice(trials, _JUDGED_BY) if (value := read(trial)) is not ABSENT]
        columns.append(Column(PARAMETER + name, name, bool(known) and all(map(is_number, known)), name in shown))
    return columns


def _varies(read: Callable[[Trial], Any], trials: Sequence[Trial]) -> bool:
    if not trials:
        return False
    first = read(trials[0])
    return any((value := read(trial)) != first or type(value) is not type(first) for trial in trials)


def parameter_names(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Dotted names of all parameters that trials have, in order of first appearance."""
    shapes: set[Any] = set()
    names: dict[str, None] = {}
    for trial in trials:
        shape = _shape(trial.config)
        if shape not in shapes:
            shapes.add(shape)
            names |= dict.fromkeys(flat(trial.config))
    return tuple(names)


def _shape(config: Config) -> tuple[Any, ...]:
    """The names of a configuration, nested as it is: those of most trials are the same."""
    return tuple([(name, _shape(value)) if isinstance(value, dict) else name for name, value in config.items()])


def resource_names(trials: Iterable[Trial]) -> list[str]:
    """Everything that was measured of any trial, in alphabetical order."""
    return sorted(set().union(*(trial.resources for trial in trials)))


def reader_of(column: str) -> Callable[[Trial], Any]:
    """What reads a trial's value in a column; None or ABSENT where it has none.

    Not of `place` and metrics, which no trial knows by itself: see `values_in`.
    """
    if column.startswith(RESOURCE):
        resource = column.removeprefix(RESOURCE)
        return lambda trial: trial.resources.get(resource)
    if not column.startswith(PARAMETER):
        return _READERS[column]
    name = column.removeprefix(PARAMETER)
    section, _, inner = name.partition(".")

    def read(trial: Trial) -> Any:
        config = trial.config
        if name in config:
            return config[name]
        if not inner:
            return ABSENT
        values = config.get(section)
        # One section is the rule; `lookup` finds what lies deeper, or under names that have dots themselves.
        return values[inner] if type(values) is dict and inner in values else lookup(config, name)

    return read


def values_in(columns: TrialColumns, column: str) -> list[Any]:
    """Every trial's value in a column; None or ABSENT where it has none. Read once for the same `columns`."""
    values = columns.kept.get(column)
    if values is None:
        values = columns.kept[column] = _read(columns, column)
    return values


def _read(columns: TrialColumns, column: str) -> list[Any]:
    if column.startswith(METRIC):
        return list(columns.measure(column.removeprefix(METRIC), columns.trials))
    if column != "place":
        return list(map(reader_of(column), columns.trials))
    places: list[Any] = [None] * len(columns.trials)
    for place, at in enumerate(columns.by_end.tolist(), 1):
        places[at] = place
    return places


def numbers_in(columns: TrialColumns, column: str) -> Floats:
    """Every trial's value in a column where it is a number, shape (n,); NaN elsewhere."""
    values = (value if is_number(value) else math.nan for value in values_in(columns, column))
    return np.fromiter(values, np.float64, len(columns.trials))


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number, which truth values are not."""
    return type(value) is float or type(value) is int

"""Trials side by side: their parameters, their failures by cause, and what they took of the machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from besom.records import Cause, Config, Trial, TrialState


class _Absent:
    """The value of a parameter that a trial does not have: not the same as null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """Parameters in columns, trials in rows.

    Attributes:
        names: Dotted parameter names.
        numbers: Trial numbers, one for each row.
        rows: A value for each name in each row; ABSENT where the trial does not have the parameter.
        varying: Those of `names` that differ between trials.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    rows: tuple[tuple[Any, ...], ...]
    varying: tuple[str, ...]

    def column(self, name: str) -> tuple[Any, ...]:
        """One parameter's value in each row. Raises ValueError for a name that is not there."""
        at = self.names.index(name)
        return tuple(row[at] for row in self.rows)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Trials that failed of one cause, by number."""

    cause: Cause
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """One measured resource over the trials that have it.

    Attributes:
        name: As in `Trial.resources`, its unit included.
        trials: How many trials it is known of.
        median: Over those trials.
        maximum: The most that any took.
        total: Their sum, for amounts that add up (energy); None for others.
    """

    name: str
    trials: int
    median: float
    maximum: float
    total: float | None = None


def flat(config: Config) -> dict[str, Any]:
    """A configuration with dotted names in place of nested sections."""
    entries: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            entries.update({f"{name}.{inner}": deeper for inner, deeper in flat(value).items()})
        else:
            entries[name] = value
    return entries


def lookup(config: Config, name: str) -> Any:
    """The value of the parameter with this dotted name, the config nested or not; ABSENT without it."""
    if name in config:
        return config[name]
    for end in (at for at, letter in enumerate(name) if letter == "."):
        section = config.get(name[:end])
        if isinstance(section, Mapping) and (value := lookup(section, name[end + 1 :])) is not ABSENT:
            return value
    return ABSENT


def parameter_table(trials: Iterable[Trial], names: Sequence[str] | None = None) -> ParameterTable:
    """The parameters of trials side by side.

    Args:
        trials: In the order of the rows.
        names: Dotted names in the order of the columns; None for all, in order of first appearance.
    """
    trials = list(trials)
    if names is None:
        names = list(dict.fromkeys(name for trial in trials for name in flat(trial.config)))
    rows = tuple(tuple(lookup(trial.config, name) for name in names) for trial in trials)
    varying = tuple(name for at, name in enumerate(names) if len({_identity(row[at]) for row in rows}) > 1)
    return ParameterTable(tuple(names), tuple(trial.number for trial in trials), rows, varying)


def _identity(value: Any) -> tuple[str, str]:
    """What makes two values the same: 1, 1.0 and True are three, and lists need no hash."""
    return type(value).__name__, repr(value)


def failures_by_cause(trials: Iterable[Trial]) -> tuple[FailureGroup, ...]:
    """Failed trials by their cause, the most frequent cause first."""
    groups: dict[Cause, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.state is TrialState.FAILED and trial.failure is not None:
            groups.setdefault(trial.failure.cause, []).append(trial)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0].value))
    return tuple(FailureGroup(cause, tuple(members)) for cause, members in ordered)


def resources_summary(trials: Iterable[Trial]) -> tuple[ResourceUse, ...]:
    """Every resource that was measured on any trial, in alphabetical order; none that was not."""
    known: defaultdict[str, list[float]] = defaultdict(list)
    for trial in trials:
        for name, amount in trial.resources.items():
            known[name].append(amount)
    found = sorted((name, np.array(amounts, dtype=np.float64)) for name, amounts in known.items())
    return tuple(
        ResourceUse(
            *(name, len(amounts), float(np.median(amounts)), float(amounts.max())),
            total=float(amounts.sum()) if name.startswith("energy") else None,
        )
        for name, amounts in found
    )

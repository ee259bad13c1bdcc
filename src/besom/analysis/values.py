"""Trials by their value: the incumbent over time, the ranking, and what the search gained."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from besom.records import Trial, TrialState


@dataclass(frozen=True, slots=True)
class Incumbents:
    """The best value after each trial that ended or was paused; all of one length.

    Attributes:
        numbers: The trials in the order in which they did.
        ended_at: When they ended; None for those that are paused.
        values: What they reached; None for those that failed.
        best: The best value so far; None while there is none.
        holders: The trial that holds it.
    """

    numbers: tuple[int, ...] = ()
    ended_at: tuple[float | None, ...] = ()
    values: tuple[float | None, ...] = ()
    best: tuple[float | None, ...] = ()
    holders: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The best value against that of another trial.

    Attributes:
        trial: The number of the other trial.
        value: Its value.
        absolute: How much better the best is, in the metric's unit; never negative where the best is the best.
        relative: `absolute` as a share of the other's size; None where that is zero.
        stopped_at: The fidelity at which the other was stopped early; None where it was not.
    """

    trial: int
    value: float
    absolute: float
    relative: float | None
    stopped_at: float | None = None


@dataclass(frozen=True, slots=True)
class Gain:
    """What the search gained.

    Attributes:
        best: The best trial's number; None while no trial has a value.
        value: Its value.
        over_baseline: Against the first of the user's own configurations that has a value.
        over_first: Against the first trial that has a value.
    """

    best: int | None = None
    value: float | None = None
    over_baseline: Change | None = None
    over_first: Change | None = None


def value_of(trial: Trial) -> float | None:
    """The trial's value where it may be compared with others, and is finite. None otherwise."""
    if not trial.is_comparable or trial.value is None or not math.isfinite(trial.value):
        return None
    return trial.value


def why_unranked(trial: Trial) -> str:
    """Why a trial with a value is not ranked, `2 of 3 repeats, not ranked`; empty where it is, or is under way."""
    if trial.value is None or not trial.state.is_at_rest or value_of(trial) is not None:
        return ""
    if trial.state is TrialState.FAILED:
        return "failed, not ranked"
    if not trial.is_comparable:
        return f"{trial.repeats_done} of {trial.repeats} repeats, not ranked"
    return "no finite value, not ranked"


def is_better(value: float, than: float, goal: str) -> bool:
    """Whether `value` is strictly better: larger where `goal` is "maximize", smaller otherwise."""
    return value > than if goal == "maximize" else value < than


def ranking(trials: Iterable[Trial], goal: str) -> tuple[Trial, ...]:
    """Trials that have a value, best first; of equals, the earlier number first."""
    sign = -1.0 if goal == "maximize" else 1.0
    valued = [(value * sign, trial.number, trial) for trial in trials if (value := value_of(trial)) is not None]
    return tuple(trial for _, _, trial in sorted(valued, key=lambda entry: entry[:2]))


def best_of(trials: Iterable[Trial], goal: str) -> Trial | None:
    """The first of `ranking`, without ranking the others; None where no trial has a value."""
    sign = -1.0 if goal == "maximize" else 1.0
    valued = ((value * sign, trial.number, trial) for trial in trials if (value := value_of(trial)) is not None)
    found = min(valued, default=None, key=lambda entry: entry[:2])
    return found[2] if found else None


def incumbent_trace(trials: Iterable[Trial], goal: str) -> Incumbents:
    """The best value after each trial that ended or was paused, in the order in which they did."""
    ended = sorted((trial for trial in trials if trial.state.is_at_rest), key=rested_at)
    values, best, holders = [], [], []
    so_far: float | None = None
    holder: int | None = None
    for trial in ended:
        value = value_of(trial)
        if value is not None and (so_far is None or is_better(value, so_far, goal)):
            so_far, holder = value, trial.number
        values.append(value)
        best.append(so_far)
        holders.append(holder)
    return Incumbents(
        numbers=tuple(trial.number for trial in ended),
        ended_at=tuple(trial.ended_at for trial in ended),
        values=tuple(values),
        best=tuple(best),
        holders=tuple(holders),
    )


def rested_at(trial: Trial) -> tuple[float, int]:
    """What trials are sorted by that have ended or are paused: when that was, and the number.

    Of a paused one it is when it would have paused, had it run all the time.
    """
    if trial.ended_at is not None:
        return trial.ended_at, trial.number
    return (trial.created_at + trial.seconds if trial.state is TrialState.PAUSED else math.inf), trial.number


def gain(trials: Iterable[Trial], goal: str) -> Gain:
    """How much better the best trial is than the user's baseline and than the first trial."""
    valued = [trial for trial in trials if value_of(trial) is not None]
    best = best_of(valued, goal)
    if best is None:
        return Gain()
    first = min(valued, key=attrgetter("number"))
    baselines = [trial for trial in valued if trial.reason.phase == "baseline"]
    baseline = min(baselines, key=attrgetter("number"), default=None)
    return Gain(
        best=best.number,
        value=best.value,
        over_baseline=_change(best, baseline, goal) if baseline else None,
        over_first=_change(best, first, goal),
    )


def _change(best: Trial, other: Trial, goal: str) -> Change:
    value, reference = best.value or 0.0, other.value or 0.0  # ranked trials have values
    # `or 0.0`: minus zero would be shown with its sign.
    absolute = (value - reference if goal == "maximize" else reference - value) or 0.0
    relative = absolute / abs(reference) if reference else None
    stopped_at = other.fidelity if other.state is TrialState.STOPPED else None
    return Change(other.number, reference, absolute, relative, stopped_at)


def is_number(value: Any) -> bool:
    """Whether a logged value is a number, finite or not; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)

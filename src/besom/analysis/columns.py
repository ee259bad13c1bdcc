"""The trials of a sweep as columns: arrays, so that many trials are sorted, ranked and drawn in no time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.analysis.tables import lookup
from besom.records import Trial, TrialState

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

Measure = Callable[[str, Sequence[Trial]], Sequence[float | None]]
"""Gives the last value that each of some trials logged of a metric, None for those that never did."""

STATES = tuple(TrialState)
"""What the codes of `TrialColumns.states` stand for."""


def _unmeasured(metric: str, trials: Sequence[Trial]) -> list[float | None]:
    return [None] * len(trials)


class TrialColumns:
    """The trials, and what is known of them side by side; each column is made when it is first asked for.

    Columns have shape (n,), in the order of `trials`. Whoever can read what runs logged puts its own `measure` here:
    trials themselves know of no metric but the objective.
    """

    def __init__(self, trials: Sequence[Trial], goal: str) -> None:
        self.trials = trials
        self.goal = goal
        self.kept: dict[str, list[Any]] = {}
        """Values by the columns of the trials' table, as far as they were asked for: see `tablecolumns`."""
        self.measure: Measure = _unmeasured

    @cached_property
    def numbers(self) -> Ints:
        return np.fromiter(map(attrgetter("number"), self.trials), np.intp, len(self.trials))

    @cached_property
    def states(self) -> Ints:
        """Places in `STATES`."""
        # By identity: an enum's hash is a function in Python.
        codes = {id(state): code for code, state in enumerate(STATES)}
        found = map(codes.__getitem__, map(id, map(attrgetter("state"), self.trials)))
        return np.fromiter(found, np.intp, len(self.trials))

    def are(self, *states: TrialState) -> npt.NDArray[np.bool_]:
        """Which of the trials are in one of the states."""
        return np.isin(self.states, [STATES.index(state) for state in states])

    @cached_property
    def shown_values(self) -> Floats:
        """The objective, or the latest of it; NaN where there is none, infinities as they are."""
        return self._floats("value")

    @cached_property
    def values(self) -> Floats:
        """The objective where it may be compared with others and is finite, see `value_of`; NaN elsewhere."""
        may = [code for code, state in enumerate(STATES) if state in _COMPARABLE]
        repeats, done = self._floats("repeats"), self._floats("repeats_done")
        is_whole = (repeats == 1) | (done >= repeats)
        is_known = np.isin(self.states, may) & np.isfinite(self.shown_values) & is_whole
        return np.where(is_known, self.shown_values, np.nan)

    @cached_property
    def rested_at(self) -> Floats:
        """When it ended; of a paused one, when it would have paused had it run all the time; NaN of others."""
        paused_at = np.where(self.are(TrialState.PAUSED), self._floats("created_at") + self.seconds, np.nan)
        ended_at = self._floats("ended_at")
        return np.where(np.isnan(ended_at), paused_at, ended_at)

    @cached_property
    def seconds(self) -> Floats:
        return self._floats("seconds")

    @cached_property
    def gpu_seconds(self) -> Floats:
        return self._floats("gpu_seconds")

    @cached_property
    def by_end(self) -> Ints:
        """Places of the trials that have ended or are paused, in the order in which that came, shape (ended,)."""
        ended = np.flatnonzero(self.are(*(state for state in STATES if state.is_at_rest)))
        at = np.nan_to_num(self.rested_at[ended], nan=math.inf)
        return ended[np.lexsort((self.numbers[ended], at))]

    @cached_property
    def losses(self) -> Floats:
        """The values as something to be minimised; infinite where there is none."""
        return np.where(np.isnan(self.values), math.inf, -self.values if self.goal == "maximize" else self.values)

    @cached_property
    def best_so_far(self) -> Floats:
        """The best value after each of `by_end`, shape (ended,); NaN while there is none."""
        lowest = np.minimum.accumulate(self.losses[self.by_end]) if len(self.by_end) else np.empty(0)
        lowest = np.where(np.isinf(lowest), np.nan, lowest)
        return -lowest if self.goal == "maximize" else lowest

    @cached_property
    def improvements(self) -> Ints:
        """Positions in `by_end` where a trial beat all that ended before it."""
        losses = self.losses[self.by_end]
        if not len(losses):
            return np.empty(0, dtype=np.intp)
        before = np.concatenate([[math.inf], np.minimum.accumulate(losses)[:-1]])
        return np.flatnonzero(losses < before)

    @cached_property
    def ranked(self) -> Ints:
        """Places of the trials that have a value, best first, of equals the earlier number; shape (valued,)."""
        valued = np.flatnonzero(np.isfinite(self.losses))
        return valued[np.lexsort((self.numbers[valued], self.losses[valued]))]

    @cached_property
    def unranked(self) -> Ints:
        """Places of the trials that ended or are paused with a finite value and miss repeats; shape (unranked,)."""
        is_over = self.are(TrialState.STOPPED, TrialState.PAUSED, TrialState.FINISHED)
        return np.flatnonzero(is_over & np.isfinite(self.shown_values) & np.isnan(self.values))

    def place_of(self, number: int) -> int | None:
        """The place of the trial with this number, where trials are in order of it; None without one."""
        at = int(np.searchsorted(self.numbers, number))
        return at if at < len(self.numbers) and self.numbers[at] == number else None

    def parameter(self, name: str, places: Sequence[int]) -> list[Any]:
        """The values of a parameter of the trials at these places; ABSENT where one does not have it."""
        return [lookup(self.trials[place].config, name) for place in places]

    @cached_property
    def fidelities(self) -> Floats:
        return self._floats("fidelity")

    def _floats(self, name: str) -> Floats:
        """One field of all trials; NaN where it is None."""
        return np.array(list(map(attrgetter(name), self.trials)), dtype=np.float64)


_COMPARABLE = (TrialState.FINISHED, TrialState.STOPPED, TrialState.PAUSED)

"""What is counted of a sweep's trials, kept up from one look to the next: only what changed is counted again."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Mapping
from itertools import compress
from operator import is_not

import numpy as np
import numpy.typing as npt

from besom.analysis.costs import was_cut_off
from besom.analysis.values import rested_at, value_of
from besom.records import Trial, TrialState

Floats = npt.NDArray[np.float64]
_WITH_VALUE = (TrialState.FINISHED, TrialState.STOPPED, TrialState.PAUSED)


class Tally:
    """Counts of the trials that it last followed.

    Attributes:
        counts: Trials by the name of their state.
        cut_off: Those of the stopped that the sweep's end or a person stopped.
        failed, valued, baselines: Numbers of trials, in order: that failed, have a value, were a user's own.
        audited: Trials that were let finish to see whether stopping them had been wrong, by number.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._followed: Mapping[int, Trial] = {}
        self._trials: list[Trial] = []
        self._counts: dict[str, int] = dict.fromkeys(map(str, TrialState), 0)
        self.cut_off = 0
        self.failed: list[int] = []
        self.valued: list[int] = []
        self.baselines: list[int] = []
        self.audited: dict[int, Trial] = {}
        self._ends: list[tuple[float, int]] = []
        self._values: list[float] = []

    @property
    def counts(self) -> dict[str, int]:
        return {state: count for state, count in self._counts.items() if count}

    def follow(self, trials: Mapping[int, Trial]) -> None:
        """Count what differs from the trials that were followed before. Under the lock."""
        if trials is self._followed:
            return
        before, now = self._trials, list(trials.values())
        both = min(len(before), len(now))
        changed = list(compress(range(both), map(is_not, before, now)))
        for trial in [before[at] for at in changed] + before[both:]:
            self._count(trial, -1)
        for trial in [now[at] for at in changed] + now[both:]:
            self._count(trial, 1)
        self._followed, self._trials = trials, now

    def best_so_far(self, goal: str) -> Floats:
        """The best value after each trial that ended or was paused with one, in that order. Under the lock."""
        values = np.array(self._values, dtype=np.float64)
        return np.maximum.accumulate(values) if goal == "maximize" else np.minimum.accumulate(values)

    def _count(self, trial: Trial, sign: int) -> None:
        state, number = trial.state, trial.number
        self._counts[state._value_] += sign
        if state is TrialState.STOPPED and was_cut_off(trial):
            self.cut_off += sign
        if state is TrialState.FAILED:
            _note(self.failed, number, sign)
        if trial.value is not None:
            _note(self.valued, number, sign)
        if trial.reason.phase == "baseline":
            _note(self.baselines, number, sign)
        if trial.audited is not None:
            self.audited[number] = trial
            if sign < 0:
                del self.audited[number]
        if state in _WITH_VALUE and (value := value_of(trial)) is not None:
            self._note_end(trial, value, sign)

    def _note_end(self, trial: Trial, value: float, sign: int) -> None:
        end = rested_at(trial)
        at = bisect_left(self._ends, end)
        if sign > 0:
            self._ends.insert(at, end)
            self._values.insert(at, value)
        else:
            del self._ends[at], self._values[at]


def _note(numbers: list[int], number: int, sign: int) -> None:
    if sign > 0:
        insort(numbers, number)
    else:
        del numbers[bisect_left(numbers, number)]

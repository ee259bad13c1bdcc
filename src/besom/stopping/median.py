"""The median rule: a trial stops once its best value is worse than the median of what others showed on average.

Source:
    Golovin et al. 2017, Google Vizier (doi:10.1145/3097983.3098043), section 3.2.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from besom.records import Observation, Reason, Status
from besom.stopping.contract import CONTINUE, Decision
from besom.stopping.progress import is_incumbent, progress_memory
from besom.sweepfile.model import MedianOptions

_COMPLETED = frozenset({Status.FINISHED, Status.STOPPED, Status.PAUSED})


class Median:
    """Stops a trial whose best value so far is strictly worse than the median of the others' running averages.

    The others are those that are over, stopped ones included, and got as far; failed ones have nothing to say. The
    incumbent goes on.
    """

    def __init__(
        self,
        options: MedianOptions,
        *,
        fidelity_max: float | None = None,
        fidelity_counts: bool = False,
        can_resume: bool = False,
    ) -> None:
        """A rule for these options.

        Args:
            options: From where on, and against how many others, trials are judged.
            fidelity_max: A trial that got so far is done, and no more stopped.
            fidelity_counts: Whether progress is the sweep's fidelity; otherwise it counts logged values.
            can_resume: Of no matter here.
        """
        self._first = options.min_iter
        self._min_trials = options.min_trials
        self._end = fidelity_max if fidelity_counts and fidelity_max is not None else math.inf
        self._progress = progress_memory(by_fidelity=fidelity_counts)

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on."""
        shown = self._progress.of(running)
        level = shown.reached
        if level < self._first or level >= self._end:
            return CONTINUE
        completed = (self._progress.of(other) for other in others if other.status in _COMPLETED)
        averages = sorted(average for other in completed if (average := other.average(level)) is not None)
        count = len(averages)
        if count < self._min_trials:
            return CONTINUE
        threshold = _middle(averages[(count - 1) // 2], averages[count // 2])
        if shown.best <= threshold or is_incumbent(shown, others):
            return CONTINUE
        text = f"its best value so far is worse than the median of the others' running averages at {level:g} ({count})"
        details = {"progress": level, "threshold": threshold, "trials": count}
        if math.isfinite(shown.best):
            details["best"] = shown.best
        return Decision("stop", Reason("median", text, details))


def _middle(low: float, high: float) -> float:
    """Half-way between two numbers; never more than the largest float where they are not."""
    return low if low == high else low + (high / 2 - low / 2)

"""Asynchronous successive halving: a trial goes on past a rung while it is among the best 1/eta of all that got there.

Source:
    Li et al. 2020, arXiv:1810.05934, algorithm 2, in the variant that decides on running trials instead of promoting
    paused ones; Klein et al. 2020, arXiv:2003.10865, section 2.2, name the two. In a rung that fewer than eta trials
    have reached no one is among the best 1/eta; there the best of them goes on, as in Optuna's SuccessiveHalvingPruner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile

from besom.records import Observation, Reason
from besom.stopping.contract import CONTINUE, Decision
from besom.stopping.progress import is_incumbent, progress_memory
from besom.stopping.rungs import powers
from besom.sweepfile.model import AshaOptions


class Asha:
    """Stops a trial that falls behind at the highest rung that it reached; pauses it where it can go on later.

    What counts is the value at the rung. The incumbent goes on.
    """

    def __init__(
        self,
        options: AshaOptions,
        *,
        fidelity_max: float | None = None,
        fidelity_counts: bool = False,
        can_resume: bool = False,
    ) -> None:
        """A rule for these options.

        Args:
            options: Where rungs lie, and how many trials go on.
            fidelity_max: A trial that got so far is done, and no more stopped.
            fidelity_counts: Whether rungs are levels of the sweep's fidelity; otherwise they count logged values.
            can_resume: Whether trials save checkpoints: what falls behind is paused then, since it may catch up.
        """
        known = [limit for limit in (options.max_iter, fidelity_max if fidelity_counts else None) if limit is not None]
        self._end = min(known, default=math.inf)
        self._rungs = tuple(takewhile(lambda rung: rung < self._end, powers(options.min_iter, options.eta)))
        self._eta = options.eta
        self._progress = progress_memory(by_fidelity=fidelity_counts)
        self._can_resume = can_resume

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on. Asked again before its next rung it may yet fall: others came to this one."""
        shown = self._progress.of(running)
        reached = [(rung, at_rung) for rung in self._rungs if (at_rung := shown.at(rung)) is not None]
        if not reached or shown.reached >= self._end:
            return CONTINUE
        rung, value = reached[-1]
        values = [there for other in others if (there := self._progress.of(other).at(rung)) is not None]
        values = sorted([*values, value])
        threshold = values[max(1, int(len(values) / self._eta)) - 1]
        if value <= threshold or is_incumbent(shown, others):
            return CONTINUE
        text = f"outside the best 1/{self._eta:g} of {len(values)} trials at rung {rung}"
        details = {"rung": rung, "threshold": threshold, "trials": len(values)}
        if math.isfinite(value):
            details["value"] = value
        return Decision("pause" if self._can_resume else "stop", Reason("asha", text, details))

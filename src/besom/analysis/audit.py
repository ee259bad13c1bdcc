"""How often trials are stopped wrongly, told by those that would have been stopped and were let finish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from besom.analysis.costs import was_cut_off
from besom.analysis.values import best_of, is_better, value_of
from besom.analysis.wording import counted, percent
from besom.records import Trial, TrialState

FEWEST = 10
"""Fewer audited trials than this say nothing of a rate: none wrong of ten may still be one in four."""
_Z = 1.959964
"""Quantile of the normal distribution for 95 %."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audited trials of a sweep say of those that were stopped.

    Attributes:
        stopped: Trials that are stopped or paused early.
        audited: Trials that would be, and were let go on.
        ended: Those of them that came to their own end; the others are under way or were cut off.
        wrong: Those of `ended` that got better than the incumbent was when they would have been stopped.
        lost: Those of `ended` that got better than every trial that was not audited ever did.
    """

    stopped: int = 0
    audited: int = 0
    ended: int = 0
    wrong: int = 0
    lost: int = 0

    @property
    def rate(self) -> float | None:
        """The share of stops that were wrong, 0 to 1; None while no audited trial has ended."""
        return self.wrong / self.ended if self.ended else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of that rate."""
        return wilson(self.wrong, self.ended)

    @property
    def is_telling(self) -> bool:
        """Whether enough audited trials have ended to speak of a rate."""
        return self.ended >= FEWEST

    def __str__(self) -> str:
        """One sentence for a person; empty where nothing was audited."""
        if not self.audited:
            return ""
        told = f"Audit: {self.wrong} of {counted(self.ended, 'trial')} let finish beat the incumbent of the time"
        if not self.is_telling:
            return f"{told}; too few to tell how many stops were wrong"
        low, high = self.interval
        return f"{told}: {percent(self.rate)} of stops were wrong (95 %: {percent(low)} to {percent(high)})"


def audit(trials: Sequence[Trial], goal: str) -> Audit:
    """How the audited trials ended, held against the incumbents that they had to beat."""
    audited = [trial for trial in trials if trial.audited is not None]
    best = best_of((trial for trial in trials if trial.audited is None), goal) if audited else None
    ended = [trial for trial in audited if trial.state in (TrialState.FINISHED, TrialState.FAILED)]
    return Audit(
        stopped=sum(
            trial.state is TrialState.PAUSED or (trial.state is TrialState.STOPPED and not was_cut_off(trial))
            for trial in trials
        ),
        audited=len(audited),
        ended=len(ended),
        wrong=sum(_beats(trial, _incumbent_then(trial), goal) for trial in ended),
        lost=sum(_beats(trial, best.value if best else None, goal) for trial in ended),
    )


def _incumbent_then(trial: Trial) -> float | None:
    """The best value when the trial would have been stopped; None if there was none."""
    return trial.audited.details.get("incumbent") if trial.audited else None


def _beats(trial: Trial, incumbent: float | None, goal: str) -> bool:
    """Whether the trial's value is better; any value is better than none."""
    value = value_of(trial)
    return value is not None and (incumbent is None or is_better(value, incumbent, goal))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share, within 0 to 1; all of that where nothing was counted.

    Source:
        Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    # At the ends the formula gives 0 and 1 but for rounding.
    return (max(0.0, middle - reach) if hits else 0.0), (min(1.0, middle + reach) if hits < of else 1.0)

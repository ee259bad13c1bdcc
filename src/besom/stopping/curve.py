"""The curve rule: a trial stops once its learning curve, extrapolated, hardly has a chance to beat the incumbent.

Source:
    Domhan et al. 2015 (IJCAI), "predictive termination", with a Gaussian process over all curves of the sweep in the
    place of parametric ones; see `forecast`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import compress

from besom.numerics.threads import one_thread
from besom.records import Observation, Reason, Status
from besom.stopping.contract import CONTINUE, Decision
from besom.stopping.forecast import Evidence, Forecast, Ladder, first_few, forecast
from besom.stopping.progress import Progress, is_incumbent, progress_memory
from besom.stopping.rungs import powers
from besom.sweepfile.model import CurveOptions

_ETA = 1.5
_PART_OF_UNSEEN = 0.5
_LEAST_TOLD = 0.01  # the tails of a prediction say nothing about rarer things
_OTHERS_MIN = 4  # fewer curves tell nothing of how much they differ


class Curve:
    """Stops a trial at a rung if it beats the best other with less than some probability; pauses it where it can.

    The incumbent goes on, and so does who leads at its rung.
    """

    def __init__(
        self,
        options: CurveOptions,
        *,
        fidelity_max: float | None = None,
        fidelity_counts: bool = False,
        can_resume: bool = False,
    ) -> None:
        """A rule for these options.

        Args:
            options: From where on, and at which probability.
            fidelity_max: Where curves end. Unknown, it is where the longest finished trial did.
            fidelity_counts: Whether progress is the sweep's fidelity; otherwise it counts logged values.
            can_resume: Whether trials save checkpoints: what has little chance is paused then.
        """
        self._rungs = powers(options.min_iter, _ETA)
        self._probability = options.probability
        self._end = fidelity_max if fidelity_counts else None
        self._progress = progress_memory(by_fidelity=fidelity_counts)
        self._can_resume = can_resume

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on, by what it has shown up to the highest rung that it reached."""
        shown = self._progress.of(running)
        rung = max((rung for rung in self._rungs if rung <= shown.reached), default=None)
        is_done = self._end is not None and shown.reached >= self._end
        if rung is None or is_done or is_incumbent(shown, others):
            return CONTINUE
        found = self._forecast(shown, float(rung), others)
        if found is None or found.chance >= self._threshold(len(others)) or self._leads(shown, float(rung), others):
            return CONTINUE
        best = _best(others)
        text = f"beats the best of the others with a probability of {found.chance:.2g}, judged at rung {rung}"
        details = asdict(found) | {"best": best, "rung": rung}
        details["probability"] = details.pop("chance")
        return Decision("pause" if self._can_resume else "stop", Reason("curve", text, details))

    def _threshold(self, others: int) -> float:
        """The chance below which a trial is stopped: small, and well below that of a new trial in its place.

        Of trials drawn alike the next one is the best with probability 1 / (others + 1). Where all curves look alike at
        first, none has shown that it is worse than that.
        """
        return min(self._probability, max(_PART_OF_UNSEEN / (others + 1), _LEAST_TOLD))

    def _leads(self, shown: Progress, rung: float, others: Sequence[Observation]) -> bool:
        """Whether no other curve was better where it stood at `rung`, or ended before."""
        own = shown.at(rung)
        curves = (self._progress.of(other) for other in others if other.status is not Status.FAILED)
        values = (value for curve in curves if (value := curve.at(min(rung, curve.reached))) is not None)
        return own is not None and not any(value < own for value in values)

    def _forecast(self, shown: Progress, rung: float, others: Sequence[Observation]) -> Forecast | None:
        """What `shown` will come to; None where there is too little to tell."""
        curves, is_over, finished = [], [], 0.0
        for other in sorted(others, key=lambda other: other.trial):
            curve = self._progress.of(other)
            if other.status is Status.FAILED or curve.best == math.inf or curve.first <= 0:
                continue
            curves.append(curve)
            is_over.append(other.status is not Status.PENDING)
            if other.status is Status.FINISHED:
                finished = max(finished, curve.reached)
        end = self._end or finished
        if not end or len(curves) < _OTHERS_MIN or not 0 < shown.first <= rung:
            return None
        most, least = max(end, rung), min(progress.first for progress in (shown, *curves))
        if least >= most:
            return None
        ladder = Ladder.between(least, most)
        own = Evidence.of_one(shown, rung, ladder)
        known = Evidence.of(curves, ladder)
        if not own.u or not known.u:
            return None
        over = list(compress(curves, is_over))
        learnt_from = Evidence.of(over[: first_few(len(over))], ladder) if len(over) >= _OTHERS_MIN else known
        ahead = ladder.after(rung)
        with one_thread():
            return forecast(own, known, learnt_from if learnt_from.u else known, ahead.tobytes(), _best(others))


def _best(others: Sequence[Observation]) -> float:
    """The incumbent's objective among `others`; failed trials have none."""
    return min(other.value for other in others if other.status is not Status.FAILED and other.value is not None)

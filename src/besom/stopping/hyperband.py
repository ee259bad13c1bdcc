"""W&B's hyperband: a trial goes on past a rung while it is among the best 1/eta of all that got there.

Source:
    PyPI's `sweeps` 0.3.0, hyperband_stopping.py, whose decisions are reproduced value for value.
"""

from __future__ import annotations

from collections.abc import Sequence

from besom.records import Curve, Observation, Reason
from besom.stopping.contract import CONTINUE, Decision
from besom.stopping.rungs import Logged, rungs_of
from besom.sweepfile.model import EarlyTerminate


class Hyperband:
    """Stops a trial that falls behind the others at the highest rung that it reached.

    What counts is its best value so far, or its value at the rung if `strict`.
    """

    def __init__(
        self, options: EarlyTerminate, *, fidelity_max: float | None = None, fidelity_counts: bool = False
    ) -> None:
        """A rule for these options.

        Args:
            options: W&B's settings.
            fidelity_max: A trial that got so far is done, and no more stopped. W&B knows no such thing.
            fidelity_counts: Whether rungs are levels of the sweep's fidelity; otherwise they count logged values.

        Raises:
            SweepFileError: The settings leave no rung.
        """
        self._rungs = rungs_of(options)
        self._eta = options.eta
        self._strict = options.strict
        self._fidelity_max = fidelity_max if fidelity_counts else None
        self._fidelity_counts = fidelity_counts
        self._seen: dict[int, tuple[Curve, dict[int, float | None]]] = {}

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on. Asked again at the same point, it may stop what it let pass: others improved."""
        shown = Logged(running.curve, by_fidelity=self._fidelity_counts)
        reached = [(rung, value) for rung in self._rungs if (value := shown.at(rung)) is not None]
        is_done = self._fidelity_max is not None and shown.reached >= self._fidelity_max
        if not reached or shown.best is None or is_done:
            return CONTINUE
        rung, at_rung = reached[-1]
        values = [value for other in others if (value := self._value_at(rung, other)) is not None]
        values.append(at_rung)
        threshold = sorted(values)[int(1.0 / self._eta * len(values))]
        value = at_rung if self._strict else shown.best
        if value <= threshold:
            return CONTINUE
        what = "its value there" if self._strict else "its best value so far"
        text = f"outside the best 1/{self._eta:g} of {len(values)} trials at rung {rung}, by {what}"
        details = {"rung": rung, "value": value, "threshold": threshold, "trials": len(values)}
        return Decision("stop", Reason("hyperband", text, details))

    def _value_at(self, rung: int, other: Observation) -> float | None:
        """What `other` showed at `rung`, remembered for as long as its curve is the very same object."""
        known = self._seen.get(other.trial)
        if known is None or known[0] is not other.curve:
            known = self._seen[other.trial] = (other.curve, {})
        values = known[1]
        if rung not in values:
            values[rung] = Logged(other.curve, by_fidelity=self._fidelity_counts).at(rung)
        return values[rung]

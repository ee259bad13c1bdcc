"""W&B's hyperband: a trial goes on past a rung while it is among the best 1/eta of all that got there.

Source:
    PyPI's `sweeps` 0.3.0, hyperband_stopping.py, whose decisions are reproduced value for value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import takewhile

from besom.records import Observation, Reason
from besom.stopping.contract import CONTINUE, Decision
from besom.stopping.progress import Memory
from besom.stopping.rungs import Logged, rungs_of
from besom.sweepfile.model import HyperbandOptions


class Hyperband:
    """Stops a trial that falls behind the others at the highest rung that it reached.

    What counts is its best value so far, or its value at the rung if `strict`.
    """

    def __init__(
        self,
        options: HyperbandOptions,
        *,
        fidelity_max: float | None = None,
        fidelity_counts: bool = False,
        can_resume: bool = False,
    ) -> None:
        """A rule for these options.

        Args:
            options: W&B's settings.
            fidelity_max: A trial that got so far is done, and no more stopped. W&B knows no such thing.
            fidelity_counts: Whether rungs are levels of the sweep's fidelity; otherwise they count logged values.
            can_resume: Of no matter here: W&B's stops.
        """
        self._rungs = rungs_of(options)
        self._eta = options.eta
        self._strict = options.strict
        self._fidelity_max = fidelity_max if fidelity_counts else None
        self._logged = Memory(partial(Logged, by_fidelity=fidelity_counts))

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on. Asked again at the same point, it may stop what it let pass: others improved."""
        shown = self._logged.of(running)
        below = takewhile(lambda rung: rung <= shown.reached, self._rungs)
        reached = [(rung, value) for rung in below if (value := shown.at(rung)) is not None]
        is_done = self._fidelity_max is not None and shown.reached >= self._fidelity_max
        if not reached or shown.best is None or is_done:
            return CONTINUE
        rung, at_rung = reached[-1]
        values = [value for other in others if (value := self._logged.of(other).at(rung)) is not None]
        values.append(at_rung)
        threshold = sorted(values)[int(1.0 / self._eta * len(values))]
        value = at_rung if self._strict else shown.best
        if value <= threshold:
            return CONTINUE
        what = "its value there" if self._strict else "its best value so far"
        text = f"outside the best 1/{self._eta:g} of {len(values)} trials at rung {rung}, by {what}"
        details = {"rung": rung, "value": value, "threshold": threshold, "trials": len(values)}
        return Decision("stop", Reason("hyperband", text, details))

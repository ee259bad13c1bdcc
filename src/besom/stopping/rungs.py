"""Where rungs lie, and what a curve shows at one as W&B counts it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from besom.records import Curve
from besom.sweepfile.model import HyperbandOptions

_MOST = 100


def rungs_of(options: HyperbandOptions) -> tuple[int, ...]:
    """Ascending rungs: `min_iter` times powers of eta, or `max_iter` divided by powers of eta; as W&B counts them.

    Source:
        PyPI's `sweeps` 0.3.0, hyperband_stopping.py: `max_iter` goes first, and each rung is cut to an integer.
    """
    if options.max_iter is not None and options.s is not None:
        rungs = []
        rung = float(options.max_iter)
        for _ in range(int(options.s)):
            rung /= options.eta
            if rung < 1:
                break
            rungs.append(int(rung))
        return tuple(sorted(rungs))
    assert options.min_iter is not None, "the options see to it that there is one or the other"
    return powers(options.min_iter, options.eta)


def powers(first: float, eta: float) -> tuple[int, ...]:
    """`first` times powers of eta, each cut to an integer: ascending, at most a hundred of them."""
    rungs: list[int] = []
    rung = float(first)
    while len(rungs) < _MOST and math.isfinite(rung):
        rungs.append(int(rung))
        rung *= eta
    return tuple(rungs)


class Logged:
    """What a curve shows, without values that are not finite.

    Attributes:
        reached: How far it got, in the unit of the rungs.
        best: The lowest value, None without any.
    """

    __slots__ = ("_fidelity", "_known", "_values", "best", "reached")

    def __init__(self, curve: Curve, *, by_fidelity: bool) -> None:
        """What `curve` shows.

        Args:
            curve: The objective as logged, minimised.
            by_fidelity: Whether rungs are levels of the fidelity; otherwise they count the values.
        """
        values = np.frombuffer(curve.values)
        is_valid = np.isfinite(values)
        self._values: npt.NDArray[np.float64] = values[is_valid]
        self._fidelity = np.frombuffer(curve.fidelity)[is_valid] if by_fidelity else None
        self.best: float | None = float(self._values.min()) if self._values.size else None
        self.reached = float(len(self._values))
        if self._fidelity is not None:
            self.reached = float(self._fidelity.max(initial=-math.inf))
        self._known: dict[int, float | None] = {}

    def at(self, rung: int) -> float | None:
        """The value at `rung`: the `rung`-th, or the last one at no more fidelity; None where it did not get there."""
        if rung not in self._known:
            self._known[rung] = self._find(rung)
        return self._known[rung]

    def _find(self, rung: int) -> float | None:
        if self.reached < rung:
            return None
        if self._fidelity is None:
            return float(self._values[rung - 1])
        before = np.flatnonzero(self._fidelity <= rung)
        return float(self._values[before[-1]]) if before.size else None

"""Objective values made fit for a Gaussian process over curves: linear in what is good, logarithmic beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_WIDTH = 1.5  # so that the good half of all curves lies within about one unit
_LEAST_PART = 1e-12
_LARGEST = 1e307
_FARTHEST = 1e6


@dataclass(frozen=True, slots=True)
class CurveScale:
    """Zero at the middle of the curves' last values; a unit is somewhat more than how far better ones spread.

    Unlike ranks it goes on beyond the worst value seen, and order is kept: a curve that is worse looks worse.
    """

    centre: float
    unit: float

    @classmethod
    def of(cls, latest: Floats, shown: Floats) -> CurveScale:
        """The scale of curves.

        Args:
            latest: The last value of each, finite, shape (N,), N >= 1.
            shown: All their values, finite, shape (n,): they give the unit where the last ones are all alike.
        """
        ordered = np.sort(latest)
        centre = float(ordered[(len(ordered) - 1) // 2] / 2 + ordered[len(ordered) // 2] / 2)
        unit = _spread(np.minimum(latest, centre), centre) or _spread(shown, centre)
        least = max(abs(centre) * _LEAST_PART, 1e-300)
        return cls(centre, float(np.clip(_WIDTH * unit, least, _LARGEST)))

    def forward(self, y: Floats) -> Floats:
        """Scaled values of objective values, same shape."""
        with np.errstate(over="ignore"):
            d = np.clip(y / self.unit - self.centre / self.unit, -_FARTHEST, _FARTHEST)
        return np.where(d > 0, np.log1p(np.maximum(d, 0.0)), d)

    def inverse(self, z: Floats) -> Floats:
        """Objective values of scaled ones, same shape, finite."""
        with np.errstate(over="ignore"):
            d = np.where(z > 0, np.expm1(np.maximum(z, 0.0)), z)
            y = self.centre + self.unit * d
        largest = np.finfo(np.float64).max
        return np.asarray(np.clip(y, -largest, largest))


def _spread(y: Floats, centre: float) -> float:
    """Root mean square of what `y` is from `centre`; never overflows by the squares."""
    half = y / 2 - centre / 2
    largest = float(np.abs(half).max())
    # At the level of rounding it is a tie; blown up, it would be taken for differences.
    if largest <= abs(centre) * _LEAST_PART:
        return 0.0
    return min(2.0 * largest, _LARGEST) * float(np.sqrt(np.mean((half / largest) ** 2)))

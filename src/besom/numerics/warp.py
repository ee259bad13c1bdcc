"""Output warps: objective values made fit for a Gaussian process, and back.

Source:
    Song et al. 2024, arXiv:2408.11527 (Vizier's half-rank warper).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LARGE = 1e150  # squares of anything larger may overflow
_LOWEST_Z = -1e9  # a value that is better by more than this says no more, and its square would drown the others


@dataclass(frozen=True, slots=True)
class HalfRank:
    """A fitted warp: linear below the median, normal scores of the ranks above it; then mean 0, variance 1.

    A diverged trial can be arbitrarily bad without squeezing the differences between the good ones.

    Attributes:
        z: Warped values in the order they were given, shape (n,).
        unit: How many of the objective's units one unit of `z` is, below the median.
    """

    z: Floats
    unit: float
    _median: float
    _median_z: float
    _score_z: float
    _upper_y: Floats
    _upper_z: Floats

    def forward(self, y: Floats) -> Floats:
        """Warped values of objective values, any shape; above the worst value that the warp was fitted to, its own."""
        with np.errstate(over="ignore"):
            below = self._median_z + (np.minimum(y, self._median) - self._median) / self.unit
        return np.where(y <= self._median, np.maximum(below, _LOWEST_Z), np.interp(y, self._upper_y, self._upper_z))

    def inverse(self, z: Floats) -> Floats:
        """Objective values of warped ones; above the worst value seen, that one.

        Args:
            z: Warped values, any shape.

        Returns:
            Values in the objective's units, same shape.
        """
        with np.errstate(over="ignore"):  # near the largest floats, what lies beyond them is infinite
            below = self._median + (np.minimum(z, self._median_z) - self._median_z) * self.unit
        above = np.interp(z, self._upper_z, self._upper_y)
        return np.where(z <= self._median_z, below, above)


def half_rank(y: Floats) -> HalfRank:
    """The half-rank warp of minimised objective values.

    Args:
        y: Finite values, shape (n,), n >= 1; smaller is better.

    Raises:
        ValueError: `y` is empty or not finite.
    """
    from scipy.special import ndtri

    if y.size == 0 or not np.isfinite(y).all():
        raise ValueError(f"half_rank: needs at least one value, all finite, got {y!r}; replace failures first.")
    ordered = np.sort(y)
    lower_middle, upper_middle = ordered[(y.size - 1) // 2], ordered[y.size // 2]
    median = float(lower_middle / 2 + upper_middle / 2)
    is_good = y <= median
    largest = float(np.abs(ordered[: y.size // 2 + 1]).max())
    scale = largest if largest > _LARGE else 1.0
    deviation = np.where(is_good, y, median) / scale - median / scale
    spread = float(np.sqrt(np.mean(deviation[is_good] ** 2)))
    # A spread at the level of rounding is a tie: blowing it up would fit a model to noise of the last bit.
    if spread <= 1e-14 * largest / scale:
        spread = 0.0
    levels, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - counts / 2  # (r + .5), averaged over ties
    scores = np.asarray(ndtri(middle_rank / y.size), dtype=np.float64)
    raw = np.where(is_good, deviation / spread if spread > 0 else 0.0, np.maximum(scores[inverse], 0.0))
    shift, width = float(raw.mean()), float(raw.std())
    width = width if width > 0 else 1.0
    z = (raw - shift) / width
    bad = levels > median
    upper_y = np.concatenate(([median], levels[bad]))
    upper_z = (np.concatenate(([0.0], np.maximum(scores[bad], 0.0))) - shift) / width
    unit = (spread if spread > 0 else 1.0) * width * scale
    return HalfRank(z, unit, median, -shift / width, 1.0 / width, upper_y, upper_z)


def half_rank_of_curves(latest: Floats, shown: Floats) -> HalfRank:
    """The half-rank warp of learning curves: linear in what is good by the curves' latest values, ranks beyond it.

    Args:
        latest: The last value of each curve, finite, shape (N,), N >= 1.
        shown: All values that are to be warped, finite, shape (n,): those above the median of `latest` are ranked.
    """
    from scipy.special import ndtri

    warp = half_rank(latest)
    bad = np.unique(shown[shown > warp._median])
    parts = (np.arange(len(bad)) + 0.5) / max(len(bad), 1)
    scores = np.concatenate(([0.0], np.asarray(ndtri(0.5 + 0.5 * parts))))
    upper_y = np.concatenate(([warp._median], bad))
    return replace(warp, _upper_y=upper_y, _upper_z=warp._median_z + warp._score_z * scores)

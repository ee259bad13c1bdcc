"""Configurations that came out exactly alike: what lies no farther off than they lie apart will come out so too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


class Plateaus:
    """Where an outcome is known already, by the outcomes of a few points.

    A point and the nearest one that came out like it span a plateau, unless a third one that came out otherwise is
    nearer to both than they are to each other: then they are alike by chance, as accuracies on few examples often are.
    A plateau reaches as far around each of its points as the widest such span. Where there are plateaus, every other
    point is believed to stand on one of its own, of their median width: outcomes then come in steps all over the space.

    Source:
        Toussaint 1980, The relative neighbourhood graph of a finite planar set (when two points are neighbours).
    """

    def __init__(self, x: Floats, outcome: Floats | Ints) -> None:
        """The plateaus of the points at `x` (n, d), whose outcomes, (n,), are equal where they came out exactly alike.

        Distances are the largest difference in any one column, so that another category is far away.
        """
        _, group, sizes = np.unique(outcome, return_inverse=True, return_counts=True)
        self._x, self._reach = np.empty((0, x.shape[1])), np.empty(0)
        if (sizes > 1).any():
            reach = _reach(x, group)
            if (reach > 0).any():
                self._x, self._reach = x, np.where(reach > 0, reach, np.median(reach[reach > 0]))

    def covers(self, x: Floats) -> Bools:
        """Whether the outcome at each of `x` (m, d) is known already, shape (m,)."""
        if not len(self._x):
            return np.zeros(len(x), dtype=np.bool_)
        from scipy.spatial.distance import cdist

        return np.asarray((cdist(x, self._x, "chebyshev") <= self._reach).any(axis=1))


def _reach(x: Floats, group: Ints) -> Floats:
    """How far the plateau of each point reaches, 0 for one of no plateau, shape (n,)."""
    from scipy.spatial.distance import cdist

    apart = cdist(x, x, "chebyshev")
    is_alike = group[:, None] == group[None, :]
    to_alike = np.where(is_alike & (apart > 0), apart, np.inf)
    nearest = to_alike.argmin(axis=1)
    span = to_alike[np.arange(len(x)), nearest]
    between = np.where(is_alike, np.inf, np.maximum(apart, apart[nearest])).min(axis=1)
    span = np.where(np.isfinite(span) & (between >= span), span, 0.0)
    widest = np.zeros(group.max() + 1)
    np.maximum.at(widest, group, span)
    return np.asarray(widest[group])

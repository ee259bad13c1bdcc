"""What training costs: seconds for a unit of fidelity, learnt from the configurations that were run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from besom.search.contract import History

Floats = npt.NDArray[np.float64]

_LEAST_TRIALS = 3
_RIDGE = 1.0


class Costs:
    """Cost of a unit of fidelity: 1 where fidelity is counted, else seconds by a regression of their logarithm."""

    def __init__(self, history: History) -> None:
        """What the trials of a history took. Without times, all configurations cost the same."""
        self._weights: Floats | None = None
        timed = [o for o in history.observations if o.seconds > 0 and o.fidelity > 0]
        if history.cost == "seconds" and len(timed) >= _LEAST_TRIALS:
            x = _features(history.space.encode([o.config for o in timed]))
            y = np.log([o.seconds for o in timed]) - np.log([o.fidelity for o in timed])
            penalty = np.full(x.shape[1], _RIDGE)
            penalty[0] = 1e-6  # the level itself is not shrunk
            self._weights = np.asarray(np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y), dtype=np.float64)

    def per_fidelity(self, x: Floats) -> Floats:
        """Cost of a unit of fidelity at encoded configurations (m, d), shape (m,)."""
        if self._weights is None:
            return np.ones(len(x))
        return np.exp(np.clip(_features(x) @ self._weights, -50.0, 50.0))


def _features(x: Floats) -> Floats:
    """A constant, the positions and their squares, centred: times grow by powers of widths and lengths."""
    centred = x - 0.5
    return np.concatenate([np.ones((len(x), 1)), centred, centred**2], axis=1)

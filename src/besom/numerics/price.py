"""What a curve is worth per unit of cost, where one may look further and then decide whether to finish.

Two questions about the same two stages, a look and then the rest. At which price per unit of cost does a curve break
even against a known best value (`log_price`)? And, at a given price, which best value would one have to hold already
for the curve to be no longer worth it (`reservation`)? The curve of lowest reservation value is the one to go on with.

What counts is the best value shown on the way, so that a look is worth no less than the value that it shows itself: a
curve that turns up again later is followed to where it is lowest.

Letters: m curves, L looks at each, Q nodes of the quadrature.

Source:
    Weitzman 1979, Optimal search for the best alternative; Xie et al. 2024, arXiv:2406.20062 (the Gittins index of
    Pandora's box in Bayesian optimisation), here with two stages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import expected_improvement, inverse_log_h, log_ei

Floats = npt.NDArray[np.float64]

_BISECTIONS = 16
_LEAST_LOG = -690.0  # smaller exponentials underflow
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
_WEIGHTS = _WEIGHTS / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Stages:
    """Looks at curves, what they would tell, and what they cost.

    Attributes:
        mean, variance: Of the final value of each curve, shape (m,).
        settled: The part of that variance which each look explains, shape (m, L), at most `variance`.
        first: Cost up to each look, shape (m, L), positive.
        rest: Cost from there to the end, shape (m, L), 0 where the look is the end.
        look_mean, look_variance: Of the value at each look, shape (m, L).
    """

    mean: Floats
    variance: Floats
    settled: Floats
    first: Floats
    rest: Floats
    look_mean: Floats
    look_variance: Floats

    def at_nodes(self) -> tuple[Floats, Floats]:
        """Mean (m, L, Q) and standard deviation (m, L, 1) of the final values, as they may be after the look."""
        mean = self.mean[:, None, None] + np.sqrt(self.settled)[:, :, None] * _NODES
        return mean, np.sqrt(np.maximum(self.variance[:, None] - self.settled, 1e-12))[:, :, None]


def log_price(stages: Stages, best: float) -> Floats:
    """Log of the price per unit of cost at which each look breaks even, shape (m, L).

    At price p, one pays p x `first` to see the look, and then, where the improvement expected by then is worth it,
    p x `rest` to see the final value and gain what it improves on `best`. Or one pays p x `first` and gains what the
    look itself improves on it.
    """
    mean, sd = stages.at_nodes()
    expected = log_ei(mean, np.broadcast_to(sd, mean.shape), best)
    top = np.maximum(expected.max(2), _LEAST_LOG)  # the common factor, so that nothing underflows
    gains = np.exp(np.maximum(expected - top[:, :, None], _LEAST_LOG))
    whole = gains @ _WEIGHTS
    low, high = np.log(whole / (stages.first + stages.rest)), np.log(whole / stages.first)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        price = np.exp(middle)
        worth = np.maximum(gains - (price * stages.rest)[:, :, None], 0.0) @ _WEIGHTS
        is_worth_more = worth > price * stages.first
        low, high = np.where(is_worth_more, middle, low), np.where(is_worth_more, high, middle)
    at_once = log_ei(stages.look_mean, np.sqrt(stages.look_variance), best) - np.log(stages.first)
    return np.asarray(np.maximum(0.5 * (low + high) + top, at_once))


def reservation(stages: Stages, price: float) -> Floats:
    """The best value at which each look is just worth its cost at `price` per unit, shape (m, L); lower is better.

    Args:
        stages: The looks.
        price: What a unit of cost is worth, in units of the values; positive.
    """
    mean, sd = stages.at_nodes()
    spread = np.sqrt(stages.variance)[:, None]
    first, rest = price * stages.first, (price * stages.rest)[:, :, None]
    # As good as free after the look, and as if all were to be paid at once: the truth lies between.
    low = stages.mean[:, None] + spread * inverse_log_h(np.log(first / spread))
    high = stages.mean[:, None] + spread * inverse_log_h(np.log((first + rest[:, :, 0]) / spread))
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        worth = np.maximum(expected_improvement(mean, sd, middle[:, :, None]) - rest, 0.0) @ _WEIGHTS
        is_worth_it = worth > first
        low, high = np.where(is_worth_it, low, middle), np.where(is_worth_it, middle, high)
    at_once = reservation_at_once(
        stages.look_mean, np.sqrt(stages.look_variance), math.log(price) + np.log(stages.first)
    )
    return np.asarray(np.minimum(0.5 * (low + high), at_once))


def reservation_at_once(mean: Floats, sd: Floats, log_cost: Floats) -> Floats:
    """The best value at which one that is seen for exp(log_cost), at once, is just worth that; all of one shape.

    Args:
        mean: Of the value.
        sd: Its standard deviation.
        log_cost: Log of what it costs, in units of the values.
    """
    return mean + sd * inverse_log_h(log_cost - np.log(sd))

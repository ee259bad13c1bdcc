"""Functional ANOVA of a Gaussian process's mean: what it varies with each input alone, and with each two.

Matern-5/2 is no product over inputs, but a mixture of Gaussian kernels that are: k(r) is the expectation of
exp(-r2 / 2 t) over t with the distribution Gamma(5/2, rate 5/2). Thirteen values of t give it to 5e-6, and an average
over all inputs but one or two then takes sums over one input at a time.

Letters: n points that carry the mean, d inputs, q parts of the mixture, g and h nodes of an input, s functions.
    x (n, d)   points, see `kernel`
    a (n, s)   the functions are k(., x) a
    T (n,g,q)  an input's factor of the kernel between its nodes and the points
    M (n, q)   its mean over the nodes

Source:
    Sobol' 1993 (decomposition); Hutter et al. 2014 (use on hyperparameters); Oakley & O'Hagan 2004,
    doi:10.1111/j.1467-9868.2004.05304.x (integrals of a Gaussian process); Rasmussen & Williams 2006, section 4.2.1
    (mixtures of Gaussian kernels: eq. 4.19 for another mixing distribution).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEP = 0.55  # of the trapezoid rule in log t, whose error falls geometrically with it
_LOG_T = np.arange(-5.0, 2.0, _STEP)
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Input:
    """The distribution of one input.

    Attributes:
        at: Its nodes, shape (g,).
        mass: Their probabilities, shape (g,).
        idle: Where it stands in worlds in which it is inactive.
        is_category: Whether it counts by Hamming distance.
    """

    at: Floats
    mass: Floats
    idle: float = 0.5
    is_category: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """One combination of those inputs that decide which others are active; within it inputs are independent.

    Attributes:
        probability: Of the combination.
        held: The deciding inputs, each with its node.
        idle: Inputs that are inactive.
    """

    probability: float = 1.0
    held: Mapping[int, int] = field(default_factory=dict)
    idle: frozenset[int] = frozenset()


EVERYWHERE = (World(),)


def mixture() -> tuple[Floats, Floats]:
    """Shares and precisions (1 / t) of the Gaussian kernels that Matern-5/2 is made of, shapes (q,)."""
    t = np.exp(_LOG_T)
    shares = _STEP * 2.5**2.5 / math.gamma(2.5) * t**2.5 * np.exp(-2.5 * t)
    return shares / shares.sum(), 1.0 / t


class Effects:
    """The effects of inputs on functions k(., x) a, for any a."""

    def __init__(self, x: Floats, lengthscale: Floats, inputs: Sequence[Input], worlds: Sequence[World]) -> None:
        """Factors of every input; `x` (n, d), `lengthscale` (d,), as many `inputs`; a signal variance belongs in a."""
        self._inputs, self._worlds = inputs, worlds
        self._shares, precision = mixture()
        self._factors, self._idle = [], []
        for j, one in enumerate(inputs):
            scaled = precision / (2.0 * lengthscale[j] ** 2)
            self._factors.append(_factor(x[:, j], one.at, scaled, one.is_category))
            self._idle.append(_factor(x[:, j], np.array([one.idle]), scaled, one.is_category))
        self._means = [[self._log_mean(j, world) for j in range(len(inputs))] for world in worlds]
        self._product = [np.sum(means, axis=0) for means in self._means]

    def alone(self, j: int) -> Floats:
        """The matrix (g, n) that turns a into the mean over all inputs but `j`, at its nodes."""
        found = np.zeros((len(self._inputs[j].at), len(self._factors[j])))
        for number, world in enumerate(self._worlds):
            rest = world.probability * self._shares * np.exp(self._product[number] - self._means[number][j])
            found += np.einsum("ngq,nq->gn", self._given(j, world), rest)
        return found

    def together(self, j: int, k: int) -> Floats:
        """The matrix (g * h, n) that turns a into the mean over all inputs but `j` and `k`, at pairs of their nodes."""
        n = len(self._factors[j])
        found = np.zeros((n, len(self._inputs[j].at), len(self._inputs[k].at)))
        for number, world in enumerate(self._worlds):
            log_rest = self._product[number] - self._means[number][j] - self._means[number][k]
            rest = world.probability * self._shares * np.exp(log_rest)
            found += (self._given(j, world) * rest[:, None, :]) @ self._given(k, world).transpose(0, 2, 1)
        return found.reshape(n, -1).T

    def _given(self, j: int, world: World) -> Floats:
        """The factors of input `j` at its nodes; in a world that holds it, those of its node, as often as it occurs."""
        factors = np.broadcast_to(self._idle[j], self._factors[j].shape) if j in world.idle else self._factors[j]
        if j not in world.held:
            return factors
        node = world.held[j]
        scaled = np.zeros_like(self._factors[j])
        scaled[:, node] = factors[:, node] / self._inputs[j].mass[node]
        return scaled

    def _log_mean(self, j: int, world: World) -> Floats:
        if j in world.idle:
            mean = self._idle[j][:, 0]
        elif j in world.held:
            mean = self._factors[j][:, world.held[j]]
        else:
            mean = np.einsum("ngq,g->nq", self._factors[j], self._inputs[j].mass)
        return np.asarray(np.log(np.maximum(mean, _TINY)))


def _factor(x: Floats, at: Floats, scaled: Floats, is_category: bool) -> Floats:
    difference = x[:, None] - at[None, :]
    distance = (difference != 0.0).astype(np.float64) if is_category else difference**2
    return np.asarray(np.exp(-distance[:, :, None] * scaled))


def variance_alone(values: Floats, mass: Floats) -> Floats:
    """Variance of `values` (g, s) under the probabilities `mass` (g,), shape (s,)."""
    return np.asarray(mass @ (values - mass @ values) ** 2)

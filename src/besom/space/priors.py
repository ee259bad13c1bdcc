"""Continuous distributions under W&B's parameters: cdf and its inverse on arrays.

scipy.special is loaded by the two that need it, because it costs more than all the rest of a start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOWEST_UNIT, HIGHEST_UNIT = 1e-16, 1.0 - 1.2e-16
"""Nearest positions to 0 and 1 at which an unbounded distribution is still asked for its value."""

_TINY = float(np.finfo(np.float64).tiny)


class Prior(Protocol):
    """A distribution with support [low, high], either of which may be infinite."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    def cdf(self, x: Floats) -> Floats:
        """Probability of a value up to `x`, any shape; 0 below the support, 1 above it."""
        ...

    def ppf(self, u: Floats) -> Floats:
        """The value at position `u` in [0, 1], any shape; always finite and inside the support."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform on [low, high]."""

    low: float
    high: float

    def cdf(self, x: Floats) -> Floats:
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def ppf(self, u: Floats) -> Floats:
        return np.clip(self.low + u * (self.high - self.low), self.low, self.high)


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Uniform in log(x) on [low, high]; `log_low` and `log_high` are the bounds as exponents of e."""

    low: float
    high: float
    log_low: float
    log_high: float

    @classmethod
    def of_values(cls, low: float, high: float) -> LogUniform:
        return cls(low, high, math.log(low), math.log(high))

    @classmethod
    def of_exponents(cls, low: float, high: float) -> LogUniform:
        """Raises OverflowError where e to the power of `high` is no float."""
        return cls(math.exp(low), math.exp(high), low, high)

    def cdf(self, x: Floats) -> Floats:
        logs = np.log(np.maximum(x, np.finfo(np.float64).tiny))
        return np.clip((logs - self.log_low) / (self.log_high - self.log_low), 0.0, 1.0)

    def ppf(self, u: Floats) -> Floats:
        values: Floats = np.exp(self.log_low + u * (self.log_high - self.log_low))
        return np.clip(values, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal with mean `mu` and standard deviation `sigma`."""

    mu: float
    sigma: float
    low: float = -math.inf
    high: float = math.inf

    def cdf(self, x: Floats) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr((x - self.mu) / self.sigma), dtype=np.float64)

    def ppf(self, u: Floats) -> Floats:
        from scipy.special import ndtri

        return np.asarray(self.mu + self.sigma * ndtri(np.clip(u, LOWEST_UNIT, HIGHEST_UNIT)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """The exponential of a normal with mean `mu` and standard deviation `sigma`."""

    mu: float
    sigma: float
    low: float = 0.0
    high: float = math.inf

    def cdf(self, x: Floats) -> Floats:
        logs = np.log(np.maximum(x, np.finfo(np.float64).tiny))
        return np.where(x > 0, Normal(self.mu, self.sigma).cdf(logs), 0.0)

    def ppf(self, u: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(Normal(self.mu, self.sigma).ppf(u)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Beta:
    """Beta on [0, 1] with shapes `a` and `b`."""

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0

    def cdf(self, x: Floats) -> Floats:
        from scipy.special import betainc

        return np.asarray(betainc(self.a, self.b, np.clip(x, 0.0, 1.0)), dtype=np.float64)

    def ppf(self, u: Floats) -> Floats:
        from scipy.special import betaincinv

        # Of numbers smaller than doubles have in full precision scipy makes NaN.
        return np.asarray(betaincinv(self.a, self.b, np.where(u < _TINY, 0.0, u)), dtype=np.float64)

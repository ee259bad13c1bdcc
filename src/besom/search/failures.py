"""Where trials fail: the chance that a configuration gives a result at all, learnt from those that gave none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import isfinite

import numpy as np
import numpy.typing as npt

from besom.numerics.gp import Posterior, fit
from besom.records import Cause, Config, Observation, Status
from besom.search.memory import Memory
from besom.search.thinning import in_steps
from besom.space import Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_NOT_ITS_FAULT = frozenset({Cause.LOST, Cause.NOT_STARTED})
_LATEST = 150
_LEAST_CHANCE = 0.6  # below it a configuration is tried only where no other is left
_NEXT_TO_NONE = -1e6


@dataclass(frozen=True, slots=True)
class _Told:
    """Which configurations failed (1) and which did not (0): `failed` has shape (n,)."""

    configs: list[Config]
    failed: Floats

    @property
    def is_mixed(self) -> bool:
        """Whether there are both."""
        return bool(self.failed.any() and not self.failed.all())

    @property
    def rate(self) -> float:
        return float(self.failed.mean())

    @property
    def spread(self) -> float:
        return float(self.failed.std())

    @property
    def z(self) -> Floats:
        """What failed and what did not, standardised, shape (n,)."""
        return (self.failed - self.rate) / self.spread

    def theta(self, space: Space, categories: Ints) -> Floats:
        """Hyperparameters fitted to it."""
        return _fitted(space.encode(self.configs).tobytes(), self.z.tobytes(), tuple(categories.tolist()))


class Failures:
    """A Gaussian process on what failed (1) and what did not (0), read as a chance.

    Source:
        Rasmussen & Williams 2006, section 6.5 (least-squares classification).
    """

    def __init__(self, space: Space, observations: Sequence[Observation], categories: Ints) -> None:
        """What the observations say; those whose agent vanished, or whose program could not start, say nothing."""
        self._memory = Memory(space, observations, categories)
        self._posterior: Posterior | None = None
        told = self._told_by(observations)
        if not told.is_mixed:
            return
        self._rate, self._spread = told.rate, told.spread
        # The hyperparameters last a while, as the objective's do: see `model`.
        first = self._told_by(observations[: in_steps(len(observations))])
        theta = (first if first.is_mixed else told).theta(space, categories)
        self._posterior = Posterior(space.encode(told.configs), told.z, categories, theta)

    def _told_by(self, observations: Sequence[Observation]) -> _Told:
        """The latest that say something."""
        says = (o for o in reversed(observations) if (o.value is not None or _is_its_fault(o)))
        seen = list(islice((o for o in says if not self._memory.knows(o)), _LATEST))[::-1]
        return _Told([o.config for o in seen], np.array([_is_its_fault(o) for o in seen], dtype=np.float64))

    def rule_out(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Whether configurations at `x` (m, d) are so likely to fail that they wait until no other is left, (m,)."""
        return np.asarray(self.log_chance(x) == _NEXT_TO_NONE)

    def log_chance(self, x: Floats) -> Floats:
        """Log of the chance that the configurations at `x` (m, d) give a result, shape (m,).

        A chance that is small counts as next to none: where failing is likely nothing is ever measured, so that an
        expected gain stays high there, and would outweigh any chance in the long run.
        """
        log_fits, log_runs = self._memory.log_chance(x), self._log_runs(x)
        is_unlikely = np.isneginf(log_fits) | (log_runs < np.log(_LEAST_CHANCE))
        return np.where(is_unlikely, _NEXT_TO_NONE, log_fits + log_runs)

    def _log_runs(self, x: Floats) -> Floats:
        """Log of the chance that they run into nothing but a want of memory."""
        if self._posterior is None:
            return np.zeros(len(x))
        from scipy.special import ndtr

        mean, sd = self._posterior.predict(x)
        likely = self._rate + self._spread * mean
        wide = np.sqrt((self._spread * sd) ** 2 + 0.05)
        return np.asarray(np.log(np.maximum(ndtr((0.5 - likely) / wide), 1e-300)))


def has_diverged(observation: Observation) -> bool:
    """Whether the latest that it has shown is no finite number."""
    return bool(observation.curve) and not isfinite(observation.curve[-1][1])


def _is_its_fault(observation: Observation) -> bool:
    if observation.status in (Status.PAUSED, Status.STOPPED):
        return has_diverged(observation)
    failure = observation.failure
    is_failed = observation.status is Status.FAILED
    return is_failed and (failure is None or failure.cause not in _NOT_ITS_FAULT)


@lru_cache(maxsize=16)
def _fitted(x: bytes, z: bytes, categories: tuple[int, ...]) -> Floats:
    """`gp.fit`, remembered by content: a cache that cannot change a result."""
    values = np.frombuffer(z)
    theta = fit(np.frombuffer(x).reshape(len(values), -1), values, np.array(categories, dtype=np.intp))
    theta.setflags(write=False)
    return theta

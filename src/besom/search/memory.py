"""Which configurations fit into memory, learnt from the peaks of all trials once one has run out of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from besom.numerics.threads import one_thread
from besom.numerics.tobit import Tobit
from besom.records import OUT_OF_MEMORY, Cause, Config, Observation, Status
from besom.search.contract import History
from besom.search.moves import categories_of
from besom.search.thinning import evenly
from besom.search.tried import Tried
from besom.space import Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_LEAST_CHANCE = 0.8  # below it a configuration is tried only where no other is left
_DARED = 0.05
"""As a logarithm: for each that ran out the model counts as unsure by so much at most, when something is ruled out.
What nobody knows yet is not taken for too large at first; the more went wrong, the less is dared."""
_MOST = 150
_DRAWS = 64
_CLEAR = 0.5  # parts of what there was: one that needed less than that, as far as it is known, met something else


class Memory:
    """The chance that configurations fit: what they need, by a regression, against what there was.

    What there is is told by the trials as well, for machines may differ, and may be shared: each that ended well had at
    least its peak, each that ran out had no more than it would have needed.

    Source:
        Kaplan & Meier 1958 (how much there is, from both).
    """

    def __init__(self, space: Space, observations: Sequence[Observation], categories: Ints) -> None:
        """Learn from observations; without a trial that ran out of memory, or any that did not, everything fits."""
        self._kinds = []
        met_any: set[int] = set()
        ran_out = [o for o in observations if o.failure is not None and o.failure.cause in OUT_OF_MEMORY]
        for cause, name in OUT_OF_MEMORY.items():
            if not any(o.failure is not None and o.failure.cause is cause for o in ran_out):
                continue
            fitted = _latest_with(name, observations)
            met = {o.trial: need for o in ran_out if (need := _needed(o, cause, name, fitted)) is not None}
            if fitted and met:
                met_any |= met.keys()
                self._kinds.append(_Kind(space, observations, categories, name, fitted, met))
        self._accounted_for = self._ruled_out(space, [o for o in ran_out if o.trial in met_any])

    def knows(self, observation: Observation) -> bool:
        """Whether the trial's failure is accounted for here, and is to be held against nothing else.

        One at whose configuration the model expects to fit is not: need may leap where the model is smooth, and what
        fails beside the leap would be suggested again and again.
        """
        return observation.trial in self._accounted_for

    def log_chance(self, x: Floats) -> Floats:
        """Log of the chance that the configurations at `x` (m, d) fit, shape (m,); -inf where they are ruled out."""
        total = np.zeros(len(x))
        for kind in self._kinds:
            chance, is_out = kind.chance(x)
            total += np.where(is_out, -np.inf, np.log(np.maximum(chance, 1e-300)))
        return total

    def _ruled_out(self, space: Space, observations: Sequence[Observation]) -> frozenset[int]:
        """The trials whose configurations are ruled out."""
        if not observations:
            return frozenset()
        is_out = np.isneginf(self.log_chance(space.encode([o.config for o in observations])))
        return frozenset(o.trial for o, out in zip(observations, is_out, strict=True) if out)


def one_that_fits(history: History, config: Config, rng: np.random.Generator) -> Config:
    """The configuration itself, or an untried draw in its place if it hardly fits; itself too where no draw does."""
    failures = [o.failure for o in history.observations if o.failure is not None]
    if not any(failure.cause in OUT_OF_MEMORY for failure in failures):
        return config
    with one_thread():
        memory = Memory(history.space, history.observations, categories_of(history.space))
        if _fit(memory, history.space, [config])[0]:
            return config
        draws = history.space.sample(rng, _DRAWS)
        fitting = [draw for draw, fits in zip(draws, _fit(memory, history.space, draws), strict=True) if fits]
    tried = Tried(history.space, history.observations)
    return next((draw for draw in fitting if draw not in tried), config)


def _fit(memory: Memory, space: Space, configs: Sequence[Config]) -> npt.NDArray[np.bool_]:
    return np.isfinite(memory.log_chance(space.encode(configs)))


class _Kind:
    """One kind of memory."""

    def __init__(
        self,
        space: Space,
        observations: Sequence[Observation],
        categories: Ints,
        name: str,
        fitted: Sequence[Observation],
        met: dict[int, float],
    ) -> None:
        """Learn what trials needed.

        Args:
            space: The search space.
            observations: All trials.
            categories: How many categories each input has.
            name: The resource.
            fitted: Trials that ended well, with a peak.
            met: What those that ran out needed at least, by their number.
        """
        peaks = np.array([o.resources[name] for o in fitted])
        needs = np.array([*met.values()])
        out = [o for o in observations if o.trial in met]
        chosen = evenly(np.arange(len(out)), _MOST)
        x = space.encode([o.config for o in fitted] + [out[i].config for i in chosen])
        y = np.log(np.concatenate([peaks, needs[chosen]]))
        self._needs = Tobit(x, y, np.arange(len(y)) >= len(peaks), categories)
        self._dared = _DARED * len(needs)
        self._steps, self._weights = _capacity(peaks, needs)

    def chance(self, x: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """The chance that configurations at `x` (m, d) fit, and whether they hardly do, both of shape (m,)."""
        mean, sd = self._needs.predict(x)
        return self._below(mean, sd), self._below(mean, np.minimum(sd, self._dared)) < _LEAST_CHANCE

    def _below(self, mean: Floats, sd: Floats) -> Floats:
        from scipy.special import ndtr

        below = ndtr((np.log(self._steps)[None, :] - mean[:, None]) / sd[:, None])
        return np.asarray(below @ self._weights + 1.0 - self._weights.sum())


def _latest_with(name: str, observations: Sequence[Observation]) -> list[Observation]:
    """The latest trials that ended well and whose peak of that resource is known, in their order."""
    known = (o for o in reversed(observations) if o.resources.get(name, 0.0) > 0 and o.value is not None)
    return list(islice((o for o in known if o.status is not Status.FAILED), _MOST))[::-1]


def _needed(o: Observation, cause: Cause, name: str, fitted: Sequence[Observation]) -> float | None:
    """How much memory the trial was refused; None where it ran out of none, or that is not known."""
    failure = o.failure
    if o.status is not Status.FAILED or failure is None or failure.cause is not cause:
        return None
    needed = max(failure.needed_gb or 0.0, o.resources.get(name, 0.0))
    there_was = failure.limit_gb or max((each.resources[name] for each in fitted), default=0.0)
    if needed <= 0 or needed < _CLEAR * there_was:
        return None
    return min(needed, failure.limit_gb) if failure.limit_gb else needed


def _capacity(peaks: Floats, needs: Floats) -> tuple[Floats, Floats]:
    """How much memory there is: amounts, and the chance of each; what is left of 1 is the chance of more than all.

    Args:
        peaks: What there was at least where trials ended well, shape (n,).
        needs: What there was not where they ran out, shape (m,).
    """
    steps, ended = np.unique(needs, return_counts=True)
    at_risk = np.array([(peaks >= step).sum() + (needs >= step).sum() for step in steps])
    survival = np.cumprod(1.0 - ended / at_risk)
    return steps, -np.diff(survival, prepend=1.0)

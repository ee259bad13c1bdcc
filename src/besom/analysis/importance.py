"""Which parameters mattered: functional ANOVA of the sweep's surrogate, with errors.

Source:
    Hutter et al. 2014, An efficient approach for assessing hyperparameter importance (ICML); Sobol' 1993; the parts
    name theirs: `numerics.anova`, `numerics.draws`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from besom.analysis.inputs import draws_of, inputs_of, worlds_of
from besom.analysis.surrogate import Surrogate, surrogate_of
from besom.numerics.anova import Effects, Input, World, variance_alone
from besom.numerics.draws import Draws
from besom.numerics.threads import one_thread
from besom.records import Trial
from besom.space import Space

Floats = npt.NDArray[np.float64]

LEAST_PAIR = 0.01
_ROUNDS = 3  # of draws of the whole surrogate, each from other configurations
_FUNCTIONS = 8  # drawn at a time
_PLACES = 48  # at which a drawn function is free
_BASE = 192  # configurations that tell the whole variance
_PAIRED = 12  # parameters of which pairs are looked at: those along which the surrogate bends most
_PAIRS = 6
_COARSE = 5  # nodes of an input at a first look


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the objective's variance over the space that is explained by parameters.

    Attributes:
        names: One parameter, by itself; or two, by what they do together beyond what each does alone.
        share: 0 to 1.
        error: One standard error.
    """

    names: tuple[str, ...]
    share: float
    error: float

    @property
    def label(self) -> str:
        return " \u00d7 ".join(self.names)


@dataclass(frozen=True, slots=True)
class Importance:
    """What mattered in a sweep.

    Attributes:
        parameters: All that vary, most important first; empty where nothing can be told.
        pairs: Those that explain one per cent or more, most important first.
        trials: How many trials have a value.
        skill: The part of the variance between trials that one half of them predicts of the other; None without a
            surrogate.
        is_by_rank: Whether values worse than the median count by their rank, because as they are they are predicted
            worse.
        why: Why nothing can be told; empty where it can.
    """

    parameters: tuple[Share, ...] = ()
    pairs: tuple[Share, ...] = ()
    trials: int = 0
    skill: float | None = None
    is_by_rank: bool = False
    why: str = ""

    @property
    def is_telling(self) -> bool:
        return not self.why

    def __str__(self) -> str:
        """One sentence for a person."""
        if self.why:
            return f"Too few trials to tell: {self.why}."
        first = self.parameters[0]
        return f"{first.label} mattered most"


def importance(trials: Iterable[Trial], space: Space, goal: str) -> Importance:
    """The share of each parameter, and of pairs, in the variance of the objective under the space's prior.

    Args:
        trials: Of any search method; those without a value are left out.
        space: The sweep's parameters. Constraints between them are left out.
        goal: "maximize", or anything else to minimise.
    """
    found = surrogate_of(trials, space, goal)
    return Importance(why=found) if isinstance(found, str) else importance_of(found)


def importance_of(surrogate: Surrogate) -> Importance:
    """As `importance`, of a surrogate that is there already."""
    told = {"trials": surrogate.trials, "skill": surrogate.skill, "is_by_rank": surrogate.warp is not None}
    if not surrogate.is_skilled:
        why = f"a model of half of the {surrogate.trials} trials guesses the others no better than their average would"
        return Importance(**told, why=why)  # type: ignore[arg-type]
    with one_thread():
        inputs = inputs_of(surrogate)
        worlds = worlds_of(surrogate, inputs)
        pairs = _pairs_to_look_at(surrogate, worlds)
        of = _Shares(surrogate, inputs, worlds, pairs)
        shares, errors = _with_errors(of, surrogate)
    names = [surrogate.space.free[j].name for j in surrogate.columns]
    every = [
        Share(tuple(names[j] for j in columns), min(max(0.0, share), 1.0), error)
        for columns, share, error in zip(of.columns, shares.tolist(), errors.tolist(), strict=True)
    ]
    ranked = sorted(every, key=lambda share: (-share.share, share.names))
    if not any(share.share > share.error for share in ranked):
        return Importance(**told, why="what each parameter explains is less than what that may be off by")  # type: ignore[arg-type]
    return Importance(
        tuple(share for share in ranked if len(share.names) == 1),
        tuple(share for share in ranked if len(share.names) == 2 and share.share >= LEAST_PAIR),
        **told,  # type: ignore[arg-type]
    )


def _pairs_to_look_at(surrogate: Surrogate, worlds: tuple[World, ...]) -> list[tuple[int, int]]:
    """The pairs of columns that explain most of the surrogate's mean, at a first look."""
    posterior = surrogate.posterior
    d = len(surrogate.columns)
    bending = np.sort(np.argsort(posterior.theta[:d], kind="stable")[:_PAIRED])
    inputs = inputs_of(surrogate, _COARSE)
    if len(worlds) > 1:
        worlds = worlds_of(surrogate, inputs)
    effects = Effects(posterior.x, np.exp(posterior.theta[: posterior.x.shape[1]]), inputs, worlds)
    a = posterior.weights[:, None]
    alone = {j: variance_alone(effects.alone(j) @ a, inputs[j].mass)[0] for j in bending}
    explained = {
        (int(j), int(k)): float(_variance_together(effects, inputs, j, k, a)[0] - alone[j] - alone[k])
        for j, k in combinations(bending, 2)
    }
    return sorted(explained, key=lambda pair: (-explained[pair], pair))[:_PAIRS]


def _with_errors(of: _Shares, surrogate: Surrogate) -> tuple[Floats, Floats]:
    """The shares and their standard errors.

    An error has two parts: the spread of shares over draws of the posterior, wider where the surrogate is bolder than
    its misses allow; and what two halves of the trials, each with its own hyperparameters, say against the whole.

    Source:
        Shao & Wu 1989, doi:10.1214/aos/1176347263 (the jackknife that leaves out half has no factor).
    """
    posterior, rng = surrogate.posterior, np.random.default_rng(0)
    x, z, theta = posterior.x, posterior.z, posterior.theta
    drawn = np.concatenate([of(x, z, theta, number, surrogate.boldness, rng) for number in range(_ROUNDS)])
    whole = drawn.mean(axis=0)
    halves = [
        of(x[half], z[half], own, number // 2 % _ROUNDS, 1.0, rng).mean(axis=0)
        for number, (half, own) in enumerate(surrogate.halves)
    ]
    missed = np.array(halves) - whole
    return whole, np.sqrt(drawn.var(axis=0, ddof=1) + (missed * missed).mean(axis=0))


class _Shares:
    """What single columns and pairs of them explain of a process."""

    def __init__(
        self, surrogate: Surrogate, inputs: list[Input], worlds: tuple[World, ...], pairs: list[tuple[int, int]]
    ) -> None:
        self._categories, self._inputs, self._worlds, self._pairs = (
            surrogate.posterior.categories,
            inputs,
            worlds,
            pairs,
        )
        self._singles = range(len(surrogate.columns))
        self._base = draws_of(surrogate, _ROUNDS * _BASE)
        self.columns: list[tuple[int, ...]] = [*((j,) for j in self._singles), *pairs]

    def __call__(
        self, x: Floats, z: Floats, theta: Floats, number: int, width: float, rng: np.random.Generator
    ) -> Floats:
        """Shares in draws of the posterior of `z` at `x`, the number of columns being c, shape (draws, c).

        Args:
            x: Inputs, shape (n, d).
            z: Targets, shape (n,).
            theta: Hyperparameters, shape (d+2,).
            number: Which of the base configurations are used.
            width: How many times wider than the posterior the draws are.
            rng: Source of randomness.
        """
        base = self._base[number * _BASE : (number + 1) * _BASE]
        e = width * rng.standard_normal((_PLACES, _FUNCTIONS))
        draws = Draws(x, z, self._categories, theta, base[:_PLACES], e)
        values, left = draws.at(base)
        whole = values.var(axis=0) + left.mean()
        effects = Effects(draws.points, np.exp(theta[: x.shape[1]]), self._inputs, self._worlds)
        a = draws.weights
        explained = [variance_alone(effects.alone(j) @ a, self._inputs[j].mass) for j in self._singles]
        for j, k in self._pairs:
            explained.append(_variance_together(effects, self._inputs, j, k, a) - explained[j] - explained[k])
        return np.asarray(np.transpose(explained) / whole[:, None])


def _variance_together(effects: Effects, inputs: list[Input], j: int, k: int, a: Floats) -> Floats:
    mass = np.outer(inputs[j].mass, inputs[k].mass).ravel()
    return variance_alone(effects.together(j, k) @ a, mass)

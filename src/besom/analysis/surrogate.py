"""The surrogate behind importance, slices and contours: the process that `bayes` fits, on the trials of any method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from besom.analysis.values import value_of
from besom.errors import ConfigError
from besom.numerics.gp import Posterior, fit
from besom.numerics.threads import one_thread
from besom.numerics.warp import HalfRank, half_rank
from besom.records import Config, Trial, TrialState
from besom.search.moves import categories_of
from besom.search.thinning import evenly
from besom.space import Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

LEAST_TRIALS = 6
_READ_MAX = 2000
_POINTS_MAX = 400
_FIT_POINTS_MAX = 200
_GOOD_SKILL = 0.8  # of the objective as it is: then nothing else is tried
_SURE = 1.645  # standard errors by which a prediction has to beat the mean: 95 %, one-sided
_HALVINGS = 3
_HALF_FIT_MAX = 80

Half = tuple[Ints, Floats]
"""Half of a surrogate's points, and the hyperparameters that are the most probable ones given these alone."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A process fitted to the trials of a sweep that have a value.

    Attributes:
        space: The sweep's parameters.
        columns: For each input of the process the place of its parameter in `space.free`, by name; one more input
            follows where trials ended at different fidelities: how far they got, 1 for to the end.
        posterior: The process, on standardised objectives, smaller is better.
        warp: From these to the objective where poor values count by their rank; None where they count as they are.
        shift, unit: Turn standardised objectives into the objective where there is no warp; negative to maximise.
        sign: -1 to maximise.
        boldness: How much larger its errors on trials left out are than it expects, 1 or more.
        halves: Half-samples of its points, and the other halves.
        skill: The part of the objective's variance that one half of the trials predicts of the other.
        advantage: By how many standard errors that beats the mean of the half.
        trials: How many have a value.
        points: How many of them it sees.
        has_fidelity: Whether there is the input more.
    """

    space: Space
    columns: tuple[int, ...]
    posterior: Posterior
    warp: HalfRank | None
    shift: float
    unit: float
    sign: float
    boldness: float
    halves: tuple[Half, ...]
    skill: float
    advantage: float
    trials: int
    points: int
    has_fidelity: bool

    @property
    def is_skilled(self) -> bool:
        """Whether it predicts better than the mean of the trials does, beyond doubt."""
        return self.skill > 0 and self.advantage >= _SURE

    def encode(self, configs: Iterable[Config]) -> Floats:
        """Positions of flat configurations among its inputs, at the end of training, shape (n, d)."""
        return self.inputs(self.space.encode(list(configs)))

    def inputs(self, encoded: Floats) -> Floats:
        """Its inputs for positions (n, d') of `Space.encode`, at the end of training, shape (n, d)."""
        x = encoded[:, list(self.columns)]
        return np.column_stack([x, np.ones(len(x))]) if self.has_fidelity else x

    def predict(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """The objective expected at `x` (m, d), and the ends of its 95 % band, in its own units; shapes (m,)."""
        mean, sd = self.posterior.predict(x)
        ends = self._objective(mean - 1.96 * sd), self._objective(mean + 1.96 * sd)
        return self._objective(mean), np.minimum(*ends), np.maximum(*ends)

    def _objective(self, z: Floats) -> Floats:
        if self.warp is not None:
            return np.asarray(self.sign * self.warp.inverse(z))
        return np.asarray(self.sign * (self.shift + self.unit * z))


def surrogate_of(trials: Iterable[Trial], space: Space, goal: str) -> Surrogate | str:
    """The surrogate of the trials that have a value, or why there is none.

    The same whatever the order of trials and parameters. A trial that was stopped early counts as what it showed at the
    fidelity where it was stopped.
    """
    if not space.free:
        return "no parameter varies"
    valued = [(trial, value) for trial in trials if (value := value_of(trial)) is not None]
    read = _some(valued)
    known = _known(read, space)
    if len(known) < LEAST_TRIALS:
        return f"{len(known)} {'trial has' if len(known) == 1 else 'trials have'} a value, {LEAST_TRIALS} are needed"
    sign = -1.0 if goal == "maximize" else 1.0
    columns = tuple(sorted(range(len(space.free)), key=lambda j: space.free[j].name))
    x = space.encode([config for config, _, _ in known])[:, columns]
    y = sign * np.array([value for _, value, _ in known])
    reached = np.array([part for _, _, part in known])
    has_fidelity = bool(reached.min() < 1.0)
    categories = categories_of(space)[list(columns)]
    if has_fidelity:
        x, categories = np.column_stack([x, reached]), np.append(categories, 0)
    order = np.lexsort((*x.T, y))
    kept = evenly(order, _POINTS_MAX)
    x, y = x[kept], y[kept]
    with np.errstate(over="ignore", invalid="ignore"):
        spread, is_equal = float(y.std()), bool(np.ptp(y) <= 1e-12 * np.abs(y).max())
    if is_equal:
        return "all trials reached the same value"
    with one_thread():
        posterior, warp = _better_fit(x, y, spread, categories)
        halves = _halves(posterior)
        skill, advantage = _tested(posterior, halves)
    return Surrogate(
        space=space,
        columns=columns,
        posterior=posterior,
        warp=warp,
        shift=float(y.mean()),
        unit=spread,
        sign=sign,
        boldness=max(1.0, _left_out(posterior)[1]),
        halves=halves,
        skill=skill,
        advantage=advantage,
        trials=len(known) + len(valued) - len(read),
        points=len(y),
        has_fidelity=has_fidelity,
    )


def _some(valued: Sequence[tuple[Trial, float]]) -> Sequence[tuple[Trial, float]]:
    """All of them, or many spread evenly from best to worst: to read the configurations of all would take long."""
    if len(valued) <= _READ_MAX:
        return valued
    order = np.lexsort(([trial.number for trial, _ in valued], [value for _, value in valued]))
    return [valued[at] for at in evenly(order, _READ_MAX).tolist()]


def _known(valued: Sequence[tuple[Trial, float]], space: Space) -> list[tuple[Config, float, float]]:
    """Flat configuration, value and how far it got (0 to 1) of each trial that has a place in the space."""
    known = [(config, value, trial) for trial, value in valued if (config := config_of(trial, space)) is not None]
    far = [trial.fidelity for _, _, trial in known if trial.fidelity > 0]
    least, most = min(far, default=1.0), max(far, default=1.0)
    return [(config, value, _reached(trial, least, most)) for config, value, trial in known]


def config_of(trial: Trial, space: Space) -> Config | None:
    """The trial's flat configuration; None where it has no place in the space: the sweep's file was changed since."""
    try:
        config = space.flatten(trial.config)
        space.validate(config)
    except ConfigError:
        return None
    return config


def _reached(trial: Trial, least: float, most: float) -> float:
    """How far the trial got, from 0 to 1 in the logarithm of fidelity; 1 for a finished one."""
    if trial.state is TrialState.FINISHED or most <= least or trial.fidelity <= 0:
        return 1.0
    return float(np.log(trial.fidelity / least) / np.log(most / least))


def _better_fit(x: Floats, y: Floats, spread: float, categories: Ints) -> tuple[Posterior, HalfRank | None]:
    """The process of the objective as it is, or warped as `bayes` does where that is predicted better."""
    as_is = _fitted(x, (y - y.mean()) / spread, categories) if np.isfinite(spread) else None
    if as_is is not None and _left_out(as_is)[0] >= _GOOD_SKILL:
        return as_is, None
    warp = half_rank(y)
    by_rank = _fitted(x, warp.z, categories)
    if as_is is not None and _left_out(as_is)[0] >= _left_out(by_rank)[0]:
        return as_is, None
    return by_rank, warp


def _fitted(x: Floats, z: Floats, categories: Ints) -> Posterior:
    chosen = evenly(np.arange(len(z)), _FIT_POINTS_MAX)
    return Posterior(x, z, categories, fit(x[chosen], z[chosen], categories))


def _left_out(posterior: Posterior) -> tuple[float, float]:
    """The part of the variance that is predicted of each point from all others, and misses as multiples of expected."""
    z = posterior.z
    mean, sd = posterior.left_out()
    missed = (z - mean) ** 2
    return 1.0 - float(missed.sum() / ((z - z.mean()) ** 2).sum()), float(np.sqrt(np.mean(missed / sd**2)))


def _halves(posterior: Posterior) -> tuple[Half, ...]:
    """Random halves and their complements, with hyperparameters of their own."""
    rng = np.random.default_rng(0)
    halves: list[Half] = []
    for _ in range(_HALVINGS):
        order = rng.permutation(len(posterior.z))
        for half in (order[: len(order) // 2], order[len(order) // 2 :]):
            fitted = half[:_HALF_FIT_MAX]
            halves.append((half, fit(posterior.x[fitted], posterior.z[fitted], posterior.categories)))
    return tuple(halves)


def _tested(posterior: Posterior, halves: tuple[Half, ...]) -> tuple[float, float]:
    """Skill and advantage, from what each half says of the other: hyperparameters fitted to all would flatter."""
    x, z, categories = posterior.x, posterior.z, posterior.categories
    of_mean, missed = np.zeros(len(z)), np.zeros(len(z))
    for half, theta in halves:
        rest = np.setdiff1d(np.arange(len(z)), half, assume_unique=True)
        mean, _ = Posterior(x[half], z[half], categories, theta).predict(x[rest])
        of_mean[rest] += (z[rest] - z[half].mean()) ** 2
        missed[rest] += (z[rest] - mean) ** 2
    gained = of_mean - missed
    doubt = float(gained.std(ddof=1)) / np.sqrt(len(z))
    return float(gained.sum() / of_mean.sum()), float(gained.mean() / max(doubt, 1e-300))

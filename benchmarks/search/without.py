"""What each part of the search is worth: besom with that part taken out, for the tables of `--peers ablations`."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from besom.numerics import curve_process, gp
from besom.numerics.warp import HalfRank
from besom.search import bayes, candidates, curve_model, exploration, freeze_thaw, model, shown, steps

Floats = NDArray[np.float64]


def _standardised(y: Floats) -> HalfRank:
    """Values less their mean, over their spread, in place of the half-rank warp."""
    mean, spread, largest = float(y.mean()), float(y.std()) or 1.0, float(y.max())
    top = (largest - mean) / spread
    return HalfRank((y - mean) / spread, spread, largest, top, 1.0, np.array([largest]), np.array([top]))


def _standardised_curves(latest: Floats, shown: Floats) -> HalfRank:
    """The same of curves."""
    return _standardised(shown)


def _prior_mean(x: Floats, *_: object, **__: object) -> Floats:
    """Hyperparameters as the prior has them, in place of fitted ones."""
    return gp.default_prior(x.shape[1]).mean


def _prior_mean_of_curves(curves: curve_process.Curves) -> Floats:
    """The same of curves."""
    return curve_process.curve_prior(curves.x.shape[1]).mean


def _never(history: object) -> bool:
    return False


class _NoPlateaus:
    """None are seen."""

    def __init__(self, *_: object) -> None: ...

    def covers(self, x: Floats) -> NDArray[np.bool_]:
        return np.zeros(len(x), dtype=np.bool_)


def _no_leaders(observations: object) -> dict[int, object]:
    return {}


PARTS: dict[str, dict[tuple[ModuleType, str], object]] = {
    "half-rank warp": {
        (model, "half_rank"): _standardised,
        (curve_model, "half_rank_of_curves"): _standardised_curves,
    },
    "fitted hyperparameters": {
        (model, "fit"): _prior_mean,
        (curve_model, "fit_curves"): _prior_mean_of_curves,
    },
    "local search": {
        (candidates, "_NEAR_BEST"): 0,
        (candidates, "_PARENTS"): (),
    },
    "exploration": {(exploration, "_EVERY"): math.inf},
    "plateaus": {
        (exploration, "_is_tie"): _never,
        (bayes, "Plateaus"): _NoPlateaus,
        (steps, "Plateaus"): _NoPlateaus,
        (shown, "leaders"): _no_leaders,
        (freeze_thaw, "leaders"): _no_leaders,
    },
    "whole trainings": {(exploration, "_PER_WHOLE"): math.inf},
    "short looks": {(steps, "_FIRST_LOOKS"): (1.0,) * 4, (freeze_thaw, "_INITIAL_PART"): 1.0},
    "frugality": {(steps, "_FRUGALITY"): 1.0},
}


def take_out(part: str) -> None:
    """Go on, in this process, without a part of the search."""
    for (module, name), other in PARTS[part].items():
        if not hasattr(module, name):
            raise AttributeError(f"{part}: {module.__name__} has no {name} any more; correct {__name__}")
        setattr(module, name, other)
    for remembered in (model, curve_model):  # fits of the whole search
        remembered._fitted.cache_clear()

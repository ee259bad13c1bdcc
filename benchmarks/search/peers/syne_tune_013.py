"""Syne Tune 0.13, the last with its own Gaussian processes: BO at full fidelity, MOBSTER, and PASHA."""

from __future__ import annotations

import logging
from typing import Any, Literal

import numpy as np
from syne_tune.optimizer.baselines import MOBSTER, PASHA, BayesianOptimization

from benchmarks.search.peers.contract import Peer, Problem
from benchmarks.search.peers.syne_tune_trials import EPOCH, LOSS, Trials, config_space

REQUIREMENTS = (("syne-tune[gpsearchers]==0.13.0",),)
METHODS: dict[str, dict[str, Any]] = {
    "Syne Tune BO": {"method": "bo"},
    "Syne Tune MOBSTER": {"method": "mobster"},
    "Syne Tune PASHA": {"method": "pasha"},
}


def make(problem: Problem, method: Literal["bo", "mobster", "pasha"] = "bo") -> Peer:
    """The scheduler with its defaults; those with rungs from one epoch up, a third goes on."""
    logging.getLogger("syne_tune").setLevel(logging.ERROR)
    np.random.seed(problem.seed)  # noqa: NPY002 - the schedulers draw from the global generator too
    space = config_space(problem)
    options: dict[str, Any] = {
        "metric": LOSS,
        "mode": "min",
        "random_seed": problem.seed,
        "search_options": {"debug_log": False},
    }
    if method == "bo":
        scheduler = BayesianOptimization(space, **options)
    else:
        kind = {"mobster": MOBSTER, "pasha": PASHA}[method]
        scheduler = kind(space, **options, resource_attr=EPOCH, max_t=problem.max_epochs)
    return Trials(problem, scheduler, scheduler.suggest)

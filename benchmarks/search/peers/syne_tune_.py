"""Syne Tune, today's: asynchronous halving that stops, with random search (ASHA) or kernel densities (BOHB)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from syne_tune.optimizer.baselines import ASHA, BOHB

from benchmarks.search.peers.contract import Peer, Problem
from benchmarks.search.peers.syne_tune_trials import EPOCH, LOSS, Trials, config_space

REQUIREMENTS = (("syne-tune==0.16.0",),)
METHODS: dict[str, dict[str, Any]] = {
    "Syne Tune ASHA": {"method": "asha"},
    "Syne Tune BOHB": {"method": "bohb"},
}


def make(problem: Problem, method: Literal["asha", "bohb"] = "asha") -> Peer:
    """The scheduler with its defaults: one bracket, from one epoch up, a third goes on."""
    np.random.seed(problem.seed)  # noqa: NPY002 - the schedulers draw from the global generator too
    kind = {"asha": ASHA, "bohb": BOHB}[method]
    scheduler = kind(
        config_space(problem), metric=LOSS, time_attr=EPOCH, max_t=problem.max_epochs, random_seed=problem.seed
    )
    return Trials(problem, scheduler, lambda _: scheduler.suggest())

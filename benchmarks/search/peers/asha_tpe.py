"""ASHA that promotes and resumes, over TPE's suggestions: rungs at 1, 3, 9 … epochs, the best third of each goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial, create_trial

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import dimensions, whole_config
from benchmarks.search.peers.optuna_ import distribution

REQUIREMENTS = (("optuna==5.0.0",),)
METHODS: dict[str, dict[str, Any]] = {"ASHA + TPE, resumed": {}, "ASHA + random, resumed": {"is_random": True}}
_ETA = 3


def make(problem: Problem, *, is_random: bool = False) -> Peer:
    """ASHA (Li et al. 2020, algorithm 2) with eta 3 from one epoch; the promoted pay further epochs."""
    return Asha(problem, RandomSampler(seed=problem.seed) if is_random else TPESampler(seed=problem.seed))


@dataclass
class _Trial:
    config: dict[str, Any]
    params: dict[str, Any]
    frozen: FrozenTrial | None = None


class Asha:
    """Promotes where it can, else asks TPE for a new configuration; TPE sees each trial at what it showed last."""

    def __init__(self, problem: Problem, sampler: optuna.samplers.BaseSampler) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem = problem
        self._space = {dimension.name: distribution(dimension) for dimension in dimensions(problem.space)}
        self._sampler = sampler
        self._trials: list[_Trial] = []
        rungs = [_ETA**k for k in range(20) if _ETA**k < problem.max_epochs]
        self._rungs = [*rungs, problem.max_epochs]
        self._results: list[dict[int, float]] = [{} for _ in self._rungs]
        """Of each rung, what its trials showed there, smaller is better."""
        self._promoted: list[set[int]] = [set() for _ in self._rungs]

    def ask(self) -> Job:
        for rung in range(len(self._rungs) - 2, -1, -1):
            results, promoted = self._results[rung], self._promoted[rung]
            best = sorted(results, key=results.__getitem__)[: len(results) // _ETA]
            ready = next((number for number in best if number not in promoted), None)
            if ready is not None:
                promoted.add(ready)
                return Job(ready, self._trials[ready].config, self._rungs[rung + 1])
        # A told trial cannot be told better, so the study is made anew.
        study = optuna.create_study(direction=self._problem.goal, sampler=self._sampler)
        study.add_trials([trial.frozen for trial in self._trials if trial.frozen is not None])
        asked = study.ask(self._space)
        self._trials.append(_Trial(whole_config(self._problem.space, asked.params), asked.params))
        return Job(len(self._trials) - 1, self._trials[-1].config, self._rungs[0])

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        rung = self._rungs.index(job.until)
        sign = 1 if self._problem.goal == "minimize" else -1
        self._results[rung][job.id] = sign * value if np.isfinite(value) else np.inf
        if np.isfinite(value):
            trial = self._trials[job.id]
            trial.frozen = create_trial(params=trial.params, distributions=self._space, value=value)

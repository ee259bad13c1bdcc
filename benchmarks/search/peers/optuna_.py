"""Optuna: TPE, its Gaussian process, CMA-ES, and TPE with its two pruners."""

from __future__ import annotations

import math
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, TPESampler
from optuna.trial import TrialState

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import Choice, Dimension, Ordinal, Real, Whole, dimensions, whole_config

REQUIREMENTS = (("torch==2.13.0",), ("optuna==5.0.0", "cmaes==0.13.1", "scipy==1.17.1"))
METHODS: dict[str, dict[str, Any]] = {
    "Optuna TPE": {"sampler": "tpe"},
    "Optuna TPE univariate": {"sampler": "univariate"},
    "Optuna GPSampler": {"sampler": "gp"},
    "Optuna CMA-ES": {"sampler": "cma-es"},
    "Optuna TPE + ASHA": {"sampler": "tpe", "pruner": "asha"},
    "Optuna TPE + Hyperband": {"sampler": "tpe", "pruner": "hyperband"},
}
_ETA = 3


def make(problem: Problem, sampler: str = "tpe", pruner: str = "") -> Peer:
    """Optuna's defaults; pruners look from the first epoch, with eta 3, and a pruned trial never comes back."""
    return Optuna(problem, _sampler(sampler, problem.seed), _pruner(pruner, problem.max_epochs))


def _sampler(name: str, seed: int) -> BaseSampler:
    match name:
        case "univariate":
            return TPESampler(multivariate=False, seed=seed)
        case "gp":
            return GPSampler(seed=seed, deterministic_objective=False)
        case "cma-es":
            return CmaEsSampler(seed=seed)
        case _:
            return TPESampler(seed=seed)


def _pruner(name: str, max_epochs: int) -> BasePruner:
    match name:
        case "asha":
            return SuccessiveHalvingPruner(min_resource=1, reduction_factor=_ETA)
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource=max_epochs, reduction_factor=_ETA)
        case _:
            return NopPruner()


class Optuna:
    """A study asked and told."""

    def __init__(self, problem: Problem, sampler: BaseSampler, pruner: BasePruner) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem = problem
        self._space = {dimension.name: distribution(dimension) for dimension in dimensions(problem.space)}
        self._study = optuna.create_study(direction=problem.goal, sampler=sampler, pruner=pruner)
        self._trials: dict[int, optuna.Trial] = {}
        self._pruned: set[int] = set()

    def ask(self) -> Job:
        trial = self._study.ask(self._space)
        self._trials[trial.number] = trial
        return Job(trial.number, whole_config(self._problem.space, trial.params), self._problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        trial = self._trials[job.id]
        trial.report(value, epoch)
        if epoch < self._problem.max_epochs and trial.should_prune():
            self._pruned.add(job.id)
            return "stop"
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        trial = self._trials.pop(job.id)
        if job.id in self._pruned:
            self._study.tell(trial, state=TrialState.PRUNED)
        elif math.isfinite(value):
            self._study.tell(trial, value)
        else:
            self._study.tell(trial, state=TrialState.FAIL)


def distribution(dimension: Dimension) -> BaseDistribution:
    """Optuna's word for a dimension; a list of numbers is a choice there, as its users write it.

    It has no steps on a logarithmic scale: `whole_config` rounds what it suggests there.
    """
    match dimension:
        case Real(low=low, high=high, is_log=is_log, quantum=quantum):
            return FloatDistribution(low, high, log=is_log, step=None if is_log else quantum)
        case Whole(low=low, high=high):
            return IntDistribution(low, high)
        case Ordinal(values=values) | Choice(values=values):
            return CategoricalDistribution(values)

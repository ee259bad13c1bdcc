"""NePS: PriorBand, which without a prior is Hyperband that also mutates its incumbent."""

from __future__ import annotations

import random
from typing import Any

import neps
import numpy as np
import torch
from neps import HPOCategorical, HPOFloat, HPOInteger

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import (
    Choice,
    Dimension,
    Ordinal,
    Real,
    Whole,
    dimensions,
    from_ranks,
    whole_config,
)

REQUIREMENTS = (("torch==2.13.0",), ("torch==2.13.0", "neural-pipeline-search==0.17.0"))
METHODS: dict[str, dict[str, Any]] = {"NePS PriorBand": {}}
FIDELITY = "neps_epochs"


def make(problem: Problem) -> Peer:
    """PriorBand with its defaults over uniform priors, from one epoch up."""
    return PriorBand(problem)


class PriorBand:
    """NePS asked and told; a configuration promoted to a rung goes on from the rung below."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.pending: dict[int, neps.Trial] = {}
        random.seed(problem.seed)
        np.random.seed(problem.seed)  # noqa: NPY002 - NePS draws from the global generators
        torch.manual_seed(problem.seed)
        parameters = {dimension.name: _parameter(dimension) for dimension in dimensions(problem.space)}
        fidelity = HPOInteger(1, problem.max_epochs, is_fidelity=True)
        space = neps.SearchSpace({**parameters, FIDELITY: fidelity})
        self.neps = neps.AskAndTell(neps.algorithms.priorband(space))

    def ask(self) -> Job:
        asked = self.neps.ask()
        trial = int(asked.id.split("_rung_")[0])
        self.pending[trial] = asked
        space = self.problem.space
        return Job(trial, whole_config(space, from_ranks(space, asked.config)), int(asked.config[FIDELITY]))

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        loss = value if self.problem.goal == "minimize" else -value
        self.neps.tell(self.pending.pop(job.id), float(loss))


def _parameter(dimension: Dimension) -> HPOFloat | HPOInteger | HPOCategorical:
    match dimension:
        case Real(_, low, high, is_log):
            return HPOFloat(low, high, log=is_log)
        case Whole(_, low, high):
            return HPOInteger(low, high)
        case Ordinal(_, values):
            return HPOInteger(0, len(values) - 1)
        case Choice(_, values):
            return HPOCategorical(list(values))

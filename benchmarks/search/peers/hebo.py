"""HEBO: Gaussian processes with warped inputs and outputs, three acquisition functions at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

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

REQUIREMENTS = (
    ("torch==2.13.0",),
    (
        "torch==2.13.0",
        "numpy==1.24.4",
        "pymoo==0.6.1",
        "pandas==2.3.3",
        "scikit-learn==1.9.1",
        "gpytorch==1.15.2",
        "disjoint-set==0.9.0",
    ),
    ("--no-deps", "HEBO==0.3.6"),
)
METHODS: dict[str, dict[str, Any]] = {"HEBO": {}}


def make(problem: Problem) -> Peer:
    """HEBO with its defaults."""
    return Hebo(problem)


class Hebo:
    """HEBO asked and told."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.asked: list[pd.DataFrame] = []
        np.random.seed(problem.seed)  # noqa: NPY002 - HEBO draws from the global generators
        torch.manual_seed(problem.seed)
        space = DesignSpace().parse([_parameter(dimension) for dimension in dimensions(problem.space)])
        self.hebo = HEBO(space, scramble_seed=problem.seed)

    def ask(self) -> Job:
        asked = self.hebo.suggest(n_suggestions=1)
        self.asked.append(asked)
        space = self.problem.space
        config = whole_config(space, from_ranks(space, asked.iloc[0].to_dict()))
        return Job(len(self.asked) - 1, config, self.problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        loss = value if self.problem.goal == "minimize" else -value
        self.hebo.observe(self.asked[job.id], np.array([[loss]]))


def _parameter(dimension: Dimension) -> dict[str, Any]:
    match dimension:
        case Real(name, low, high, is_log):
            return {"name": name, "type": "pow" if is_log else "num", "lb": low, "ub": high}
        case Whole(name, low, high):
            return {"name": name, "type": "int", "lb": low, "ub": high}
        case Ordinal(name, values):  # its own types for lists of numbers know even steps and powers alone
            return {"name": name, "type": "int", "lb": 0, "ub": len(values) - 1}
        case Choice(name, values):
            return {"name": name, "type": "cat", "categories": list(values)}

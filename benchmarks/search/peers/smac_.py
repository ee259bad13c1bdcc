"""SMAC3: random forests, at full fidelity or inside Hyperband."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ConfigSpace import Configuration
from smac import HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario
from smac.runhistory import TrialInfo, TrialValue

from benchmarks.search.peers.config_space import config_space
from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import dimensions, whole_config

REQUIREMENTS = (("smac==2.4.1",),)
METHODS: dict[str, dict[str, Any]] = {
    "SMAC": {"method": "hyperparameters"},
    "SMAC multi-fidelity": {"method": "multi-fidelity"},
}


def make(problem: Problem, method: Literal["hyperparameters", "multi-fidelity"] = "hyperparameters") -> Peer:
    """SMAC with its facade's defaults for `method`, told that a configuration's value does not vary."""
    return Smac(problem, has_budgets=method == "multi-fidelity")


class Smac:
    """A facade asked and told; a configuration that Hyperband promotes goes on from its last epoch."""

    def __init__(self, problem: Problem, *, has_budgets: bool) -> None:
        self.problem = problem
        self.has_budgets = has_budgets
        self.ids: dict[Configuration, int] = {}
        self.pending: dict[int, TrialInfo] = {}
        self.folder = TemporaryDirectory(prefix="smac-")
        # A quarter of SMAC's trials are its initial design; Hyperband's mean trial costs a fifth of a full training.
        trials = 5 * problem.budget // problem.max_epochs if has_budgets else problem.budget
        scenario = Scenario(
            config_space(dimensions(problem.space), problem.seed),
            output_directory=Path(self.folder.name),
            deterministic=True,
            n_trials=trials,
            min_budget=1 if has_budgets else None,
            max_budget=problem.max_epochs if has_budgets else None,
            seed=problem.seed,
        )
        facade = MultiFidelityFacade if has_budgets else HyperparameterOptimizationFacade
        self.smac = facade(scenario, logging_level=logging.ERROR)

    def ask(self) -> Job | None:
        try:
            info = self.smac.ask()
        except StopIteration:
            return None
        trial = self.ids.setdefault(info.config, len(self.ids))
        self.pending[trial] = info
        until = max(1, round(info.budget)) if self.has_budgets else self.problem.max_epochs
        return Job(trial, whole_config(self.problem.space, info.config), until)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        cost = value if self.problem.goal == "minimize" else -value
        self.smac.tell(self.pending.pop(job.id), TrialValue(cost), save=False)

"""besom itself, through its own `Tuner` and a sweep file's content."""

from __future__ import annotations

from typing import Any

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.without import take_out
from besom.tuner import Tuner

METHODS: dict[str, dict[str, Any]] = {
    "besom": {},
    "besom stop": {"has_checkpoints": False},
    "besom unbounded": {"is_told_budget": False},
    "besom random": {"method": "random"},
    "besom without half-rank warp": {"without": "half-rank warp"},
    "besom without fitted hyperparameters": {"without": "fitted hyperparameters"},
    "besom without local search": {"without": "local search"},
    "besom without plateaus": {"without": "plateaus"},
    "besom without exploration": {"without": "exploration"},
    "besom without whole trainings": {"without": "whole trainings"},
    "besom without short looks": {"without": "short looks"},
    "besom without frugality": {"without": "frugality"},
}


def make(
    problem: Problem,
    *,
    method: str = "bayes",
    has_checkpoints: bool = True,
    is_told_budget: bool = True,
    without: str = "",
) -> Peer:
    """A tuner with besom's defaults; without checkpoints none is resumed, and a restart pays from epoch 0."""
    if without:
        take_out(without)
    return Besom(problem, method, has_checkpoints=has_checkpoints, is_told_budget=is_told_budget)


class Besom:
    """A tuner behind the contract."""

    def __init__(self, problem: Problem, method: str, *, has_checkpoints: bool, is_told_budget: bool) -> None:
        options: dict[str, Any] = {"seed": problem.seed, "stop_when": "never"}
        if is_told_budget:
            options["budget"] = {"epochs" if problem.has_curve else "trials": problem.budget}
        if problem.has_curve:
            options |= {"fidelity": {"metric": "epoch", "max": problem.max_epochs}, "checkpoints": has_checkpoints}
        sweep = {
            "method": method,
            "metric": {"name": "objective", "goal": problem.goal},
            "parameters": problem.space,
            "besom": options,
        }
        self._problem = problem
        self._tuner = Tuner(sweep)

    def ask(self) -> Job | None:
        trial = self._tuner.ask()
        if trial is None:
            return None
        until = self._problem.max_epochs if trial.until is None else round(trial.until)
        return Job(trial.id, trial.config, until)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return self._tuner.report(job.id, epoch, value)

    def tell(self, job: Job, value: float) -> None:
        self._tuner.tell(job.id, value)

"""A Syne Tune scheduler asked and told as its own tuner does it, and its space: the same for both of its versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice, logordinal, loguniform, ordinal, randint, uniform
from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler, TrialSuggestion

from benchmarks.search.peers.contract import Job, Order, Problem
from benchmarks.search.peers.dimensions import Choice, Dimension, Ordinal, Real, Whole, dimensions, whole_config

LOSS = "loss"
EPOCH = "epoch"
_ORDERS: dict[str, Order] = {
    SchedulerDecision.CONTINUE: "continue",
    SchedulerDecision.PAUSE: "pause",
    SchedulerDecision.STOP: "stop",
}


class Trials:
    """The trials of a scheduler that minimises `LOSS`, in which `suggest` says what the trial of a new id is to be."""

    def __init__(
        self, problem: Problem, scheduler: TrialScheduler, suggest: Callable[[int], TrialSuggestion | None]
    ) -> None:
        self.problem = problem
        self.scheduler = scheduler
        self.suggest = suggest
        self.trials: list[Trial] = []
        self.decisions: dict[int, str] = {}

    def ask(self) -> Job | None:
        suggested = self.suggest(len(self.trials))
        if suggested is None:
            return None
        if suggested.spawn_new_trial_id:
            trial = Trial(len(self.trials), suggested.config, datetime.now(UTC))
            self.trials.append(trial)
            self.scheduler.on_trial_add(trial)
        else:
            trial = self.trials[suggested.checkpoint_trial_id]
        return Job(trial.trial_id, whole_config(self.problem.space, trial.config), self.problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        decision = self.scheduler.on_trial_result(self.trials[job.id], self._result(epoch, value))
        self.decisions[job.id] = decision
        return _ORDERS[decision]

    def tell(self, job: Job, value: float) -> None:
        if not self.problem.has_curve:
            self.report(job, job.until, value)
        trial = self.trials[job.id]
        if self.decisions[job.id] == SchedulerDecision.CONTINUE:
            self.scheduler.on_trial_complete(trial, self._result(job.until, value))
        else:
            self.scheduler.on_trial_remove(trial)

    def _result(self, epoch: int, value: float) -> dict[str, float]:
        return {LOSS: float(value if self.problem.goal == "minimize" else -value), EPOCH: epoch}


def config_space(problem: Problem) -> dict[str, Any]:
    """The space with numbers in `values` as ordinals, as Syne Tune's guide has it."""
    return {dimension.name: _domain(dimension) for dimension in dimensions(problem.space)}


def _domain(dimension: Dimension) -> Any:
    match dimension:
        case Real(_, low, high, is_log):
            return loguniform(low, high) if is_log else uniform(low, high)
        case Whole(_, low, high):
            return randint(low, high)
        case Ordinal(_, values):
            return logordinal(list(values)) if _is_geometric(values) else ordinal(list(values))
        case Choice(_, values):
            return choice(list(values))


def _is_geometric(values: tuple[float, ...]) -> bool:
    """Whether the ascending `values` are spaced more evenly in their logarithm: what Syne Tune itself goes by."""
    return values[0] > 0 and _unevenness(np.log(values)) < _unevenness(np.array(values))


def _unevenness(values: np.ndarray) -> float:
    steps = np.diff(values)
    return float(np.std(steps) / np.mean(steps))

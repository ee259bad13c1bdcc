"""The protocols: how an optimiser is driven over a task, and what is counted.

- A, full fidelity: 50 trials, each trained to its end, of which the optimiser learns the last value alone.
- B, epochs: a budget of 20 times the task's epochs. Every epoch is reported and paid once: a job that goes on with a
  trial pays the further epochs, one that starts anew pays from the first. The job that reaches the budget is cut there.
  The incumbent is the best value shown at any epoch so far.
- P1 and P4, parallel agents: 48 trials as in A by one agent and by four, simulated. A trial takes its epochs' seconds
  times a log-normal factor of its own; agents ask as soon as they are free.

Where a task is noisy, the incumbent is who showed best, but is scored without its noise.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.search.peers.contract import Job, Peer, Problem
from benchmarks.search.results import Played
from benchmarks.search.tasks.task import Config, Floats, Task

TRIALS = 50
BUDGET_IN_TRAININGS = 20
PARALLEL_TRIALS = 48
AGENTS = {"P1": 1, "P4": 4}
PROTOCOLS = ("A", "B", *AGENTS)
_SPREAD_OF_DURATIONS = 0.5
_MOST_IDLE_JOBS = 1_000
"""An optimiser that asks for this many jobs in a row without an epoch to train is stuck."""
_LEAST_STEP = 0.98


def budget_of(protocol: str, task: Task) -> int:
    """What a run may spend: trials, or epochs under B."""
    if protocol == "B":
        return BUDGET_IN_TRAININGS * task.max_epochs
    return PARALLEL_TRIALS if protocol in AGENTS else TRIALS


def fits(protocol: str, task: Task) -> bool:
    """Whether the task can be played: B needs a learning curve."""
    return protocol != "B" or task.max_epochs > 1


def problem_of(protocol: str, task: Task, seed: int) -> Problem:
    """What an optimiser is told."""
    has_curve = protocol == "B"
    return Problem(
        space=task.space,
        goal=task.goal,
        max_epochs=task.max_epochs if has_curve else 1,
        budget=budget_of(protocol, task),
        seed=seed,
        has_curve=has_curve,
    )


def play(protocol: str, name: str, task: Task, seed: int, make: Callable[[Problem], Peer]) -> Played:
    """One run of the peer called `name`; the optimiser's own CPU seconds are counted, the task's are not."""
    problem = problem_of(protocol, task, seed)
    log = _Log(task)
    peer = _Timed(make, problem, log)
    if protocol in AGENTS:
        _play_parallel(peer, task, seed, AGENTS[protocol], log)
    elif protocol == "B":
        _play_epochs(peer, task, problem.budget, log)
    else:
        _play_trials(peer, task, problem.budget, log)
    return Played(protocol, name, task.name, seed, log.thinned(), log.spent, len(log.trials), log.cpu_s)


def _play_trials(peer: _Timed, task: Task, budget: int, log: _Log) -> None:
    while log.spent < budget and (job := peer.ask()) is not None:
        value = float(task.curve(job.config)[-1])
        log.spent += 1
        log.show(job.config, value)
        peer.tell(job, value)


def _play_epochs(peer: _Timed, task: Task, budget: int, log: _Log) -> None:
    trained: dict[int, int] = {}
    curves: dict[int, Floats] = {}
    idle = 0
    while (job := peer.ask()) is not None:
        if job.id not in curves:
            curves[job.id], trained[job.id] = task.curve(job.config), 0
        curve, until = curves[job.id], min(job.until, task.max_epochs)
        idle = idle + 1 if until <= trained[job.id] else 0
        if idle == _MOST_IDLE_JOBS:
            raise RuntimeError(f"{idle} jobs in a row had nothing to train, the last {job}")
        while trained[job.id] < until:
            if log.spent == budget:
                return
            trained[job.id] += 1
            log.spent += 1
            value = float(curve[trained[job.id] - 1])
            log.show(job.config, value, is_whole=trained[job.id] == task.max_epochs)
            if peer.report(job, trained[job.id], value) != "continue":
                break
        if log.spent == budget:
            return
        peer.tell(job, float(curve[max(trained[job.id], 1) - 1]))


def _play_parallel(peer: _Timed, task: Task, seed: int, agents: int, log: _Log) -> None:
    """An event queue: whoever is free asks, and time jumps to the next trial's end."""
    under_way: list[tuple[float, int, Job]] = []
    started, now = 0, 0.0
    while True:
        while len(under_way) < agents and started < PARALLEL_TRIALS and (job := peer.ask()) is not None:
            luck = np.random.default_rng([seed, started]).lognormal(sigma=_SPREAD_OF_DURATIONS)
            duration = task.seconds(job.config) * task.max_epochs * float(luck)
            heapq.heappush(under_way, (now + duration, started, job))
            started += 1
        if not under_way:
            return
        now, _, job = heapq.heappop(under_way)
        value = float(task.curve(job.config)[-1])
        log.spent = now
        log.show(job.config, value)
        peer.tell(job, value)


@dataclass
class _Log:
    """The incumbent's way down."""

    task: Task
    spent: float = 0
    cpu_s: float = 0.0
    incumbent: float = float("nan")
    steps: list[tuple[float, float]] = field(default_factory=list)
    trials: set[int] = field(default_factory=set)

    def show(self, config: Config, value: float, *, is_whole: bool = True) -> None:
        """A value has come in, at the last epoch or before."""
        if self.task.is_better(value, self.incumbent):
            self.incumbent = value
            self.steps.append((self.spent, self._worth(config, value, is_whole=is_whole)))

    def _worth(self, config: Config, value: float, *, is_whole: bool) -> float:
        """What the shown `value` scores: no luck of its noise, and no gain of epochs that were not trained."""
        if self.task.truth is None:
            return value
        truth = self.task.truth(config)
        return value if not is_whole and self.task.is_better(truth, value) else truth

    def thinned(self) -> tuple[tuple[float, float], ...]:
        """The steps without those that lowered the regret by less than 2 %; the last one stays."""
        kept: list[tuple[float, float]] = []
        last = float("inf")
        for step in self.steps:
            regret = self.task.regret(step[1])
            if step is self.steps[-1] or not _LEAST_STEP * last < regret <= last:
                kept.append(step)
                last = regret
        return tuple(kept)


class _Timed:
    """A peer whose CPU seconds go into the log."""

    def __init__(self, make: Callable[[Problem], Peer], problem: Problem, log: _Log) -> None:
        self._log = log
        self._peer = self._timed(make, problem)

    def ask(self) -> Job | None:
        job: Job | None = self._timed(self._peer.ask)
        if job is not None:
            self._log.trials.add(job.id)
        return job

    def report(self, job: Job, epoch: int, value: float) -> str:
        order: str = self._timed(self._peer.report, job, epoch, value)
        return order

    def tell(self, job: Job, value: float) -> None:
        self._timed(self._peer.tell, job, value)

    def _timed(self, function: Callable[..., Any], *arguments: Any) -> Any:
        began = time.process_time()
        try:
            return function(*arguments)
        finally:
            self._log.cpu_s += time.process_time() - began

"""W&B's own sweep engine, `sweeps`: bayes, with and without its hyperband."""

from __future__ import annotations

from typing import Any

import numpy as np
from sweeps import RunState, SweepRun, next_run
from sweeps.hyperband_stopping import hyperband_stop_runs

from benchmarks.search.peers.contract import Job, Order, Peer, Problem

REQUIREMENTS = (("sweeps==0.2.0",),)
METHODS: dict[str, dict[str, Any]] = {
    "W&B bayes": {},
    "W&B bayes + hyperband": {"min_iter": 3},
    "W&B bayes + hyperband, from 1": {"min_iter": 1},
    "W&B bayes + hyperband, from a ninth": {"min_share": 9},
}
_ETA = 3


def make(problem: Problem, min_iter: int = 0, min_share: int = 0) -> Peer:
    """W&B's defaults; hyperband's first band is at `min_iter` epochs, or at one `min_share`-th of them all."""
    first = max(1, round(problem.max_epochs / min_share)) if min_share else min_iter
    return Wandb(problem, first if problem.has_curve else 0)


class Wandb:
    """The engine as W&B's service calls it: all runs in, the next run out; stopped runs count as finished."""

    def __init__(self, problem: Problem, min_iter: int) -> None:
        np.random.seed(problem.seed)  # noqa: NPY002 - the engine draws from the global generator
        self._problem = problem
        self._sweep: dict[str, Any] = {
            "method": "bayes",
            "metric": {"name": "objective", "goal": problem.goal},
            "parameters": {name: dict(law) for name, law in problem.space.items()},
        }
        self._bands: set[int] = set()
        if min_iter:
            self._sweep["early_terminate"] = {"type": "hyperband", "min_iter": min_iter, "eta": _ETA}
            self._bands = {min_iter * _ETA**k for k in range(20)}
        self._runs: list[SweepRun] = []

    def ask(self) -> Job | None:
        run = next_run(self._sweep, self._runs)
        if run is None:
            return None
        run.name, run.state = str(len(self._runs)), RunState.running
        self._runs.append(run)
        config = {name: entry["value"] for name, entry in run.config.items()}
        return Job(len(self._runs) - 1, config, self._problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        run = self._runs[job.id]
        run.history.append({"objective": value})
        if epoch - 1 not in self._bands:
            return "continue"  # the engine compares at its bands only, which count from 0
        return "stop" if any(stopped is run for stopped in hyperband_stop_runs(self._runs, self._sweep)) else "continue"

    def tell(self, job: Job, value: float) -> None:
        run = self._runs[job.id]
        run.state = RunState.finished if np.isfinite(value) else RunState.failed
        run.summary_metrics = {"objective": value}

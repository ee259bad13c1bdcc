"""DEHB: differential evolution inside Hyperband."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from dehb import DEHB

from benchmarks.search.peers.config_space import config_space
from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import dimensions, whole_config

REQUIREMENTS = (("dehb==0.1.2",),)
METHODS: dict[str, dict[str, Any]] = {"DEHB": {}}


def make(problem: Problem) -> Peer:
    """DEHB with its defaults, from one epoch up."""
    return Dehb(problem)


class Dehb:
    """DEHB asked and told.

    Configurations that its first brackets promote keep their id, and so go on from their last epoch; those that
    evolution makes at each rung start from nothing. What was shown already at a fidelity is not trained again.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.pending: dict[int, dict[str, Any]] = {}
        self.shown: dict[tuple[int, int], float] = {}
        self.folder = TemporaryDirectory(prefix="dehb-")
        self.dehb = DEHB(
            cs=config_space(dimensions(problem.space), problem.seed),
            min_fidelity=1,
            max_fidelity=problem.max_epochs,
            n_workers=1,
            seed=problem.seed,
            save_freq="end",
            output_path=self.folder.name,
            log_level="ERROR",
        )

    def ask(self) -> Job:
        while True:
            asked = self.dehb.ask()
            trial, until = int(asked["config_id"]), max(1, round(asked["fidelity"]))
            if (trial, until) not in self.shown:
                self.pending[trial] = asked
                return Job(trial, whole_config(self.problem.space, asked["config"]), until)
            self._tell(asked, self.shown[trial, until], cost=0)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        self.shown[job.id, epoch] = value
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        self._tell(self.pending.pop(job.id), value, cost=job.until)

    def _tell(self, asked: dict[str, Any], value: float, cost: int) -> None:
        fitness = value if self.problem.goal == "minimize" else -value
        self.dehb.tell(asked, {"fitness": fitness, "cost": cost})

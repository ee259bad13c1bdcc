"""Random search: every trial in full, by the parameters' own distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.tasks.spaces import draw

METHODS: dict[str, dict[str, Any]] = {"random": {}}


def make(problem: Problem) -> Peer:
    """Random search."""
    return Random(problem)


class Random:
    """Draws, and learns nothing."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._space = {name: dict(law) for name, law in problem.space.items()}
        self._rng = np.random.default_rng(problem.seed)
        self._asked = 0

    def ask(self) -> Job:
        self._asked += 1
        return Job(self._asked, draw(self._space, self._rng), self._problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        pass

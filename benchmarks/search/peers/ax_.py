"""Ax: its own choice of a strategy, which is Sobol points and then BoTorch's Gaussian process."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

from benchmarks.search.peers.contract import Job, Order, Peer, Problem
from benchmarks.search.peers.dimensions import Choice, Dimension, Ordinal, Real, Whole, dimensions, whole_config

REQUIREMENTS = (("torch==2.13.0",), ("torch==2.13.0", "botorch==0.18.1", "ax-platform==1.3.1"))
METHODS: dict[str, dict[str, Any]] = {"Ax": {}}
METRIC = "objective"


def make(problem: Problem) -> Peer:
    """Ax's client with its default generation strategy; the noise is its to infer."""
    return Ax(problem)


class Ax:
    """Ax's client asked and told."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        logging.getLogger("ax").setLevel(logging.ERROR)
        np.random.seed(problem.seed)  # noqa: NPY002 - what BoTorch draws, it draws from the global generators
        torch.manual_seed(problem.seed)
        self.client = Client(random_seed=problem.seed)
        self.client.configure_experiment([_parameter(dimension) for dimension in dimensions(problem.space)])
        self.client.configure_optimization(METRIC if problem.goal == "maximize" else f"-{METRIC}")
        self.client.configure_generation_strategy(initialization_random_seed=problem.seed)

    def ask(self) -> Job | None:
        asked = self.client.get_next_trials(max_trials=1)
        if not asked:
            return None
        [(trial, chosen)] = asked.items()
        return Job(trial, whole_config(self.problem.space, chosen), self.problem.max_epochs)

    def report(self, job: Job, epoch: int, value: float) -> Order:
        return "continue"

    def tell(self, job: Job, value: float) -> None:
        self.client.complete_trial(job.id, raw_data={METRIC: float(value)})


def _parameter(dimension: Dimension) -> RangeParameterConfig | ChoiceParameterConfig:
    match dimension:
        case Real(name, low, high, is_log):
            return RangeParameterConfig(name, (low, high), "float", scaling="log" if is_log else "linear")
        case Whole(name, low, high):
            return RangeParameterConfig(name, (low, high), "int")
        case Ordinal(name, values):
            return ChoiceParameterConfig(name, list(values), _kind(values), is_ordered=True)
        case Choice(name, values):
            return ChoiceParameterConfig(name, list(values), _kind(values), is_ordered=False)


def _kind(values: tuple[Any, ...]) -> str:
    kinds = {type(value) for value in values}
    return {frozenset({bool}): "bool", frozenset({int}): "int", frozenset({str}): "str"}.get(frozenset(kinds), "float")

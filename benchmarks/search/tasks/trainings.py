"""Real trainings, made while the optimiser waits: milliseconds each, numpy alone, the same every time.

Trees, kernels, factorisations, a convolution, letters and a walk through a grid: no perceptron on a table among them,
so that they verify what was chosen on those. `data/trainings.md` names the origin of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from benchmarks.search.tasks.references import scored
from benchmarks.search.tasks.task import Config, Floats, Task
from benchmarks.search.tasks.trained import (
    attention,
    boosting,
    cartpole,
    convolution,
    denoising,
    evolution,
    factorisation,
    forest,
    fourier,
    gridworld,
    kernel,
    letters,
    mixture,
    modular,
    recurrent,
)

_MINIMISED = {
    "attention": attention,
    "convolution": convolution,
    "denoising": denoising,
    "kernel": kernel,
    "letters": letters,
    "mixture": mixture,
    "ratings": factorisation,
    "recurrent": recurrent,
}
_MAXIMISED = {
    "cartpole": cartpole,
    "evolution": evolution,
    "forest": forest,
    "fourier": fourier,
    "gridworld": gridworld,
    "modular": modular,
}


def load() -> list[Task]:
    """All of them, none trained yet."""
    boosted = [_boosting(data) for data in ("diabetes", "cancer")]
    return boosted + [_task(name) for name in (*_MINIMISED, *_MAXIMISED)]


def _boosting(data: str) -> Task:
    curve, seconds = partial(_quiet, partial(boosting.curve, data)), partial(boosting.seconds, data)
    name = f"trainings/boosting-{data}"
    return scored(Task(name, "trainings", boosting.SPACE, "minimize", boosting.EPOCHS, curve, seconds))


def _task(name: str) -> Task:
    module = (_MINIMISED | _MAXIMISED)[name]
    goal: Literal["minimize", "maximize"] = "minimize" if name in _MINIMISED else "maximize"
    curve = partial(_quiet, module.curve)
    return scored(Task(f"trainings/{name}", "trainings", module.SPACE, goal, module.EPOCHS, curve, module.seconds))


def _quiet(train: Callable[[Config], Floats], config: Config) -> Floats:
    """The curve; a training that diverges overflows, which is no news."""
    # numpy's own scalars would turn single precision into double, and the training into another one
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in config.items()}
    with np.errstate(all="ignore"):
        return train(plain)

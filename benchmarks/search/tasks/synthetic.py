"""Formulas that hurt an optimiser the way tuning does: thirteen black boxes, and five families of curves that cross."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from benchmarks.search.tasks.references import scored
from benchmarks.search.tasks.simulated import boxes, curves
from benchmarks.search.tasks.task import Config, Floats, Task

_BOXES = (
    "ridge",
    "mixed",
    "sparse",
    "wide",
    "noisy",
    "cliff",
    "plateau",
    "corner",
    "lists",
    "cells",
    "quantised",
    "modes",
    "valley",
)
_CURVES: dict[str, Literal["minimize", "maximize"]] = {
    "sprint": "minimize",
    "late": "maximize",
    "shaky": "maximize",
    "overfit": "minimize",
    "schedule": "minimize",
}


def load() -> list[Task]:
    """All of them; the epochs of every configuration cost the same."""
    return [_box(name) for name in _BOXES] + [_curve(name) for name in _CURVES]


def _box(name: str) -> Task:
    space, curve, truth = (
        getattr(boxes, name.upper()),
        partial(_once, getattr(boxes, name)),
        getattr(boxes, f"{name}_truth", None),
    )
    return scored(Task(f"synthetic/{name}", "synthetic", space, "minimize", 1, curve, truth=truth))


def _once(box: Callable[[Config], float], config: Config) -> Floats:
    return np.array([box(config)])


def _curve(name: str) -> Task:
    space, epochs = getattr(curves, name.upper()), getattr(curves, f"{name.upper()}_EPOCHS")
    curve, truth = getattr(curves, name), getattr(curves, f"{name}_truth", None)
    return scored(Task(f"curves/{name}", "curves", space, _CURVES[name], epochs, curve, truth=truth))

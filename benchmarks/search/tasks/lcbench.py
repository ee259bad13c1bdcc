"""Learning curves of multi-layer perceptrons on OpenML data sets: YAHPO Gym's surrogate of LCBench.

`data/lcbench.npz` holds the published network's arrays, `data/lcbench.json` the steps that it takes, run here by numpy
alone. All tasks share one space. Balanced accuracy is the metric: of the plain one the surrogate overshoots most in the
corners. The outer edges of the published ranges are cut, since there the surrogate only extrapolates.

Source:
    YAHPO Gym (Pfisterer et al. 2022) on LCBench (Zimmer, Lindauer, Hutter 2021); see README.md beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.task import Config, Floats, Task

EPOCHS = 52
_DATA = Path(__file__).parent / "data"
_SECONDS, _BALANCED_ACCURACY = 0, 3
"""Columns of the network's output."""

SPACE: dict[str, dict[str, Any]] = {
    "learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.07},
    "batch_size": {"values": [16, 32, 64, 128, 256, 512]},
    "momentum": {"distribution": "uniform", "min": 0.1, "max": 0.95},
    "weight_decay": {"distribution": "uniform", "min": 0.004, "max": 0.1},
    "num_layers": {"distribution": "int_uniform", "min": 1, "max": 4},
    "max_units": {"values": [64, 128, 256, 512, 1024]},
    "max_dropout": {"distribution": "uniform", "min": 0.0, "max": 0.95},
}
_INPUTS = ("batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout")
"""The network's continuous inputs after the epoch, in order."""

Array = NDArray[Any]


def load() -> list[Task]:
    """One task for each OpenML data set."""
    tasks = []
    for data_set, facts in _index()["instances"].items():
        surrogate = Surrogate(data_set)
        best, worst = facts["range"][str(_BALANCED_ACCURACY)]
        task = Task(
            name=f"lcbench/{data_set}",
            family="lcbench",
            space=SPACE,
            goal="maximize",
            max_epochs=EPOCHS,
            curve=surrogate.curve,
            seconds=surrogate.seconds,
            meta_features=facts.get("meta_features", {}),
            best=best,
            worst=worst,
        )
        tasks.append(task)
    return tasks


class Surrogate:
    """What the network says of one data set."""

    def __init__(self, data_set: str) -> None:
        self._code = _index()["encoding"]["OpenML_task_id"][data_set]

    def curve(self, config: Config) -> Floats:
        """Balanced validation accuracy after each epoch, shape (EPOCHS,)."""
        outputs = self._outputs(config, range(1, EPOCHS + 1))
        return outputs[:, _BALANCED_ACCURACY].astype(np.float64)

    def seconds(self, config: Config) -> float:
        """Seconds of one epoch."""
        return max(float(self._outputs(config, [EPOCHS])[0, _SECONDS]) / EPOCHS, 1e-3)

    def _outputs(self, config: Config, epochs: Sequence[int]) -> Array:
        """All that the network predicts, shape (epochs, outputs)."""
        numbers = np.empty((len(epochs), 1 + len(_INPUTS)), dtype=np.float32)
        numbers[:, 0] = epochs
        numbers[:, 1:] = [config[name] for name in _INPUTS]
        categories = np.full((len(epochs), 1), self._code, dtype=np.int32)
        return _run(categories, numbers)


@cache
def _index() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_DATA / "lcbench.json").read_text(encoding="utf-8"))["lcbench"]
    return content


@cache
def _weights() -> dict[str, Array]:
    with np.load(_DATA / "lcbench.npz") as arrays:
        return {name.removeprefix("lcbench/"): arrays[name] for name in arrays.files}


_OPERATIONS: dict[str, Callable[..., Array]] = {
    "gemm": lambda rows, matrix, bias: rows @ matrix + bias,
    "affine": lambda rows, scale, shift: rows * scale + shift,
    "column": lambda rows, index: rows[:, index],
    "embed": lambda table, index: table[index],
    "slice": lambda rows, first, last: rows[:, first:last],
    "concat": lambda *parts: np.concatenate(parts, axis=1),
    "col": lambda vector: vector[:, None],
    "relu": lambda rows: np.maximum(rows, 0),
    "sigmoid": lambda rows: 1 / (1 + np.exp(-rows)),
    "log": np.log,
    "exp": np.exp,
    "neg": np.negative,
    "round": np.round,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
}


def _run(categories: Array, numbers: Array) -> Array:
    """The network: rows of inputs to rows of outputs."""
    values = {**_weights(), "x_cat": categories, "x_cont": numbers}
    with np.errstate(over="ignore"):
        for operation, result, *arguments in _index()["steps"]:
            operands = [values[name] if isinstance(name, str) else name for name in arguments]
            values[result] = _OPERATIONS[operation](*operands)
    return values["output"]

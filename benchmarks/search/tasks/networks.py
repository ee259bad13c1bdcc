"""Learning curves of small networks: a smooth surrogate for each family, fitted on really trained configurations.

- taskset: 8 recurrent text classifiers on IMDB, Adam with 8 hyperparameters in very wide ranges, 51 epochs.
- mlp: 16 data sets, small perceptrons with 10 hyperparameters, 30 epochs.

Both report the validation loss. The surrogate is an ensemble of small networks from a configuration's features to the
coefficients of the principal curves. Tasks of `load_tables` instead return the curve, noise and all, of the nearest
configuration that was really trained.

Source:
    TaskSet (Metz et al. 2020) by way of DyHPO's tables; mlp was trained for this collection; see README.md here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.task import Config, Floats, Task, one_second

_DATA = Path(__file__).parent / "data"
_LOG = "log_uniform_values"
_HIGHEST_LOG_LOSS = 3.0

SPACES: dict[str, dict[str, dict[str, Any]]] = {
    "taskset": {
        "learning_rate": {"distribution": _LOG, "min": 1e-8, "max": 10.0},
        "one_minus_beta1": {"distribution": _LOG, "min": 1e-4, "max": 1.0},
        "one_minus_beta2": {"distribution": _LOG, "min": 1e-6, "max": 1.0},
        "epsilon": {"distribution": _LOG, "min": 1e-10, "max": 1000.0},
        "l1": {"distribution": _LOG, "min": 1e-8, "max": 10.0},
        "l2": {"distribution": _LOG, "min": 1e-8, "max": 10.0},
        "linear_decay": {"distribution": _LOG, "min": 1e-7, "max": 1e-4},
        "exponential_decay": {"distribution": _LOG, "min": 1e-6, "max": 1e-3},
    },
    "mlp": {
        "lr": {"distribution": _LOG, "min": 1e-5, "max": 1.0},
        "batch_size": {"values": [16, 32, 64, 128, 256]},
        "weight_decay": {"distribution": _LOG, "min": 1e-6, "max": 1e-1},
        "dropout": {"distribution": "uniform", "min": 0.0, "max": 0.7},
        "layers": {"distribution": "int_uniform", "min": 1, "max": 4},
        "units": {"values": [16, 32, 64, 128]},
        "momentum": {"distribution": "uniform", "min": 0.0, "max": 0.99},  # Adam's beta 1
        "optimizer": {"values": ["sgd", "adam"]},
        "activation": {"values": ["relu", "tanh"]},
        "schedule": {"values": ["constant", "cosine"]},
    },
}
EPOCHS = {"taskset": 51, "mlp": 30}


def load() -> list[Task]:
    """Smooth tasks of both families."""
    return [_task(family, index, name, facts) for family in SPACES for index, name, facts in _data_sets(family)]


def load_tables() -> list[Task]:
    """The same data sets with the nearest real run's own curve."""
    return [
        _task(family, index, name, facts, is_table=True)
        for family in SPACES
        for index, name, facts in _data_sets(family)
    ]


def _task(family: str, index: int, name: str, facts: dict[str, Any], *, is_table: bool = False) -> Task:
    curves = Curves(family, index)
    label = f"{family}-table" if is_table else family
    best, worst = facts["table_range" if is_table else "range"][0]
    return Task(
        name=f"{label}/{name}",
        family=label,
        space=SPACES[family],
        goal="minimize",
        max_epochs=EPOCHS[family],
        curve=curves.nearest if is_table else curves.smooth,
        seconds=curves.seconds if family == "mlp" else one_second,
        meta_features=facts.get("meta_features", {}),
        best=best,
        worst=worst,
    )


class Curves:
    """Learning curves of one data set."""

    def __init__(self, family: str, index: int) -> None:
        self._family = family
        self._index = index
        self._features = _FEATURES[family]

    def smooth(self, config: Config) -> Floats:
        """What the surrogate predicts after each epoch, shape (epochs,)."""
        data = _data(self._family)
        row = self._features(config)[None]
        hidden = _silu(row @ data["W0"] + data["B0"][:, self._index][:, None])
        hidden = hidden + _silu(hidden @ data["W1"] + data["b1"][:, None])
        hidden = hidden + _silu(hidden @ data["W2"] + data["b2"][:, None])
        coefficients = (hidden @ data["W3"] + data["b3"][:, None]).mean(axis=0)
        curves = (coefficients * data["sd"]) @ data["V"] * data["scale"][self._index] + data["mu"][self._index]
        log_loss: Floats = curves[0, : EPOCHS[self._family]].astype(np.float64)
        return np.exp(np.minimum(log_loss, _HIGHEST_LOG_LOSS))

    def nearest(self, config: Config) -> Floats:
        """What the nearest trained configuration showed after each epoch, shape (epochs,)."""
        data = _data(self._family)
        distances = ((data["table_x"][self._index] - self._features(config)) ** 2).sum(axis=1)
        curve: Floats = data["table_y"][self._index][distances.argmin(), 0].astype(np.float64)
        return curve

    def seconds(self, config: Config) -> float:
        """Seconds of one epoch on one core, fitted on measured times (mlp only)."""
        data = _data("mlp")
        rows, inputs, outputs = data["meta"][self._index][1:4]
        units, layers = config["units"], config["layers"]
        weights = inputs * units + (layers - 1) * units**2 + units * outputs
        x = np.array([1.0, np.log(weights), np.log(config["batch_size"]), config["optimizer"] == "adam", layers])
        return float(rows / 2500 * np.exp(x @ data["time_coef"]))


def _taskset_features(config: Config) -> NDArray[np.float32]:
    """Each parameter's place in the log of its range, -1 to 1; shape (8,)."""
    space = SPACES["taskset"]
    places = (np.log(config[name] / law["min"]) / np.log(law["max"] / law["min"]) for name, law in space.items())
    return np.asarray([place * 2 - 1 for place in places], dtype=np.float32)


def _mlp_features(config: Config) -> NDArray[np.float32]:
    """About -1 to 1; shape (15,)."""
    is_sgd = config["optimizer"] == "sgd"
    rate, momentum = np.log10(config["lr"]), -np.log10(1 - config["momentum"])
    step = rate + momentum if is_sgd else rate  # a plain SGD step grows with 1 / (1 - momentum)
    batch, decay = np.log2(config["batch_size"]), np.log10(config["weight_decay"])
    row = [
        (rate + 2.5) / 2.5,
        (step + 2.5) / 2.5,
        (step + 2.5) / 2.5 * is_sgd,
        (step + 2.5) / 2.5 * (not is_sgd),
        (batch - 6) / 2,
        (decay + 3.5) / 2.5,
        config["dropout"] / 0.35 - 1,
        (config["layers"] - 2.5) / 1.5,
        (np.log2(config["units"]) - 5.5) / 1.5,
        momentum - 1,
        2 * is_sgd - 1,
        2 * (config["activation"] == "relu") - 1,
        2 * (config["schedule"] == "cosine") - 1,
        (step - 0.5 * (batch - 6) * 0.30103 + 2.5) / 2.5,
        (step + decay + 5) / 4,
    ]
    return np.asarray(row, dtype=np.float32)


_FEATURES: dict[str, Callable[[Config], NDArray[np.float32]]] = {"taskset": _taskset_features, "mlp": _mlp_features}


def _silu(x: NDArray[Any]) -> NDArray[Any]:
    activated: NDArray[Any] = x / (1 + np.exp(-x))
    return activated


@cache
def _data(family: str) -> dict[str, NDArray[Any]]:
    with np.load(_DATA / f"{family}.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def _data_sets(family: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Row in the arrays, name and facts of each data set."""
    facts = json.loads((_DATA / f"{family}.json").read_text(encoding="utf-8"))
    return [(entry.get("row", i), name, entry) for i, (name, entry) in enumerate(facts.items())]

"""Kernel regression of the diabetes data by gradient descent: stopping early regularises, going on overfits."""

from __future__ import annotations

import numpy as np

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import table

SPACE = {
    "kernel": one_of(["gaussian", "laplace", "matern", "rational", "linear"]),
    "length_clinic": log_range(0.3, 100.0),
    "length_blood": log_range(0.3, 100.0),
    "learning_rate": log_range(1e-3, 10.0),
    "momentum": linear_range(0.0, 0.98),
    "ridge": log_range(1e-5, 1.0),
    "huber": log_range(0.1, 10.0),
    "drop_rows": linear_range(0.0, 0.8),
}
EPOCHS = 50
_CLINIC = 4  # age, sex, body mass, blood pressure; then six values of the blood
_HIGHEST = 10.0


def curve(config: Config) -> Floats:
    """Validation error (root of the mean square, of standardised targets) after epochs 1 to 50."""
    data, rng = table("diabetes"), np.random.default_rng(0)
    y, y_new = np.asarray(data.y, float), np.asarray(data.y_new, float)
    lengths = np.repeat([config["length_clinic"], config["length_blood"]], [_CLINIC, data.x.shape[1] - _CLINIC])
    x, x_new = data.x / lengths, data.x_new / lengths
    gram, gram_new = _kernel(config["kernel"], x, x), _kernel(config["kernel"], x_new, x)
    rate = config["learning_rate"] * 4 / np.trace(gram)
    weights, velocity, errors = np.zeros(len(y)), np.zeros(len(y)), np.full(EPOCHS, _HIGHEST)
    for epoch in range(EPOCHS):
        is_used = rng.random(len(y)) >= config["drop_rows"]
        residual = np.clip(gram @ weights - y, -config["huber"], config["huber"]) * is_used
        velocity = config["momentum"] * velocity - rate * (residual + config["ridge"] * weights)
        weights = weights + velocity
        error = float(np.sqrt(np.mean((gram_new @ weights - y_new) ** 2)))
        if not error < _HIGHEST:
            break
        errors[epoch] = error
    return errors


def seconds(config: Config) -> float:
    """Time of an epoch: the rows that are used; some kernels cost more."""
    return float((1.3 - config["drop_rows"]) * (1.6 if config["kernel"] == "matern" else 1.0))


def _kernel(name: str, a: Floats, b: Floats) -> Floats:
    """Shape (rows of a, rows of b)."""
    inner: Floats = a @ b.T
    if name == "linear":
        return inner + 1
    square = np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * inner, 0)
    if name == "gaussian":
        return np.asarray(np.exp(-0.5 * square))
    if name == "rational":
        return np.asarray(1 / (1 + square))
    distance = np.sqrt(square)
    if name == "laplace":
        return np.asarray(np.exp(-distance))
    return np.asarray((1 + np.sqrt(3) * distance) * np.exp(-np.sqrt(3) * distance))

"""Random features and a linear classifier by stochastic gradients, on handwritten digits.

Source:
    Rahimi and Recht 2007, Random Features for Large-Scale Kernel Machines; arc-cosine features: Cho and Saul 2009.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import digits

SPACE = {
    "kernel": one_of(["gaussian", "laplace", "arccosine"]),
    "length": log_range(0.05, 100.0),
    "features": one_of([16, 32, 64, 128, 256]),
    "learning_rate": log_range(1e-3, 100.0),
    "momentum": linear_range(0.0, 0.98),
    "batch_size": one_of([20, 50, 100, 200, 400]),
    "l2": log_range(1e-7, 1e-1),
    "averaging": linear_range(0.0, 0.99),
    "decay": log_range(1e-3, 1.0),
}
EPOCHS = 27
_ROWS, _ROWS_NEW, _CLASSES = 600, 900, 10
_F32 = NDArray[np.float32]


def curve(config: Config) -> Floats:
    """Validation accuracy (of 900 digits) of the averaged weights after epochs 1 to 27."""
    data, rng = digits(_ROWS, _ROWS_NEW), np.random.default_rng(0)
    both = _features(np.vstack([data.x, data.x_new]), config, rng)
    x, x_new, targets = both[:_ROWS], both[_ROWS:], np.eye(_CLASSES, dtype=np.float32)[data.y]
    weights = np.zeros((x.shape[1], _CLASSES), np.float32)
    velocity, average, accuracies = np.zeros_like(weights), np.zeros_like(weights), np.zeros(EPOCHS)
    momentum, keep, l2 = (np.float32(config[name]) for name in ("momentum", "averaging", "l2"))
    for epoch in range(EPOCHS):
        rate = np.float32(config["learning_rate"] * config["decay"] ** (epoch / (EPOCHS - 1)))
        order = rng.permutation(_ROWS)
        for start in range(0, _ROWS, config["batch_size"]):
            batch = order[start : start + config["batch_size"]]
            rows = x[batch]
            gradient = rows.T @ (_softmax(rows @ weights) - targets[batch]) / len(batch) + l2 * weights
            velocity = momentum * velocity - rate * gradient
            weights = weights + velocity
        average = keep * average + (1 - keep) * weights
        accuracies[epoch] = np.mean((x_new @ average).argmax(1) == data.y_new)
        if not np.abs(weights).max() < 1e8:
            break
    return accuracies


def seconds(config: Config) -> float:
    """Time of an epoch: what the features cost, and an overhead for every step."""
    return float(0.2 + 0.01 * config["features"] + 0.02 * _ROWS / config["batch_size"])


def _features(x: _F32, config: Config, rng: np.random.Generator) -> _F32:
    count, shape = config["features"], (x.shape[1], config["features"])
    directions = np.asarray(rng.standard_normal(shape))
    if config["kernel"] == "laplace":
        directions = rng.standard_cauchy(shape) / 4
    inner: _F32 = (x - np.float32(0.3)) @ np.asarray(directions / config["length"], np.float32)
    if config["kernel"] == "arccosine":
        raised = np.maximum(inner + np.asarray(rng.standard_normal(count), np.float32), 0)
        return np.asarray(raised * np.float32(np.sqrt(2 / count)), np.float32)
    phases = np.asarray(rng.uniform(0, 2 * np.pi, count), np.float32)
    return np.asarray(np.cos(inner + phases) * np.float32(np.sqrt(2 / count)), np.float32)


def _softmax(z: _F32) -> _F32:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)

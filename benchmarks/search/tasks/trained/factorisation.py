"""Matrix factorisation of star ratings by gradient steps over blocks of users: biases, factors, and their shrinkage."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import ratings

SPACE = {
    "factors": int_range(1, 32),
    "learning_rate": log_range(1e-4, 1.0),
    "momentum": linear_range(0.0, 0.95),
    "l2_users": log_range(1e-3, 30.0),
    "l2_items": log_range(1e-3, 30.0),
    "l2_bias": log_range(1e-3, 30.0),
    "init_scale": log_range(1e-3, 1.0),
    "blocks": one_of([1, 2, 4, 8]),
    "decay": linear_range(0.8, 1.0),
}
EPOCHS = 30
_HIGHEST = 5.0


def curve(config: Config) -> Floats:
    """Validation error in stars (root of the mean square) after epochs 1 to 30."""
    data, rng = ratings(), np.random.default_rng(0)
    users, items = data.values.shape
    mean = np.float32((data.values * data.is_seen).sum() / data.is_seen.sum())
    scale = config["init_scale"]
    p, q = (scale * rng.standard_normal((n, config["factors"])).astype(np.float32) for n in (users, items))
    of_user, of_item = np.zeros((users, 1), np.float32), np.zeros((1, items), np.float32)
    arrays = (p, q, of_user, of_item)
    moves = [np.zeros_like(array) for array in arrays]
    errors, momentum = np.full(EPOCHS, _HIGHEST), np.float32(config["momentum"])
    new, count = data.values - mean, data.is_new.sum()
    for epoch in range(EPOCHS):
        rate = np.float32(config["learning_rate"] * config["decay"] ** epoch)
        order = rng.permutation(users)
        for block in np.array_split(order, config["blocks"]):
            share = np.float32(len(block) / users)
            wrong = (p[block] @ q.T + of_user[block] + of_item - new[block]) * data.is_seen[block]
            slopes = (
                wrong @ q + config["l2_users"] * p[block],
                wrong.T @ p[block] + share * config["l2_items"] * q,
                wrong.sum(1, keepdims=True) + config["l2_bias"] * of_user[block],
                wrong.sum(0, keepdims=True) + share * config["l2_bias"] * of_item,
            )
            of_block: list[Any] = [block, slice(None), block, slice(None)]
            for array, move, slope, rows in zip(arrays, moves, slopes, of_block, strict=True):
                move[rows] = momentum * move[rows] - rate * slope
                array[rows] += move[rows]
        error = float(np.sqrt((((p @ q.T + of_user + of_item - new) * data.is_new) ** 2).sum() / count))
        if not error < _HIGHEST:
            break
        errors[epoch] = error
    return errors


def seconds(config: Config) -> float:
    """Time of an epoch: factors, and an overhead for every block."""
    return float(0.5 + 0.08 * config["factors"] + 0.1 * config["blocks"])

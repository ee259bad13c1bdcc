"""A small convolutional network on handwritten digits: 3x3 filters, pooling, dropout, a linear layer; SGD or Adam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import digits

SPACE = {
    "learning_rate": log_range(1e-4, 3.0),
    "optimizer": one_of(["sgd", "adam"]),
    "one_minus_momentum": log_range(0.02, 1.0),
    "batch_size": one_of([25, 50, 100, 200]),
    "filters": int_range(2, 16),
    "weight_decay": log_range(1e-6, 1e-1),
    "dropout": linear_range(0.0, 0.8),
    "label_smoothing": linear_range(0.0, 0.3),
    "schedule": one_of(["constant", "cosine"]),
}
EPOCHS = 27
_ROWS, _ROWS_NEW, _CLASSES = 300, 400, 10
_HIGHEST = 10.0
_F32 = NDArray[np.float32]


def curve(config: Config) -> Floats:
    """Validation cross-entropy, in nats, after epochs 1 to 27."""
    data, rng = digits(_ROWS, _ROWS_NEW), np.random.default_rng(0)
    patches, patches_new = _patches(data.x), _patches(data.x_new)
    smooth, filters = config["label_smoothing"], config["filters"]
    targets = ((1 - smooth) * np.eye(_CLASSES)[data.y] + smooth / _CLASSES).astype(np.float32)
    layers: list[_F32] = [
        rng.normal(0, 0.4, (10, filters)).astype(np.float32),
        rng.normal(0, 1 / np.sqrt(9 * filters), (9 * filters + 1, _CLASSES)).astype(np.float32),
    ]
    moves, squares, steps = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers], 0
    losses = np.full(EPOCHS, _HIGHEST)
    for epoch in range(EPOCHS):
        fade = 1.0 if config["schedule"] == "constant" else 0.5 + 0.5 * np.cos(np.pi * epoch / EPOCHS)
        order = rng.permutation(_ROWS)
        for start in range(0, _ROWS, config["batch_size"]):
            batch, steps = order[start : start + config["batch_size"]], steps + 1
            slopes = _slopes(layers, patches[:, batch], targets[batch], config["dropout"], rng)
            for layer, slope, move, square in zip(layers, slopes, moves, squares, strict=True):
                _step(layer, slope, move, square, config, config["learning_rate"] * fade, steps)
        loss = _loss(layers, patches_new, data.y_new)
        if not loss < _HIGHEST:
            break
        losses[epoch] = loss
    return losses


def seconds(config: Config) -> float:
    """Time of an epoch: filters, and an overhead for every step."""
    return float(0.3 + 0.1 * config["filters"] + 0.05 * _ROWS / config["batch_size"])


def _patches(x: Floats) -> _F32:
    """The 36 overlapping squares of each image, and a 1 for the bias, by their place in the pool: (4, n, 9, 10)."""
    squares = np.lib.stride_tricks.sliding_window_view(x.reshape(-1, 8, 8), (3, 3), axis=(1, 2)).reshape(
        -1, 3, 2, 3, 2, 9
    )
    squares = squares.transpose(2, 4, 0, 1, 3, 5).reshape(4, len(x), 9, 9)
    return np.concatenate([squares, np.ones((*squares.shape[:3], 1))], 3, dtype=np.float32)


def _hidden(first: _F32, patches: _F32) -> tuple[_F32, _F32]:
    """The filters' answers (4, 9 n, filters), and the greatest of each pool, rectified (n, 9 filters)."""
    answers: _F32 = patches.reshape(4, -1, 10) @ first
    return answers, np.maximum(answers.max(0), 0).reshape(patches.shape[1], -1)


def _slopes(layers: list[_F32], patches: _F32, targets: _F32, dropout: float, rng: np.random.Generator) -> list[_F32]:
    first, last = layers
    answers, hidden = _hidden(first, patches)
    mask = (rng.random(hidden.shape, np.float32) >= dropout) / np.float32(1 - dropout)
    flat = np.concatenate([hidden * mask, np.ones((len(hidden), 1), np.float32)], 1)
    wrong = (_softmax(flat @ last) - targets) / np.float32(len(hidden))
    back = (wrong @ last[:-1].T * mask * (hidden > 0)).reshape(-1, first.shape[1])
    won = answers == hidden.reshape(back.shape)
    return [patches.reshape(-1, 10).T @ (won * back).reshape(-1, first.shape[1]), flat.T @ wrong]


def _step(layer: _F32, slope: _F32, move: _F32, square: _F32, config: Config, rate: float, step: int) -> None:
    """One step of SGD with momentum, or of Adam with decoupled decay, in place."""
    keep = np.float32(1 - config["one_minus_momentum"])
    if config["optimizer"] == "sgd":
        move[:] = keep * move + slope + np.float32(config["weight_decay"]) * layer
        layer -= np.float32(rate) * move
        return
    move[:] = keep * move + (1 - keep) * slope
    square[:] = np.float32(0.98) * square + np.float32(0.02) * slope**2
    layer *= np.float32(1 - min(rate * config["weight_decay"], 1.0))
    scale = np.float32(rate / max(1 - float(keep) ** step, 1e-6))
    layer -= scale * move / (np.sqrt(square / np.float32(1 - 0.98**step)) + np.float32(1e-7))


def _softmax(z: _F32) -> _F32:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)


def _loss(layers: list[_F32], patches: _F32, y: NDArray[np.generic]) -> float:
    hidden = _hidden(layers[0], patches)[1]
    z = hidden @ layers[1][:-1] + layers[1][-1]
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), np.asarray(y, np.int64)]))

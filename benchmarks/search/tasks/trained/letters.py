"""A language model of letters: embeddings of the last few predict the next, by one hidden layer and Adam.

Source:
    Bengio et al. 2003, A Neural Probabilistic Language Model, without the direct connections.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import text

SPACE = {
    "context": int_range(1, 8),
    "embedding": one_of([2, 4, 8, 16]),
    "learning_rate": log_range(1e-4, 1.0),
    "beta2": one_of([0.9, 0.99, 0.999]),
    "batch_size": one_of([75, 150, 300, 600]),
    "l2": log_range(1e-7, 1e-2),
    "init_scale": log_range(1e-3, 3.0),
    "warmup": linear_range(0.0, 0.5),
    "clip": log_range(1e-2, 10.0),
}
EPOCHS = 27
_LETTERS, _ROWS, _ROWS_NEW, _LONGEST = 29, 1200, 800, 8
_HIGHEST = 10.0
_F32 = NDArray[np.float32]


def curve(config: Config) -> Floats:
    """Validation nats per letter after epochs 1 to 27: learned from 1,200 letters, tried on 800 later ones."""
    letters, rng = text(), np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view(letters, _LONGEST + 1)
    learn, new = windows[:_ROWS], windows[_ROWS + _LONGEST : _ROWS + _LONGEST + _ROWS_NEW]
    context, size = config["context"], config["embedding"]
    shapes = ((_LETTERS, size), (context * size, size), (size, _LETTERS), (1, _LETTERS))
    layers: list[_F32] = [
        config["init_scale"] * rng.standard_normal(shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))
        for shape in shapes
    ]
    first, second, steps = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers], 0
    losses, all_steps = np.full(EPOCHS, _HIGHEST), EPOCHS * _ROWS // config["batch_size"]
    for epoch in range(EPOCHS):
        order = rng.permutation(_ROWS)
        for start in range(0, _ROWS, config["batch_size"]):
            batch, steps = learn[order[start : start + config["batch_size"]]], steps + 1
            slopes = _slopes(layers, batch[:, _LONGEST - context : -1], batch[:, -1], np.float32(config["l2"]))
            norm = float(np.sqrt(sum(float(np.vdot(s, s)) for s in slopes)))
            shorter = np.float32(min(1.0, config["clip"] / max(norm, 1e-12)))
            rate = config["learning_rate"] * min(1.0, steps / max(config["warmup"] * all_steps, 1.0))
            _adam(layers, [shorter * s for s in slopes], first, second, rate, config["beta2"], steps)
        loss = _loss(layers, new[:, _LONGEST - context : -1], new[:, -1])
        if not loss < _HIGHEST:
            break
        losses[epoch] = loss
    return losses


def seconds(config: Config) -> float:
    """Time of an epoch: the context's embeddings, and an overhead for every step."""
    return float(0.2 + 0.01 * config["context"] * config["embedding"] + 0.02 * _ROWS / config["batch_size"])


def _hidden(layers: list[_F32], rows: NDArray[np.int64]) -> tuple[_F32, _F32]:
    joined = layers[0][rows].reshape(len(rows), -1)
    return joined, np.tanh(joined @ layers[1])


def _slopes(layers: list[_F32], rows: NDArray[np.int64], y: NDArray[np.int64], l2: np.float32) -> list[_F32]:
    joined, hidden = _hidden(layers, rows)
    z = hidden @ layers[2] + layers[3]
    wrong = np.exp(z - z.max(1, keepdims=True))
    wrong /= wrong.sum(1, keepdims=True)
    wrong[np.arange(len(y)), y] -= 1
    wrong /= np.float32(len(y))
    inner = (wrong @ layers[2].T) * (1 - hidden**2)
    of_letters = np.zeros_like(layers[0])
    np.add.at(of_letters, rows.ravel(), (inner @ layers[1].T).reshape(rows.size, -1))
    slopes = [of_letters, joined.T @ inner, hidden.T @ wrong, wrong.sum(0, keepdims=True)]
    return [slope + l2 * layer for slope, layer in zip(slopes, layers, strict=True)]


def _adam(
    layers: list[_F32], slopes: list[_F32], first: list[_F32], second: list[_F32], rate: float, beta2: float, step: int
) -> None:
    """One step of Adam (Kingma and Ba 2015, algorithm 1), in place."""
    keep = np.float32(beta2)
    scale = np.float32(rate / (1 - 0.9**step) * np.sqrt(1 - beta2**step))
    for layer, slope, m, v in zip(layers, slopes, first, second, strict=True):
        m[:] = np.float32(0.9) * m + np.float32(0.1) * slope
        v[:] = keep * v + (1 - keep) * slope**2
        layer[:] = layer - scale * m / (np.sqrt(v) + np.float32(1e-7))


def _loss(layers: list[_F32], rows: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    z = _hidden(layers, rows)[1] @ layers[2] + layers[3]
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))

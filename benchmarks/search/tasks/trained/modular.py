"""Addition modulo a prime, learned from about half of all pairs: embeddings, one hidden layer, AdamW.

A network can know all the pairs that it is shown long before it understands the others, so early values mislead.

Source:
    Power et al. 2022, Grokking, arXiv:2201.02177; the quadratic layer as in Gromov 2023, arXiv:2301.02679.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats

SPACE = {
    "learning_rate": log_range(1e-4, 1.0),
    "weight_decay": log_range(1e-3, 30.0),
    "one_minus_momentum": log_range(0.02, 1.0),
    "beta2": one_of([0.9, 0.98, 0.999]),
    "embedding": one_of([4, 8, 16, 32]),
    "hidden": one_of([16, 24, 32, 48]),
    "activation": one_of(["relu", "tanh", "square"]),
    "init_scale": log_range(0.03, 10.0),
    "label_smoothing": linear_range(0.0, 0.5),
    "shown": linear_range(0.2, 1.0),
}
EPOCHS = 50
_PRIME, _SHARE, _STEPS = 23, 0.55, 5
_F32 = NDArray[np.float32]


@cache
def _pairs() -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The sums, and which of them are learned, each of shape (23 * 23,), by the first number, then the second."""
    one = np.arange(_PRIME)
    return ((one[:, None] + one) % _PRIME).ravel(), np.random.default_rng(7).random(_PRIME**2) < _SHARE


def curve(config: Config) -> Floats:
    """Accuracy on the pairs never shown, after epochs 1 to 50, of 5 steps each."""
    (sums, is_learned), rng = _pairs(), np.random.default_rng(0)
    size, hidden, smooth = config["embedding"], config["hidden"], config["label_smoothing"]
    targets = ((1 - smooth) * np.eye(_PRIME)[sums] + smooth / _PRIME).astype(np.float32)
    shapes = ((_PRIME, size), (size, hidden), (size, hidden), (hidden, _PRIME))
    layers: list[_F32] = [
        (config["init_scale"] * rng.standard_normal(shape) / np.sqrt(fan)).astype(np.float32)
        for shape, fan in zip(shapes, (1, 2 * size, 2 * size, hidden), strict=True)
    ]
    first, second = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers]
    luck, accuracies = rng.random((EPOCHS * _STEPS, len(sums)), np.float32), np.empty(EPOCHS)
    for step, lucky in enumerate(luck, 1):
        chosen = (is_learned & (lucky < config["shown"])).astype(np.float32)
        slopes = _slopes(layers, targets, chosen / max(chosen.sum(), np.float32(1)), config["activation"])
        for layer, slope, m, v in zip(layers, slopes, first, second, strict=True):
            _adamw(layer, slope, m, v, config, step)
        if step % _STEPS == 0:
            guesses = _answers(layers, config["activation"])[-1].argmax(1)
            accuracies[step // _STEPS - 1] = np.mean((guesses == sums)[~is_learned])
    return accuracies


def seconds(config: Config) -> float:
    """Time of an epoch: the hidden layer on all pairs, five times."""
    return float(0.6 + 0.02 * config["hidden"] + 0.005 * config["embedding"])


def _answers(layers: list[_F32], activation: str) -> tuple[_F32, _F32, _F32]:
    """Of all pairs: what enters the hidden layer, what leaves it, and the scores of the sums."""
    embedding, left, right, last = layers
    enters = ((embedding @ left)[:, None] + embedding @ right).reshape(_PRIME**2, -1)
    if activation == "square":
        leaves = enters * enters
    else:
        leaves = np.tanh(enters) if activation == "tanh" else np.maximum(enters, 0)
    return enters, leaves, leaves @ last


def _slopes(layers: list[_F32], targets: _F32, weights: _F32, activation: str) -> list[_F32]:
    """Slopes of the weighted mean cross-entropy."""
    embedding, left, right, last = layers
    enters, leaves, scores = _answers(layers, activation)
    wrong = np.exp(scores - scores.max(1, keepdims=True))
    wrong = (wrong / wrong.sum(1, keepdims=True) - targets) * weights[:, None]
    back = wrong @ last.T
    if activation == "square":
        back *= 2 * enters
    else:
        back *= 1 - leaves**2 if activation == "tanh" else enters > 0
    grid = back.reshape(_PRIME, _PRIME, -1)
    of_first, of_second = grid.sum(1), grid.sum(0)
    of_embedding = of_first @ left.T + of_second @ right.T
    return [of_embedding, embedding.T @ of_first, embedding.T @ of_second, leaves.T @ wrong]


def _adamw(layer: _F32, slope: _F32, m: _F32, v: _F32, config: Config, step: int) -> None:
    """One step of Adam with decoupled decay (Loshchilov and Hutter 2019), in place."""
    rate, keep, beta2 = config["learning_rate"], 1 - config["one_minus_momentum"], config["beta2"]
    m[:] = np.float32(keep) * m + np.float32(1 - keep) * slope
    v[:] = np.float32(beta2) * v + np.float32(1 - beta2) * slope**2
    layer *= np.float32(1 - min(rate * config["weight_decay"], 1.0))
    scale = np.float32(rate / max(1 - keep**step, 1e-6))
    layer -= scale * m / (np.sqrt(v / np.float32(1 - beta2**step)) + np.float32(1e-8))

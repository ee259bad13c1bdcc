"""A denoising autoencoder of handwritten digits: one or two hidden layers, SGD or Adam.

Source:
    Vincent et al. 2010, Stacked Denoising Autoencoders, sections 3 and 4; trained as a whole, not layer by layer.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import digits

SPACE = {
    "learning_rate": log_range(1e-4, 1.0),
    "optimizer": one_of(["sgd", "adam"]),
    "one_minus_momentum": log_range(0.01, 1.0),
    "batch_size": one_of([30, 60, 150, 300]),
    "hidden": one_of([8, 16, 32, 64, 128]),
    "layers": one_of([1, 2]),
    "masked": linear_range(0.0, 0.8),
    "noise": log_range(0.01, 1.0),
    "weight_decay": log_range(1e-6, 1e-1),
    "init_scale": log_range(0.01, 5.0),
}
EPOCHS = 40
_ROWS, _ROWS_NEW, _PIXELS = 300, 300, 64
_MASKED, _NOISE = 0.3, 0.2
_HIGHEST = 5.0
_F32 = NDArray[np.float32]


@cache
def _images() -> tuple[_F32, _F32, _F32]:
    """Images to learn from and to validate on, less the mean image; and the latter as they are shown, spoilt."""
    data = digits(_ROWS, _ROWS_NEW)
    x, x_new = np.asarray(data.x, np.float32), np.asarray(data.x_new, np.float32)
    middle = x.mean(0)
    return x - middle, x_new - middle, _spoilt(x_new - middle, _MASKED, _NOISE, np.random.default_rng(1))


def curve(config: Config) -> Floats:
    """Share of the validation images' variance that is not restored, after epochs 1 to 40."""
    (x, x_new, shown), rng = _images(), np.random.default_rng(0)
    variance = float(np.mean(x_new**2))
    sizes = [_PIXELS] + [config["hidden"]] * config["layers"] + [_PIXELS]
    layers: list[_F32] = [
        np.concatenate(
            [config["init_scale"] * rng.standard_normal((a, b)) / np.sqrt(a), np.zeros((1, b))], dtype=np.float32
        )
        for a, b in pairwise(sizes)
    ]
    moves, squares, step = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers], 0
    errors = np.full(EPOCHS, _HIGHEST)
    for epoch in range(EPOCHS):
        order = rng.permutation(_ROWS)
        spoilt = _spoilt(x, config["masked"], config["noise"], rng)
        for start in range(0, _ROWS, config["batch_size"]):
            batch, step = order[start : start + config["batch_size"]], step + 1
            slopes = _slopes(layers, spoilt[batch], x[batch])
            for layer, slope, move, square in zip(layers, slopes, moves, squares, strict=True):
                _step(layer, slope, move, square, config, step)
        error = float(np.mean((_answers(layers, shown)[-1] - x_new) ** 2)) / variance
        if not error < _HIGHEST:
            break
        errors[epoch] = error
    return errors


def seconds(config: Config) -> float:
    """Time of an epoch: the layers' sizes, and an overhead for every step."""
    return float(0.3 + 0.004 * config["hidden"] * config["layers"] + 0.05 * _ROWS / config["batch_size"])


def _spoilt(x: _F32, masked: float, noise: float, rng: np.random.Generator) -> _F32:
    """The images with pixels hidden, and noise on the others."""
    seen = rng.random(x.shape, np.float32) >= masked
    return np.asarray(seen * (x + np.float32(noise) * rng.standard_normal(x.shape, np.float32)), np.float32)


def _answers(layers: list[_F32], x: _F32) -> list[_F32]:
    """What each layer makes of the images, the images first."""
    answers = [x]
    for layer in layers[:-1]:
        answers.append(np.tanh(answers[-1] @ layer[:-1] + layer[-1]))
    return [*answers, answers[-1] @ layers[-1][:-1] + layers[-1][-1]]


def _slopes(layers: list[_F32], spoilt: _F32, x: _F32) -> list[_F32]:
    """Slopes of half the squared error of an image, averaged over images."""
    *answers, restored = _answers(layers, spoilt)
    wrong, slopes = (restored - x) / np.float32(len(x)), []
    for layer, answer in zip(layers[::-1], answers[::-1], strict=True):
        slopes.append(np.concatenate([answer.T @ wrong, wrong.sum(0, keepdims=True)]))
        wrong = wrong @ layer[:-1].T * (1 - answer**2)
    return slopes[::-1]


def _step(layer: _F32, slope: _F32, move: _F32, square: _F32, config: Config, step: int) -> None:
    """One step of SGD with momentum or of Adam, in place, with decoupled decay."""
    keep, rate = np.float32(1 - config["one_minus_momentum"]), config["learning_rate"]
    layer *= np.float32(1 - min(rate * config["weight_decay"], 1.0))
    if config["optimizer"] == "sgd":
        move[:] = keep * move + slope
        layer -= np.float32(rate) * move
        return
    move[:] = keep * move + (1 - keep) * slope
    square[:] = np.float32(0.98) * square + np.float32(0.02) * slope**2
    scale = np.float32(rate / max(1 - float(keep) ** step, 1e-6))
    layer -= scale * move / (np.sqrt(square / np.float32(1 - 0.98**step)) + np.float32(1e-7))

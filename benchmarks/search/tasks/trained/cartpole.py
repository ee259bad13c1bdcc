"""A cart learns to balance its pole in gusts: a policy's gradient, with or without a critic, and ratios kept near 1.

The cart's equations are linearised about the upright pole, which differs by 2 % where a pole counts as fallen.
Its force is weak and gusts turn the pole: not every one can be saved.

Source:
    Barto, Sutton, Anderson 1983 (the cart); Williams 1992 (REINFORCE); Schulman et al. 2017, arXiv:1707.06347, eq. 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.tasks.spaces import log_range, one_of
from benchmarks.search.tasks.task import Config, Floats

SPACE = {
    "learning_rate": log_range(1e-4, 1.0),
    "optimizer": one_of(["sgd", "adam"]),
    "horizon": log_range(1.5, 1000.0),
    "baseline": one_of(["none", "mean", "critic"]),
    "carts": one_of([2, 4, 8, 16]),
    "updates": one_of([1, 2, 4, 8, 16]),
    "ratio": log_range(0.01, 3.0),
    "hidden": one_of([2, 4, 8, 16]),
    "init_scale": log_range(0.01, 10.0),
    "entropy": log_range(1e-4, 1.0),
}
EPOCHS = 30
_STEPS, _BATCH, _TRIED = 200, 64, 64
_F32 = NDArray[np.float32]
_LIMITS = np.array([1.5, 0.21], np.float32)
"""Of the cart's place, in metres, and of the pole's angle; a state is the place, its speed, the angle, its speed."""
_SPREAD = np.array([1.0, 0.7, 0.12, 0.6], np.float32)
_TICK, _GUST = np.float32(0.02), np.float32(0.12)
_NEWTON = 4 / 1.1
_TURN, _PUSH = 9.8 / (0.5 * (4 / 3 - 0.1 / 1.1)), _NEWTON / (0.5 * (4 / 3 - 0.1 / 1.1))
_MOVES = np.eye(4, dtype=np.float32) + _TICK * np.array(
    [[0, 0, 0, 0], [1, 0, 0, 0], [0, -0.05 / 1.1 * _TURN, 0, _TURN], [0, 0, 1, 0]], np.float32
)
_FORCES = _TICK * np.outer([-1, 1], [0, _NEWTON + 0.05 / 1.1 * _PUSH, 0, -_PUSH]).astype(np.float32)


def curve(config: Config) -> Floats:
    """Mean steps, of 200, that the more likely actions balance 64 poles, after epochs 1 to 30."""
    rng, (places_tried, gusts_tried) = np.random.default_rng(0), _course(_TRIED, np.random.default_rng(1))
    hidden, carts = config["hidden"], config["carts"]
    layers: list[_F32] = [
        (config["init_scale"] * rng.standard_normal(shape)).astype(np.float32) / np.float32(np.sqrt(shape[0]))
        for shape in ((4, hidden), (hidden,))
    ]
    moves, squares, step = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers], 0
    returns = np.empty(EPOCHS)
    for epoch in range(EPOCHS + 1):
        # those that explore and those that are tried drive at once; what the last epoch taught is tried in the next
        places, gusts = _course(carts, rng)
        luck = np.pad(rng.random((_STEPS, carts), np.float32), ((0, 0), (_TRIED, 0)), constant_values=0.5)
        states, lengths = _drive(
            layers, np.concatenate([places_tried, places]), np.concatenate([gusts_tried, gusts], 1), luck
        )
        if epoch:
            returns[epoch - 1] = lengths[:_TRIED].mean()
        seen, ends = states[:, _TRIED:], lengths[_TRIED:]
        at, cart = np.nonzero(np.arange(len(seen))[:, None] <= ends)
        x = seen[at, cart] / _SPREAD
        chances = _chances(layers, x)
        acted = luck[at, _TRIED + cart] < chances
        # a pole that stood to the end would stand on
        ahead = np.where(ends == _STEPS, np.inf, ends)[cart] - at
        gained = config["horizon"] * (1 - (1 - 1 / config["horizon"]) ** ahead)
        gains = _gains(x, gained.astype(np.float32), config["baseline"])
        for _ in range(config["updates"]):
            step += 1
            rows = rng.integers(0, len(x), _BATCH)
            slopes = _slopes(layers, x[rows], acted[rows], chances[rows], gains[rows], config)
            for layer, slope, move, square in zip(layers, slopes, moves, squares, strict=True):
                _step(layer, slope, move, square, config, step)
    return returns


def seconds(config: Config) -> float:
    """Time of an epoch: the carts' drives, and the updates after them."""
    return float(1.0 + 0.02 * config["carts"] + 0.05 * config["updates"])


def _course(carts: int, rng: np.random.Generator) -> tuple[_F32, _F32]:
    """Where the carts start, and the gusts that each pole meets."""
    places = _SPREAD * (2 * rng.random((carts, 4), np.float32) - 1)
    return places, _GUST * rng.standard_normal((_STEPS, carts), np.float32)


def _chances(layers: list[_F32], x: _F32) -> _F32:
    """Of pushing to the right, in states scaled by their spread."""
    return np.asarray(0.5 + 0.5 * np.tanh(np.tanh(x @ layers[0]) @ layers[1]))


def _drive(layers: list[_F32], start: _F32, gusts: _F32, luck: _F32) -> tuple[_F32, NDArray[np.int64]]:
    """The states at which actions were chosen (t, n, 4), until all poles fell; and how long each was balanced."""
    states, first = np.empty((len(luck) + 1, *start.shape), np.float32), layers[0] / _SPREAD[:, None]
    states[0] = start
    # pushed to the right where chance > luck: the logit is compared
    for t, bar in enumerate(np.arctanh(2 * luck - 1)):
        push = np.tanh(states[t] @ first) @ layers[1] > bar
        np.add(states[t] @ _MOVES, _FORCES[push.view(np.int8)], out=states[t + 1])
        states[t + 1, :, 3] += gusts[t]
        if t % 10 == 0 and not (np.abs(states[t, :, ::2]) < _LIMITS).all(1).any():
            break
    is_up = (np.abs(states[1 : t + 2, :, ::2]) < _LIMITS).all(2)
    return states[: t + 1], np.logical_and.accumulate(is_up).sum(0)


def _gains(x: _F32, returns: _F32, baseline: str) -> _F32:
    """Returns, less what was to be expected, over their spread."""
    if baseline == "mean":
        returns = returns - returns.mean()
    elif baseline == "critic":
        terms = np.concatenate([np.ones((len(x), 1), np.float32), x, x**2, x[:, :2] * x[:, 2:]], 1)
        normal = terms.T @ terms + np.float32(1e-3 * len(x)) * np.eye(terms.shape[1], dtype=np.float32)
        returns = returns - terms @ np.linalg.solve(normal, terms.T @ returns)
    return np.asarray(returns / (returns.std() + 1e-3))


def _slopes(
    layers: list[_F32], x: _F32, acted: NDArray[np.bool_], before: _F32, gains: _F32, config: Config
) -> list[_F32]:
    """Slopes of the negated objective: the clipped ratio's gain, and entropy."""
    inner = np.tanh(x @ layers[0])
    logit = 2 * inner @ layers[1]
    chance = 0.5 + 0.5 * np.tanh(logit / 2)
    ratio = np.where(acted, chance, 1 - chance) / np.maximum(np.where(acted, before, 1 - before), 1e-6)
    counts = np.where(gains > 0, ratio < 1 + config["ratio"], ratio > 1 - config["ratio"])
    back = counts * gains * np.minimum(ratio, 10) * (acted - chance) - config["entropy"] * logit * chance * (1 - chance)
    back *= -2 / len(x)
    return [x.T @ (back[:, None] * layers[1] * (1 - inner**2)), inner.T @ back]


def _step(layer: _F32, slope: _F32, move: _F32, square: _F32, config: Config, step: int) -> None:
    """One step of SGD with momentum 0.9, or of Adam, in place."""
    move[:] = 0.9 * move + 0.1 * slope
    square[:] = 0.99 * square + 0.01 * slope**2
    size = np.sqrt(square / (1 - 0.99**step)) + 1e-8 if config["optimizer"] == "adam" else 0.1
    layer -= config["learning_rate"] / (1 - 0.9**step) * move / size

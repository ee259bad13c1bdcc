"""A pendulum swung up by a small network that an evolution strategy, or the cross-entropy method, trains.

Source:
    Salimans et al. 2017, arXiv:1703.03864, algorithm 1, with antithetic pairs; Rubinstein 1999, The cross-entropy
    method; the pendulum is that of Gymnasium's Pendulum-v1, in steps of 0.1 s.
"""

from __future__ import annotations

import numpy as np

from benchmarks.search.tasks.spaces import log_range, one_of
from benchmarks.search.tasks.task import Config, Floats

SPACE = {
    "rule": one_of(["momentum", "adam", "cross-entropy"]),
    "shaping": one_of(["ranks", "elite", "returns"]),
    "learning_rate": log_range(1e-2, 10.0),
    "sigma": log_range(1e-2, 10.0),
    "sigma_decay": log_range(1e-2, 1.0),
    "pairs": one_of([8, 16, 32]),
    "starts": one_of([1, 2, 4]),
    "one_minus_momentum": log_range(0.03, 1.0),
    "weight_decay": log_range(1e-4, 1.0),
    "init_scale": log_range(3e-2, 10.0),
}
EPOCHS = 30
_STEPS, _STEP_S, _STARTS, _TORQUE, _FASTEST = 50, 0.1, 16, 3.0, 8.0
_INPUTS, _HIDDEN, _HASTE, _ELITE, _WIDEST, _BETA2 = 5, 8, 0.01, 0.25, 1e3, 0.95
_FIXED = np.stack([np.linspace(-1, 1, _STARTS), np.linspace(1, -1, _STARTS) ** 3])


def curve(config: Config) -> Floats:
    """Mean height (0 hanging, 1 upright) less haste from sixteen fixed starts, of the centre after epochs 1 to 30."""
    rng, size, people = np.random.default_rng(0), _INPUTS * _HIDDEN, 2 * config["pairs"]
    centre, sigma = config["init_scale"] * rng.standard_normal(size), np.full(size, config["sigma"])
    move, square, returns = np.zeros(size), np.zeros(size), np.empty(EPOCHS)
    for epoch in range(EPOCHS + 1):
        noise = rng.standard_normal((config["pairs"], size))
        noise = np.concatenate([noise, -noise])
        drawn = rng.uniform(-1, 1, (2, config["starts"]))
        # one simulation: everyone from the drawn starts, and the centre from the fixed ones
        minds = np.concatenate([np.repeat(centre + sigma * noise, config["starts"], 0), np.tile(centre, (_STARTS, 1))])
        starts = np.concatenate([np.tile(drawn, people), _FIXED], 1)
        heights = _heights(minds.T.reshape(_INPUTS, _HIDDEN, -1), starts)
        if epoch:
            returns[epoch - 1] = heights[-_STARTS:].mean()
        worth = _shape(heights[:-_STARTS].reshape(people, -1).mean(1), config)
        if config["rule"] == "cross-entropy":
            _narrow(centre, sigma, noise, worth, config)
            continue
        slope = worth @ noise / people - config["weight_decay"] * centre
        keep = 1 - config["one_minus_momentum"]
        move[:] = keep * move + (1 - keep) * slope
        square[:] = _BETA2 * square + (1 - _BETA2) * slope**2
        step = move / (np.sqrt(square / (1 - _BETA2 ** (epoch + 1))) + 1e-8) if config["rule"] == "adam" else move
        centre = np.clip(centre + config["learning_rate"] * sigma * step, -_WIDEST, _WIDEST)
        sigma *= config["sigma_decay"] ** (1 / EPOCHS)
    return returns


def seconds(config: Config) -> float:
    """Time of an epoch: the pendulums that swing, and an overhead for every step."""
    return float(0.8 + 0.01 * config["pairs"] * config["starts"])


def _heights(minds: Floats, starts: Floats) -> Floats:
    """Each pendulum's mean height, less half its haste: its squared speed, rad/s, times a hundredth; over 5 s.

    Args:
        minds: The networks' weights, shape (inputs and output, hidden, n).
        starts: Angles and speeds, -1 to 1, shape (2, n).
    """
    to_hidden, to_torque = minds[:-1].astype(np.float32), _TORQUE * minds[-1].astype(np.float32)
    angle, speed = np.pi + 3 * starts[0].astype(np.float32), starts[1].astype(np.float32)
    inputs, total = np.ones((_INPUTS - 1, 1, len(angle)), np.float32), np.zeros_like(angle)
    for _ in range(_STEPS):
        inputs[0, 0], inputs[1, 0], inputs[2, 0] = np.cos(angle), np.sin(angle), speed / np.float32(4)
        torque = (to_torque * np.tanh((to_hidden * inputs).sum(0))).sum(0).clip(-_TORQUE, _TORQUE)
        speed = (speed + _STEP_S * (15 * inputs[1, 0] + 3 * torque)).clip(-_FASTEST, _FASTEST)
        angle = angle + _STEP_S * speed
        total += inputs[0, 0] - _HASTE * speed**2
    return np.asarray(0.5 + total.astype(float) / (2 * _STEPS))


def _shape(heights: Floats, config: Config) -> Floats:
    """What each one's noise counts for: mean 0, variance 1."""
    ranks = heights.round(6).argsort(kind="stable").argsort()
    if config["shaping"] == "ranks":
        heights = ranks.astype(float)
    elif config["shaping"] == "elite":
        heights = (ranks >= len(ranks) - round(_ELITE * len(ranks))).astype(float)
    return np.asarray((heights - heights.mean()) / max(float(heights.std()), 1e-6))


def _narrow(centre: Floats, sigma: Floats, noise: Floats, worth: Floats, config: Config) -> None:
    """A step of the cross-entropy method, in place: centre and width move to those of the ones worth most."""
    share, step = np.maximum(worth, 0), min(config["learning_rate"], 1.0)
    share /= max(float(share.sum()), 1e-12)
    shift = share @ noise
    width = np.sqrt(np.maximum(share @ noise**2 - shift**2, 0))
    centre += step * sigma * shift
    sigma[:] = np.maximum(sigma * (1 + step * (width - 1)), config["sigma"] * config["sigma_decay"])

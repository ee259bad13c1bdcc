"""A mixture of Gaussians fitted to handwritten digits' first eight principal components, by online EM.

A row's features are 1, x, and the outer product of x with itself: every component's log density is linear in them,
and their means under a component are all that EM needs.

Source:
    Cappé and Moulines 2009, On-line expectation-maximization algorithm for latent data models;
    Ueda and Nakano 1998, Deterministic annealing EM algorithm.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, one_of
from benchmarks.search.tasks.task import Config, Floats
from benchmarks.search.tasks.trained.data import digits

SPACE = {
    "components": int_range(1, 32),
    "covariance": one_of(["spherical", "diagonal", "tied", "full"]),
    "ridge": log_range(1e-5, 10.0),
    "step_size": log_range(3e-3, 1.0),
    "step_decay": linear_range(0.0, 1.0),
    "row_share": one_of([0.125, 0.25, 0.5, 1.0]),
    "first_means": one_of(["rows", "noise", "middle"]),
    "first_scale": log_range(1e-2, 10.0),
    "weight_prior": log_range(1e-3, 1e3),
    "first_power": log_range(0.03, 1.0),
}
EPOCHS = 40
_ROWS, _ROWS_NEW, _SIZE = 400, 500, 8
_HIGHEST, _LEAST = 30.0, 1e-8


@cache
def _features() -> tuple[Floats, Floats]:
    """The features of the rows to learn from and to validate on, shape (n, 1 + 8 + 64); x has mean variance 1."""
    data = digits(_ROWS, _ROWS_NEW)
    middle = data.x.mean(0, dtype=float)
    axes = np.linalg.svd(data.x - middle, full_matrices=False)[2][:_SIZE]
    axes *= np.sign(axes.sum(1, keepdims=True))
    learn, new = (data.x - middle) @ axes.T, (data.x_new - middle) @ axes.T
    scale = np.sqrt(np.mean(learn**2))
    return _expand(learn / scale), _expand(new / scale)


def _expand(x: Floats) -> Floats:
    return np.concatenate([np.ones((len(x), 1)), x, (x[:, :, None] * x[:, None]).reshape(len(x), -1)], 1)


def curve(config: Config) -> Floats:
    """Validation nats per row after epochs 1 to 40: learned from 400 rows, tried on 500."""
    learn, new = _features()
    rng, losses, steps = np.random.default_rng(0), np.empty(EPOCHS), 0
    means = _first(config, learn[:, 1 : 1 + _SIZE], rng)
    size, linear = int(config["row_share"] * _ROWS), _linear(means, config)
    for epoch in range(EPOCHS):
        order = rng.permutation(_ROWS)
        power = config["first_power"] ** max(1 - 2 * epoch / EPOCHS, 0.0)
        for start in range(0, _ROWS, size):
            batch = learn[order[start : start + size]]
            z = power * (batch @ linear.T)
            shares = np.exp(z - z.max(1, keepdims=True))
            shares /= shares.sum(1, keepdims=True)
            step = config["step_size"] * (1 + steps) ** -config["step_decay"]
            means += step * (shares.T @ batch / len(batch) - means)
            steps, linear = steps + 1, _linear(means, config)
        z = new @ linear.T
        top = z.max(1)
        loss = -np.mean(top + np.log(np.exp(z - top[:, None]).sum(1)))
        losses[epoch] = min(_HIGHEST, loss)
    return losses


def seconds(config: Config) -> float:
    """Time of an epoch: every step inverts the components' covariances."""
    steps = 1 / config["row_share"]
    return float(0.1 + 0.01 * config["components"] + steps * (0.12 + 0.007 * config["components"]))


def _first(config: Config, x: Floats, rng: np.random.Generator) -> Floats:
    """The features' first means, times the weight: equal round components around rows, in noise, or in the middle."""
    components, scale = config["components"], config["first_scale"]
    rows, noise = x[rng.permutation(len(x))[:components]], rng.standard_normal((components, x.shape[1]))
    means = _expand({"rows": rows, "noise": scale * noise, "middle": 0.1 * noise}[config["first_means"]])
    means[:, 1 + _SIZE :] += scale**2 * np.eye(_SIZE).ravel()
    return np.asarray(means / components)


def _linear(means: Floats, config: Config) -> Floats:
    """The log weighted densities as a linear map of the features, shape (components, features): the M step."""
    weight, prior = means[:, 0], config["weight_prior"] / _ROWS
    held = np.maximum(weight, _LEAST)[:, None]
    centre, moment = means[:, 1 : 1 + _SIZE] / held, means[:, 1 + _SIZE :] / held
    spread = moment.reshape(-1, _SIZE, _SIZE) - centre[:, :, None] * centre[:, None]
    if config["covariance"] == "tied":
        spread = np.broadcast_to(np.tensordot(weight / weight.sum(), spread, 1), spread.shape)
    elif config["covariance"] == "diagonal":
        spread = spread * np.eye(_SIZE)
    elif config["covariance"] == "spherical":
        spread = np.trace(spread, axis1=1, axis2=2)[:, None, None] / _SIZE * np.eye(_SIZE)
    spread = spread + config["ridge"] * np.eye(_SIZE)
    precise = np.linalg.inv(spread)
    pull = (precise @ centre[:, :, None])[:, :, 0]
    volume = np.linalg.slogdet(spread)[1] + _SIZE * np.log(2 * np.pi) + (pull * centre).sum(1)
    log_weight = np.log((np.maximum(weight, _LEAST) + prior) / (1 + prior * len(means)))
    return np.concatenate([(log_weight - 0.5 * volume)[:, None], pull, -0.5 * precise.reshape(len(means), -1)], 1)

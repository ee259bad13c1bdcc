"""Learning curves that cross: who leads early need not lead at the end. Each function gives all epochs of one."""

from __future__ import annotations

import numpy as np

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, luck, one_of, place
from benchmarks.search.tasks.task import Config, Floats

SPRINT = {
    "learning_rate": log_range(1e-5, 1.0),
    "batch_size": one_of([16, 32, 64, 128, 256, 512]),
    "weight_decay": log_range(1e-6, 1e-1),
    "dropout": linear_range(0.0, 0.8),
    "width": int_range(4, 64),
    "pretrained": one_of([False, True]),
}
SPRINT_EPOCHS = 27


def sprint(config: Config) -> Floats:
    """Fast starters that end worse: what speeds the first epochs (rate, few weights) raises the floor. Minimised."""
    rate, batch, decay, dropout, width, pretrained = place(SPRINT, config)
    hot = rate - 0.3 * batch
    speed = 10 ** (2.2 * (hot - 0.35) - 0.8 * width - 0.7 * dropout + 0.6 * pretrained)
    floor = 0.25 + 0.9 * max(hot - 0.32, 0) ** 1.5 + 0.5 * (1 - width) ** 2 + 0.12 * pretrained
    floor += 0.5 * (dropout - 0.25 - 0.35 * width) ** 2 + 0.3 * (decay - 0.55) ** 2
    start = 2.3 - 0.7 * pretrained
    if hot > 0.72:  # too hot to learn at all
        return np.full(SPRINT_EPOCHS, 2.3 + 3 * (hot - 0.72))
    t = np.arange(1, SPRINT_EPOCHS + 1)
    return np.asarray(floor + (start - floor) / (1 + speed * t) ** 1.2)


LATE = {
    "learning_rate": log_range(1e-5, 1e-1),
    "weight_decay": log_range(1e-4, 10.0),
    "init_scale": log_range(0.1, 10.0),
    "train_fraction": linear_range(0.2, 0.9),
    "layers": int_range(1, 4),
}
LATE_EPOCHS = 50


def late(config: Config) -> Floats:
    """Late gains: memorised at once, understood epochs later, or after the last one. Accuracy, maximised."""
    rate, decay, scale, fraction, layers = place(LATE, config)
    suits = np.exp(-8 * (rate - 0.55 - 0.15 * (0.5 - layers)) ** 2)
    memorises = 0.18 + 0.25 * fraction * suits
    onset = 10 ** (2.2 - 0.9 * decay - 0.9 * suits + 0.55 * scale - 0.5 * fraction)
    understands = 0.97 - 0.9 * max(decay - 0.72, 0) - 0.1 * (layers - 0.4) ** 2 - 0.35 * (1 - suits) - 0.08 * fraction
    t = np.arange(1, LATE_EPOCHS + 1)
    early = memorises * (1 - np.exp(-t / (1 + 4 * (1 - suits))))
    gain = max(understands - memorises, 0) / (1 + np.exp(-(t - onset) / (0.12 * onset + 0.5)))
    return np.asarray(0.02 + early + gain)


SHAKY = {
    "learning_rate": log_range(1e-5, 1e-1),
    "clip_range": linear_range(0.05, 0.5),
    "discount": log_range(1e-3, 3e-1),
    "entropy": log_range(1e-5, 1e-1),
    "horizon": one_of([32, 64, 128, 256, 512]),
    "advantage": one_of(["gae", "td", "mc"]),
}
SHAKY_EPOCHS = 40


_ADVANTAGES = {"gae": (1.0, 0.7), "td": (0.9, 0.5), "mc": (0.93, 1.3)}  # the reward that can be had, how much it shakes


def shaky(config: Config) -> Floats:
    """Rewards that shake from epoch to epoch, more the hotter the training. Maximised."""
    reward = _calm_rewards(config)
    shocks = np.clip(luck(config, "shaky").standard_normal(SHAKY_EPOCHS), -2, 2)
    for i in range(1, SHAKY_EPOCHS):
        shocks[i] = 0.5 * shocks[i - 1] + 0.8 * shocks[i]
    swing = _ADVANTAGES[config["advantage"]][1] * (1 + 6 * place(SHAKY, config)[0] ** 2)
    return np.asarray(100 * reward + swing * shocks * (0.4 + reward))


def shaky_truth(config: Config) -> float:
    """The last reward, were it not for the shaking."""
    return float(100 * _calm_rewards(config)[-1])


def _calm_rewards(config: Config) -> Floats:
    """Rewards in 0 to 1 by epoch; hot trainings may collapse, from an epoch on."""
    rate, clip, discount, entropy, horizon, _ = place(SHAKY, config)
    skill = _ADVANTAGES[config["advantage"]][0] * np.exp(-2 * (entropy - 0.5) ** 2 - 2 * (clip - 0.35) ** 2)
    skill *= np.exp(-5 * (rate - 0.55 + 0.2 * (horizon - 0.5)) ** 2 - 3 * (discount - 0.4 + 0.3 * (horizon - 0.5)) ** 2)
    t = np.arange(1, SHAKY_EPOCHS + 1)
    reward: Floats = skill * (1 - np.exp(-(0.03 + 0.35 * rate**2 * (0.5 + clip)) * t))
    rng = luck(config, "collapse")
    if rng.random() < 1.6 * max(rate + 0.4 * clip - 0.75, 0):
        reward[rng.integers(5, SHAKY_EPOCHS) :] *= 0.25
    return reward


OVERFIT = {
    "learning_rate": log_range(1e-4, 1.0),
    "capacity": log_range(1e3, 1e7),
    "dropout": linear_range(0.0, 0.7),
    "weight_decay": log_range(1e-6, 1e-1),
    "augmentation": linear_range(0.0, 1.0),
    "label_noise": one_of(["keep", "smooth", "filter"]),
}
OVERFIT_EPOCHS = 36


def overfit(config: Config) -> Floats:
    """Losses that fall and rise again: the capable and unregularised lead for ten epochs, then pay. Minimised."""
    rate, capacity, dropout, decay, augmentation, _ = place(OVERFIT, config)
    noise, cost = {"keep": (1.0, 0.0), "smooth": (0.6, 0.04), "filter": (0.4, 0.07)}[config["label_noise"]]
    held = 0.7 * dropout + 0.5 * decay + 0.9 * augmentation
    suits = np.exp(-6 * (rate - 0.6) ** 2)
    speed = (0.08 + 0.7 * suits * capacity) / (1 + 1.5 * held)
    bias = 0.3 + 0.8 * (1 - capacity) ** 2 + 0.25 * max(held - 1.1 * capacity, 0) ** 2 + cost
    bias += 0.2 * np.exp(-2 * held)
    t = np.arange(1, OVERFIT_EPOCHS + 1)
    learned = 1 - np.exp(-speed * t)
    memorised = np.maximum(speed * t * capacity - 0.9 - 1.5 * held, 0)
    return np.asarray(bias + (1.6 - bias) * (1 - learned) + 0.09 * noise * memorised**1.1 + 0.03 * (1 - suits))


SCHEDULE = {
    "learning_rate": log_range(1e-3, 10.0),
    "schedule": one_of(["constant", "cosine", "step", "linear", "warm_restarts"]),
    "final_fraction": log_range(1e-4, 1.0),
    "batch_size": one_of([8, 16, 32, 64, 128]),
    "momentum": linear_range(0.0, 0.97),
    "weight_decay": log_range(1e-6, 1e-1),
    "preconditioning": linear_range(0.0, 0.8),
}
SCHEDULE_EPOCHS = 30
_CURVATURE = 10.0 ** -np.linspace(0, 3.5, 24)
_STEPS = 2048  # samples an epoch


def schedule(config: Config) -> Floats:
    """SGD's expected loss on a noisy quadratic, as log10: what decay wins, it wins at the very end. Minimised.

    Source:
        Zhang et al. 2019, arXiv:1907.04164, section 3: mean and variance of each direction, step by step; here in
        closed form over each epoch, with momentum as a larger step.
    """
    power = 1 - config["preconditioning"]
    h = _CURVATURE**power
    sigma = _CURVATURE ** (1 - 0.5 * config["preconditioning"])
    steps = _STEPS / config["batch_size"] / 8
    energy = np.full(24, 1.0) / np.sqrt(_CURVATURE)
    decay = config["weight_decay"]
    bias = (decay / (_CURVATURE + decay)) ** 2 / np.sqrt(_CURVATURE)
    losses = np.empty(SCHEDULE_EPOCHS)
    for epoch in range(SCHEDULE_EPOCHS):
        rate = config["learning_rate"] * _rate(
            config["schedule"], epoch / (SCHEDULE_EPOCHS - 1), config["final_fraction"]
        )
        step = rate / (1 - config["momentum"])
        shrink = (1 - np.minimum(step * h, 2.2) / (1 + 5 * config["momentum"])) ** 2
        kept = shrink**steps
        added = step * rate * sigma / config["batch_size"] * (1 - kept) / np.maximum(1 - shrink, 1e-12)
        energy = np.minimum(energy * kept + np.abs(added), 1e9)
        losses[epoch] = 0.5 * _CURVATURE @ (energy + bias)
    exploded = config["learning_rate"] / (1 - config["momentum"]) > 12
    return np.asarray(np.minimum(np.log10(losses) + 5.0 * exploded, 10.0))


def _rate(name: str, done: float, last: float) -> float:
    """The share of the first rate that is left after the share `done` of the training."""
    if name == "constant":
        return 1.0
    if name == "step":
        return float(last ** (np.floor(3 * min(done, 0.999)) / 2))
    if name == "linear":
        return 1 - (1 - last) * done
    turn = done if name == "cosine" else (3 * done) % 1 if done < 1 else 1.0
    return float(last + (1 - last) * (1 + np.cos(np.pi * turn)) / 2)

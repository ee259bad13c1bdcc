"""Black boxes without a curve, each hard for one reason that tuning meets in practice. All of them are minimised.

Each function here is a whole objective: what a configuration of the space of the same name scores.
"""

from __future__ import annotations

import numpy as np

from benchmarks.search.tasks.spaces import int_range, linear_range, log_range, luck, one_of, place
from benchmarks.search.tasks.task import Config

RIDGE = {
    "learning_rate": log_range(1e-6, 1.0),
    "batch_size": one_of([16, 32, 64, 128, 256, 512, 1024]),
    "one_minus_momentum": log_range(1e-3, 1.0),
    "weight_decay": log_range(1e-7, 1e-1),
    "warmup": linear_range(0.0, 0.5),
    "label_smoothing": linear_range(0.0, 0.3),
}


def ridge(config: Config) -> float:
    """A thin, bent ridge: the rate that suits the batch and the momentum; a little above it, training explodes."""
    steps = np.log10(config["learning_rate"] / config["one_minus_momentum"])
    suits = -1.3 + 0.75 * np.log10(config["batch_size"] / 128) + 0.6 * config["warmup"]
    gap = float(steps - suits)
    off = 5.0 * np.expm1(min(4 * gap, 6.0)) * gap if gap > 0 else 1.0 - np.exp(-1.2 * gap**2) - 0.12 * gap
    _, batch, momentum, decay, warmup, smoothing = place(RIDGE, config)
    rest = (momentum - 0.45) ** 2 + 1.5 * (decay - 0.55 - 0.2 * (smoothing - 0.5)) ** 2 + 0.6 * (smoothing - 0.35) ** 2
    return float(0.2 + off + 0.5 * rest + 0.15 * (batch - 0.3) ** 2 + 0.2 * (warmup - 0.2) ** 2)


MIXED = {
    "optimizer": one_of(["sgd", "rmsprop", "adam", "lion"]),
    "activation": one_of(["relu", "gelu", "tanh", "swish", "sine"]),
    "normalise": one_of([False, True]),
    "depth": int_range(1, 9),
    "heads": int_range(1, 16),
    "learning_rate": log_range(1e-5, 1.0),
    "dropout": linear_range(0.0, 0.8),
    "weight_decay": log_range(1e-6, 1.0),
}
_OPTIMIZERS = {
    "sgd": (-1.0, 0.00, 0.6),
    "rmsprop": (-3.0, 0.12, 0.4),
    "adam": (-2.8, 0.04, 0.45),
    "lion": (-4.0, 0.02, 0.3),
}
_ACTIVATIONS = {"relu": (5, 0.03), "gelu": (7, 0.00), "tanh": (2, 0.10), "swish": (6, 0.02), "sine": (3, -0.04)}


def mixed(config: Config) -> float:
    """Choices that move the optimum of everything else: each optimiser its rate, each activation its depth."""
    log_rate, offset, width = _OPTIMIZERS[config["optimizer"]]
    depth, gain = _ACTIVATIONS[config["activation"]]
    if config["normalise"]:
        log_rate, width, depth, gain = log_rate + 0.7, 1.5 * width, depth + 2, gain - 0.03
    off_rate = (np.log10(config["learning_rate"]) - log_rate + 0.08 * (config["depth"] - 4)) / width
    off_depth = (config["depth"] - min(depth, 9)) / 4
    needs = 0.15 + 0.05 * config["depth"]  # deeper networks want more of one regulariser, or of the other
    decay = (np.log10(config["weight_decay"]) + 6) / 6
    off_regular = config["dropout"] + 0.5 * decay - needs
    is_clash = config["optimizer"] == "sgd" and config["activation"] in ("sine", "swish") and not config["normalise"]
    loss = 0.4 + offset + gain + 0.5 * is_clash + 0.8 * (1 - np.exp(-0.5 * off_rate**2))
    return float(
        loss + 0.25 * off_depth**2 + 0.5 * off_regular**2 + 0.02 * abs(config["heads"] - 2 * config["depth"] % 16)
    )


SPARSE = {f"x{i}": linear_range(0.0, 1.0) if i % 2 else log_range(1e-4, 1.0) for i in range(12)}
_HARTMANN = np.array([[3.0, 10, 30], [0.1, 10, 35], [3.0, 10, 30], [0.1, 10, 35]])
_CENTRES = np.array(
    [[0.3689, 0.1170, 0.2673], [0.4699, 0.4387, 0.7470], [0.1091, 0.8732, 0.5547], [0.0381, 0.5743, 0.8828]]
)


def sparse(config: Config) -> float:
    """Hartmann's function of three parameters, among nine that do nothing (x4 acts on log scale)."""
    x = place(SPARSE, config)[[1, 4, 9]]
    return float(-np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-(_HARTMANN * (x - _CENTRES) ** 2).sum(1)))


WIDE = {f"w{i:02d}": log_range(1e-3, 1e3) if i % 3 == 0 else linear_range(-1.0, 1.0) for i in range(20)}
_WEIGHTS = 0.78 ** np.arange(20)
_SHIFT = np.random.default_rng(20).uniform(0.15, 0.85, 20)


def wide(config: Config) -> float:
    """Twenty parameters that all matter, the last a hundredth of the first, and each leans on the next."""
    z = place(WIDE, config) - _SHIFT
    z[:-1] += 0.4 * z[1:]
    return float(np.log1p(8 * _WEIGHTS @ (1 - np.cos(2.2 * z))))


NOISY = {f"x{i}": linear_range(0.0, 1.0) for i in range(5)} | {"mode": one_of(["a", "b", "c"])}
NOISE_SD = 0.06


def noisy(config: Config) -> float:
    """The valley of `noisy_truth`, under noise as large as what half a search can win, cut at two deviations."""
    return noisy_truth(config) + NOISE_SD * float(np.clip(luck(config, "noisy").standard_normal(), -2, 2))


def noisy_truth(config: Config) -> float:
    """A valley in five parameters, lifted by the wrong mode."""
    *x, mode = place(NOISY, config)
    z = np.array(x) - [0.3, 0.62, 0.45, 0.7, 0.2]
    return float(1 - np.exp(-3 * z @ z - 2 * z[0] * z[1]) + 0.24 * (mode - 0.5) * (mode - 1))


CLIFF = {
    "rate": log_range(1e-4, 1e1),
    "gain": log_range(1e-2, 1e2),
    "clip": linear_range(0.0, 1.0),
    "damping": linear_range(0.0, 1.0),
    "delay": int_range(0, 20),
}


def cliff(config: Config) -> float:
    """Better and better up to the edge of stability; beyond, two fifths of the space explode, by up to 10^6."""
    energy = (
        np.log10(config["rate"] * config["gain"])
        + 0.06 * config["delay"]
        - 0.9 * config["damping"]
        - 0.5 * config["clip"]
    )
    over = energy + 1.0
    floor = (
        0.3 * (config["damping"] - 0.35) ** 2
        + 0.4 * (config["clip"] - 0.6) ** 2
        + 0.004 * (config["delay"] - 3) ** 2 / 3
    )
    if over > 0:
        return float(min(2.0 + floor + np.expm1(min(6 * over, 14.0)), 1e6))
    return float(0.1 + floor + 0.35 * np.log1p(-over) + 0.02 * (np.log10(config["gain"]) - 0.5) ** 2)


PLATEAU = {
    "learning_rate": log_range(1e-8, 10.0),
    "one_minus_beta1": log_range(1e-4, 1.0),
    "one_minus_beta2": log_range(1e-6, 1.0),
    "epsilon": log_range(1e-10, 1e3),
    "l2": log_range(1e-8, 10.0),
}
CHANCE = 0.6931


def plateau(config: Config) -> float:
    """Chance level, exactly, for nine tenths of the space; good values lie in a small oblique funnel."""
    x = place(PLATEAU, config)
    z = np.array([x[0] - 0.68 - 0.3 * (x[3] - 0.4), x[1] - 0.6, x[2] - 0.5, x[3] - 0.45, max(x[4] - 0.45, 0.0)])
    depth = 0.62 - np.sqrt((z**2) @ [22.0, 0.8, 0.3, 1.0, 6.0])
    return float(CHANCE - max(depth, 0.0) ** 1.5)


CORNER = {
    "trees": log_range(10, 3000, q=10),
    "depth": int_range(1, 24),
    "shrinkage": log_range(1e-3, 1.0),
    "subsample": linear_range(0.1, 1.0),
    "features": linear_range(0.05, 1.0),
    "min_leaf": int_range(1, 60),
}


def corner(config: Config) -> float:
    """The optimum in a corner, where the parameters help only together."""
    trees, depth, shrinkage, subsample, features, leaf = place(CORNER, config)
    toward = np.array([1 - trees, 1 - depth, shrinkage, 1 - subsample, features, leaf])
    near = np.exp(-1.3 * toward)
    return float(
        2.0 - near.mean() - near[[0, 2]].prod() - 0.5 * near[[1, 5, 3]].prod() + 0.3 * toward[0] * (1 - toward[2])
    )


LISTS = {
    "batch_size": one_of([8, 16, 32, 64, 128, 256, 512]),
    "width": one_of([32, 64, 128, 256, 512, 1024]),
    "layers": one_of([1, 2, 3, 4, 6, 8, 12]),
    "learning_rate": one_of([1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]),
    "dropout": one_of([0.0, 0.1, 0.2, 0.3, 0.5]),
    "sequence": one_of([32, 64, 128, 256]),
    "weight_decay": one_of([0.0, 1e-4, 1e-3, 1e-2, 1e-1]),
}


def lists(config: Config) -> float:
    """Seven lists of numbers, as people write them: ordered, on log scales, with a zero now and then."""
    batch, width, layers, rate, dropout, sequence, decay = place(LISTS, config)
    capacity = 0.6 * width + 0.4 * layers + 0.2 * sequence
    off = 1.4 * (rate - 0.45 - 0.5 * (batch - 0.5) + 0.35 * (layers - 0.4)) ** 2
    fit = 0.8 * (capacity - 0.75) ** 2 + 0.5 * (dropout + 0.5 * decay - 0.9 * capacity + 0.1) ** 2
    return float(0.5 + off + fit + 0.12 * batch * (1 - rate) + 0.05 * (1 - sequence))


CELLS = {
    "pooling": one_of(["mean", "max", "attention"]),
    "encoder": one_of(["bow", "cnn", "lstm"]),
    "loss": one_of(["ce", "focal", "hinge"]),
    "augment": one_of(["none", "swap", "drop", "mixup"]),
}
_RNG = np.random.default_rng(108)
_EFFECTS = [_RNG.normal(0, 0.6, len(law["values"])) for law in CELLS.values()]
_PAIRS = _RNG.normal(0, 0.45, (4, 4, 4, 4))  # pair of parameters, pair of their values


def cells(config: Config) -> float:
    """A table of 108 cells: effects of four choices, and of their pairs as large."""
    at = [law["values"].index(config[name]) for name, law in CELLS.items()]
    alone = sum(float(effect[i]) for effect, i in zip(_EFFECTS, at, strict=True))
    return alone + sum(float(_PAIRS[a, b, at[a], at[b]]) for a in range(4) for b in range(a))


QUANTISED = {
    "width": linear_range(32, 512, q=32),
    "steps": log_range(100, 100_000, q=100),
    "top_k": int_range(1, 40),
    "temperature": linear_range(0.0, 2.0, q=0.05),
    "penalty": log_range(0.01, 10.0, q=0.01),
    "beams": int_range(1, 8),
}


def quantised(config: Config) -> float:
    """Steps of very different size, some of them coarse beside the optimum's width."""
    width, steps, top, temperature, penalty, beams = place(QUANTISED, config)
    sharp = 1 - np.exp(-30 * (temperature - 0.36 - 0.25 * (top - 0.4)) ** 2)
    trade = 1.2 * (penalty - 0.5 - 0.4 * (beams - 0.5)) ** 2 + 0.7 * (width + 0.6 * steps - 0.95) ** 2
    return float(0.6 * sharp + trade + 0.08 * beams + 0.1 * np.cos(5 * np.pi * steps) * (1 - steps))


MODES = {
    "frequency": log_range(0.1, 1e3),
    "phase": linear_range(-np.pi, np.pi),
    "window": int_range(3, 63),
    "bias": linear_range(-5.0, 5.0),
}


def modes(config: Config) -> float:
    """Ripples on a bowl, a dozen of them, and a second valley almost as deep as the first."""
    z = place(MODES, config)
    first, second = z - [0.72, 0.3, 0.35, 0.64], z - [0.2, 0.75, 0.6, 0.3]
    bowls = np.exp(-6 * first @ first) + 0.85 * np.exp(-2.5 * second @ second)
    return float(1.2 - bowls + 0.08 * np.sum(1 - np.cos(6 * np.pi * first)) * (1 - 0.6 * bowls))


VALLEY = {f"x{i}": linear_range(-2.0, 3.0) for i in range(4)} | {"scale": log_range(1e-2, 1e2)}


def valley(config: Config) -> float:
    """Rosenbrock's bent valley in four parameters, tilted by the logarithm of a fifth; over four decades of values."""
    *_, tilt = place(VALLEY, config)
    x = np.array([config[f"x{i}"] for i in range(4)]) + 0.6 * (tilt - 0.5)
    return float(np.sum(30 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2) + 4 * (tilt - 0.7) ** 2 + 0.1)

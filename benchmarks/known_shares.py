"""Functions whose Sobol' indices are known in closed form, as sweeps: what an importance is held against."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A function of a configuration.

    Attributes:
        parameters: As in a sweep file.
        value: The objective of a flat configuration.
        shares: Each parameter's share of the variance, then those of the pairs that have one.
    """

    parameters: Mapping[str, Any]
    value: Callable[[Mapping[str, Any]], float]
    shares: Mapping[Names, float]


def ishigami() -> Known:
    """Ishigami & Homma 1990: a wave in x1, a quicker one in x2, and x3 only together with x1."""
    a, b, pi4 = 7.0, 0.1, math.pi**4
    first = 0.5 * (1 + b * pi4 / 5) ** 2
    both = b * b * pi4**2 * (1 / 18 - 1 / 50)
    parts = {("x1",): first, ("x2",): a * a / 8, ("x3",): 0.0, ("x1", "x3"): both}
    return Known(
        {f"x{i}": {"min": -math.pi, "max": math.pi} for i in (1, 2, 3)},
        lambda c: math.sin(c["x1"]) + a * math.sin(c["x2"]) ** 2 + b * c["x3"] ** 4 * math.sin(c["x1"]),
        _of_the_whole(parts),
    )


def g_function() -> Known:
    """Sobol' 1993, the g-function of six inputs of falling weight; the last two hardly count."""
    weights = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0)
    names = [f"x{i}" for i in range(6)]
    alone = {name: 1 / (3 * (1 + weight) ** 2) for name, weight in zip(names, weights, strict=True)}
    whole = math.prod(1 + part for part in alone.values()) - 1
    shares = {(name,): part / whole for name, part in alone.items()}
    shares |= {(a, b): alone[a] * alone[b] / whole for i, a in enumerate(names) for b in names[i + 1 :]}
    return Known(
        {name: {"min": 0.0, "max": 1.0} for name in names},
        lambda c: math.prod(
            (abs(4 * c[name] - 2) + weight) / (1 + weight) for name, weight in zip(names, weights, strict=True)
        ),
        shares,
    )


def additive() -> Known:
    """Three of eight inputs add up; five are dummies."""
    slopes = dict(zip("abcdefgh", (4.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0), strict=True))
    return Known(
        {name: {"min": 0.0, "max": 1.0} for name in slopes},
        lambda c: sum(slope * c[name] for name, slope in slopes.items()),
        _of_the_whole({(name,): slope * slope / 12 for name, slope in slopes.items()}),
    )


def interaction() -> Known:
    """Two inputs that do nothing alone and everything together, and a dummy."""
    return Known(
        {name: {"min": -1.0, "max": 1.0} for name in "abc"},
        lambda c: c["a"] * c["b"],
        {("a",): 0.0, ("b",): 0.0, ("c",): 0.0, ("a", "b"): 1.0},
    )


def mixed() -> Known:
    """A logarithmic parameter, a category with unequal chances, whole numbers in steps, and a dummy."""
    level, chance = {"sgd": 0.0, "adam": 1.0, "lion": 3.0}, {"sgd": 0.5, "adam": 0.25, "lion": 0.25}
    mean = sum(chance[name] * level[name] for name in level)
    parts = {
        ("lr",): 16 / 12,
        ("optimizer",): sum(chance[name] * (level[name] - mean) ** 2 for name in level),
        # Multiples of 16 from 16 to 64, the ends with half the chance of the others: variance of n / 16 is 11 / 12.
        ("size",): 11 / 12 * 0.25,
        ("seed",): 0.0,
    }
    return Known(
        {
            "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
            "optimizer": {"values": list(level), "probabilities": list(chance.values())},
            "size": {"distribution": "q_uniform", "min": 16, "max": 64, "q": 16},
            "seed": {"values": ["x", "y"]},
        },
        lambda c: math.log10(c["lr"]) + level[c["optimizer"]] + c["size"] / 32,
        _of_the_whole(parts),
    )


def _of_the_whole(parts: Mapping[Names, float]) -> dict[Names, float]:
    whole = sum(parts.values())
    return {names: part / whole for names, part in parts.items()}


ALL = {
    "Ishigami": ishigami,
    "g-function": g_function,
    "additive": additive,
    "interaction": interaction,
    "mixed": mixed,
}

"""The `parameters` blocks of the tasks made here: writing them, draws from them, and where a configuration lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.search.tasks.task import Config, Floats

Law = Mapping[str, Any]
Space = Mapping[str, Law]

_LOG = ("log_uniform_values", "q_log_uniform_values")


def log_range(low: float, high: float, q: float | None = None) -> Law:
    """A parameter whose logarithm is uniform, in steps of `q` where that is given."""
    law = {"min": low, "max": high}
    return {"distribution": _LOG[0], **law} if q is None else {"distribution": _LOG[1], **law, "q": q}


def linear_range(low: float, high: float, q: float | None = None) -> Law:
    """A uniform parameter, in steps of `q` where that is given."""
    law = {"min": low, "max": high}
    return {"distribution": "uniform", **law} if q is None else {"distribution": "q_uniform", **law, "q": q}


def int_range(low: int, high: int) -> Law:
    """A uniform integer, both ends included."""
    return {"distribution": "int_uniform", "min": low, "max": high}


def one_of(values: Sequence[Any]) -> Law:
    """One of the listed values, each as likely."""
    return {"values": list(values)}


def place(space: Space, config: Config) -> Floats:
    """Where the configuration lies in the unit cube, shape (d,), in the space's order; a listed value by its rank."""
    return np.array([_place(law, config[name]) for name, law in space.items()])


def _place(law: Law, value: Any) -> float:
    if "values" in law:
        return float(law["values"].index(value) / (len(law["values"]) - 1))
    low, high = law["min"], law["max"]
    if law["distribution"] in _LOG:
        return float(np.log(value / low) / np.log(high / low))
    return float((value - low) / (high - low))


def draw(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """A random configuration, from the parameters' own distributions."""
    return {name: _value(law, rng.random()) for name, law in space.items()}


def neighbour(space: Space, config: Config, width: float, rng: np.random.Generator) -> dict[str, Any]:
    """The configuration with one to three parameters moved by about `width` of their ranges; lists jump."""
    moved = rng.random(len(space)) < 2 / len(space)
    moved[rng.integers(len(space))] = True
    near = dict(config)
    for (name, law), is_moved in zip(space.items(), moved, strict=True):
        if is_moved and "values" in law:
            near[name] = _value(law, rng.random())
        elif is_moved:
            near[name] = _value(law, float(np.clip(_place(law, config[name]) + width * rng.standard_normal(), 0, 1)))
    return near


def _value(law: Law, at: float) -> Any:
    """What the law has at the quantile `at`."""
    if "values" in law:
        return law["values"][min(int(at * len(law["values"])), len(law["values"]) - 1)]
    low, high = law["min"], law["max"]
    if law["distribution"] == "int_uniform":
        return min(int(low + at * (high - low + 1)), high)
    value = low * (high / low) ** at if law["distribution"] in _LOG else low + at * (high - low)
    return float(min(max(round(value / law["q"]) * law["q"], low), high)) if "q" in law else float(value)


def luck(config: Config, label: str) -> np.random.Generator:
    """Random numbers that belong to the configuration: the same for the same values, in whatever type they come."""
    text = "|".join(f"{name}={_canonical(config[name])}" for name in sorted(config))
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(f"{label}|{text}".encode(), digest_size=8).digest()))


def _canonical(value: Any) -> str:
    return str(value) if isinstance(value, str | bool) else f"{float(value):.10g}"

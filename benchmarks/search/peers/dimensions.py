"""What a sweep's `parameters` block says, as the few kinds of dimension that the peers' own spaces know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Real:
    """A float from `low` to `high`, uniform or uniform in its logarithm; a multiple of `quantum` if there is one."""

    name: str
    low: float
    high: float
    is_log: bool = False
    quantum: float | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer from `low` to `high`, both included."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Ordinal:
    """One of several numbers, ascending: a step to the neighbour changes little."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values without an order."""

    name: str
    values: tuple[Any, ...]


Dimension = Real | Whole | Ordinal | Choice


def dimensions(space: Mapping[str, Mapping[str, Any]]) -> list[Dimension]:
    """The parameters that vary, in the order of the block.

    Raises:
        NotImplementedError: A parameter is nested, or of a distribution that the benchmarks' tasks do not have.
    """
    return [_dimension(name, block) for name, block in space.items() if not _is_constant(block)]


def whole_config(space: Mapping[str, Mapping[str, Any]], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration for what a peer has `chosen`: plain Python values of the block, constants included.

    Peers hand out NumPy's numbers and strings, and logarithms that come back a rounding error outside the bounds.
    """
    config = {name: block.get("value", block.get("values", [None])[0]) for name, block in space.items()}
    return config | {dimension.name: _plain(dimension, chosen[dimension.name]) for dimension in dimensions(space)}


def from_ranks(space: Mapping[str, Mapping[str, Any]], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """`chosen` with numbers of a list for their ranks in it: peers that know no ordinals are given integers instead."""
    ordinals = {dimension.name: dimension for dimension in dimensions(space) if isinstance(dimension, Ordinal)}
    return {name: ordinals[name].values[int(value)] if name in ordinals else value for name, value in chosen.items()}


def _plain(dimension: Dimension, value: Any) -> Any:
    match dimension:
        case Real(low=low, high=high, quantum=quantum):
            settled = round(value / quantum) * quantum if quantum else value
            return float(min(max(settled, low), high))
        case Whole():
            return int(value)
        case Ordinal(values=values) | Choice(values=values):
            return values[values.index(value)]


def _is_constant(block: Mapping[str, Any]) -> bool:
    return "value" in block or len(block.get("values", ())) == 1


def _dimension(name: str, block: Mapping[str, Any]) -> Dimension:
    unknown = set(block) - {"distribution", "min", "max", "values", "q"}
    if unknown:
        raise NotImplementedError(
            f"parameters.{name}: peers know distribution, min, max, values and q, got {', '.join(sorted(unknown))}; "
            "give them tasks with flat spaces."
        )
    if "values" in block:
        values = tuple(block["values"])
        is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        return Ordinal(name, tuple(sorted(values))) if is_number else Choice(name, values)
    low, high, quantum = block["min"], block["max"], block.get("q")
    is_whole = isinstance(low, int) and isinstance(high, int)
    match block.get("distribution", "int_uniform" if is_whole else "uniform"):
        case "uniform" | "q_uniform":
            return Real(name, low, high, quantum=quantum)
        case "log_uniform_values" | "q_log_uniform_values":
            return Real(name, low, high, is_log=True, quantum=quantum)
        case "int_uniform":
            return Whole(name, low, high)
        case distribution:
            raise NotImplementedError(
                f"parameters.{name}: peers know uniform, q_uniform, log_uniform_values, q_log_uniform_values, "
                f"int_uniform and values, got {distribution}; add it to dimensions.py."
            )

"""The search space that configurations seem to come from: `parameters` of a sweep file that would allow them all."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from besom.space.identity import identity, is_number
from besom.space.laws import INT_LIMIT, NAME_PATTERN

_LISTED = 8
"""So many different numbers, each seen twice on average, are a list; more of them, or rarer ones, are a range."""
_NAMING = 6
"""From so many configurations on, a text that is different in each of them is a name and no parameter."""
_DECADE, _TWO_DECADES = 10.0, 100.0
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Inferred:
    """A space made from what was tried.

    Attributes:
        parameters: As in a sweep file.
        when: As `besom.when`: parameters that only go with some values of another.
        left_out: Names that are no parameters, and why not.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def infer(configs: Sequence[Mapping[str, Any]], groups: Collection[str] = ()) -> Inferred:
    """The space of flat configurations: ranges of numbers, lists of other values, constants.

    Parameters of a group are nested under it; other dots are part of their name.

    A range goes from the smallest to the largest value, floats rounded outward to two digits; it is logarithmic where
    values spread over a decade or more and lie more evenly in their logarithm. A name that is missing in some
    configurations is conditional on a list of values that decides it, if there is one.
    """
    parameters: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    partial: list[str] = []
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [config[name] for config in configs if name in config]
        why = _no_parameter(name, values, len(configs))
        if why:
            left_out[name] = why
            continue
        parameters[name] = _block(values)
        if len(values) < len(configs):
            partial.append(name)
    when: dict[str, Any] = {}
    for name in partial:
        condition = _condition(name, configs, [other for other in parameters if other not in partial])
        if condition:
            when[name] = condition
        elif 2 * sum(name in config for config in configs) < len(configs):
            count = sum(name in config for config in configs)
            left_out[name] = f"only {count} of {len(configs)} runs have it"
            del parameters[name]
    return Inferred(_nested(parameters, set(groups) - parameters.keys()), when, left_out)


def _nested(parameters: Mapping[str, Any], groups: Collection[str]) -> dict[str, Any]:
    """Blocks by their dotted names, put into their groups."""
    nested: dict[str, Any] = {}
    for name, block in parameters.items():
        place, begin = nested, 0
        for at, letter in enumerate(name):
            if letter == "." and name[:at] in groups:
                place = place.setdefault(name[begin:at], {"parameters": {}})["parameters"]
                begin = at + 1
        place[name[begin:]] = block
    return nested


def _no_parameter(name: str, values: Sequence[Any], count: int) -> str:
    """Why a name is not taken for a parameter; empty if it is one."""
    if not re.search(NAME_PATTERN, name):
        return "its name has characters that a sweep file does not allow"
    are_texts = all(isinstance(value, str) for value in values)
    if are_texts and count >= _NAMING and len({identity(value) for value in values}) == count:
        return "it is a different text in each run, a name rather than a setting"
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return "some of its values are not finite"
    return ""


def _block(values: Sequence[Any]) -> dict[str, Any]:
    """The parameter that has these values, as a sweep file says it."""
    different = list({identity(value): value for value in values}.values())
    if len(different) == 1:
        return {"value": different[0]}
    if not all(map(is_number, different)):
        return {"values": _ordered(different)}
    numbers = sorted(different)
    are_whole = all(isinstance(value, int) and abs(value) <= INT_LIMIT for value in numbers)
    is_repeated = len(numbers) <= _LISTED and 2 * len(numbers) <= len(values)
    if is_repeated or (are_whole and len(numbers) > 2 and all(_is_power_of_two(value) for value in numbers)):
        return {"values": numbers}
    low, high = numbers[0], numbers[-1]
    if are_whole:
        log = {"distribution": "q_log_uniform_values", "q": 1} if _is_log(numbers) else {}
        return {**log, "min": low, "max": high}
    low, high = _rounded(low, math.floor), _rounded(high, math.ceil)
    kind = "log_uniform_values" if low > 0 and _is_log(numbers) else "uniform"
    return {"distribution": kind, "min": low, "max": high}


def _ordered(values: list[Any]) -> list[Any]:
    """Values that are all of one kind in order, others as they came."""
    if all(isinstance(value, str) for value in values) or all(isinstance(value, bool) for value in values):
        return sorted(values)
    return values


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


def _is_log(numbers: Sequence[float]) -> bool:
    """Whether sorted numbers lie more evenly in their logarithm than in themselves, over a decade at least."""
    low, high = numbers[0], numbers[-1]
    if low <= 0 or high < _DECADE * low:
        return False
    middle = sum((value - low) / (high - low) for value in numbers) / len(numbers)
    middle_of_logs = sum(math.log(value / low) for value in numbers) / len(numbers) / math.log(high / low)
    if math.isclose(abs(middle - 0.5), abs(middle_of_logs - 0.5), abs_tol=1e-9):
        return high >= _TWO_DECADES * low
    return abs(middle_of_logs - 0.5) < abs(middle - 0.5)


def _rounded(value: float, outward: Any) -> float:
    """The value with two digits, moved outward to the next."""
    if value == 0:
        return 0.0
    places = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    near = round(float(value), places)
    if near == value:
        return near
    return float(f"{outward(value * 10.0**places)}e{-places}")


def _condition(name: str, configs: Sequence[Mapping[str, Any]], others: Sequence[str]) -> dict[str, Any]:
    """The values of another parameter that `name` goes with, where they decide it; empty where none does."""
    for other in others:
        with_it = {identity(config[other]): config[other] for config in configs if name in config}
        without = {identity(config[other]) for config in configs if name not in config}
        is_listed = len(with_it) + len(without) <= _LISTED
        if is_listed and not without & with_it.keys() and all(isinstance(v, str | bool) for v in with_it.values()):
            return {other: _ordered(list(with_it.values()))}
    return {}

"""Whether conditions and constraints can be worked out, and be fulfilled, at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from besom.space.conditions import Activity
from besom.space.expressions import Expression, holds
from besom.space.problem import KeyPath, Problem

_ENOUGH = 200
"""After this many draws the first feasible one ends the search."""


def find_problems(
    draws: Iterable[Mapping[str, Any]], activity: Activity, constraints: Sequence[Expression]
) -> list[Problem]:
    """What is wrong with conditions and constraints, judged by draws of all parameters from the prior."""
    problems: dict[KeyPath, Problem] = {}
    met = [0] * len(constraints)
    is_possible = not constraints
    tried = 0
    for tried, flat in enumerate(draws, start=1):
        if (is_possible and tried > _ENOUGH) or problems:
            break
        active = activity.active(flat)
        for name, condition in activity.conditions.items():
            if condition.needs <= active.keys():
                _try(("besom", "when", name), condition.test, active, problems)
        answers = [
            _try(("besom", "constraints", index), lambda flat, c=constraint: holds(c, flat), active, problems)
            for index, constraint in enumerate(constraints)
        ]
        met = [count + answer for count, answer in zip(met, answers, strict=True)]
        is_possible = is_possible or all(answers)
    if not problems and not is_possible:
        never = [index for index, count in enumerate(met) if count == 0]
        path: KeyPath = ("besom", "constraints", never[0]) if never else ("besom", "constraints")
        which = repr(constraints[never[0]].text) if never else "all constraints together"
        text = f"needs at least one configuration that fulfils {which}, got none in {tried:,} draws; loosen it."
        problems[path] = Problem(path, text)
    return list(problems.values())


def _try(path: KeyPath, test: Any, flat: Mapping[str, Any], problems: dict[KeyPath, Problem]) -> bool:
    """What `test` says of `flat`; False, and a problem, where it cannot be worked out."""
    try:
        return bool(test(flat))
    except (ArithmeticError, TypeError, ValueError) as error:
        got = f"{type(error).__name__} ({error}) for {dict(flat)}"
        text = f"needs an expression that can be worked out, got {got}; guard it."
        problems[path] = Problem(path, text)
        return False

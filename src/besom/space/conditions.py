"""`besom: when:` — parameters that exist only for some values of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from besom.errors import nearest
from besom.space.expressions import ExpressionError, parse_expression
from besom.space.identity import identity
from besom.space.parameter import Parameter
from besom.space.problem import KeyPath, Problem


@dataclass(frozen=True)
class Condition:
    """When a parameter is active: once all of `needs` are, and `test` is true of their values."""

    needs: frozenset[str]
    test: Callable[[Mapping[str, Any]], bool]

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.needs | other.needs, lambda flat: self.test(flat) and other.test(flat))


class Activity:
    """Which parameters are active in a configuration."""

    def __init__(self, names: Sequence[str], conditions: Mapping[str, Condition]) -> None:
        """Raises CycleError where conditions depend on one another in a circle."""
        self.conditions = conditions
        needs = {name: sorted(conditions[name].needs) if name in conditions else [] for name in names}
        self.order: tuple[str, ...] = tuple(TopologicalSorter(needs).static_order())
        """Every name after those that its condition needs."""

    def is_active(self, name: str, active: Mapping[str, Any]) -> bool:
        """Whether `name` is, given the active parameters' values; a test that cannot be worked out counts as no."""
        condition = self.conditions.get(name)
        if condition is None:
            return True
        if not all(need in active for need in condition.needs):
            return False
        try:
            return condition.test(active)
        except (ArithmeticError, TypeError, ValueError):
            return False

    def active(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """The active part of `flat`, in the order of `flat`; names that it lacks count as inactive."""
        if not self.conditions:
            return dict(flat)
        found: dict[str, Any] = {}
        for name in self.order:
            if name in flat and self.is_active(name, found):
                found[name] = flat[name]
        return {name: value for name, value in flat.items() if name in found}


def read_activity(raw: Any, parameters: Sequence[Parameter], problems: list[Problem]) -> Activity:
    """The activity that `besom.when` describes; what is wrong is appended to `problems` and left out."""
    by_name = {parameter.name: parameter for parameter in parameters}
    conditions: dict[str, Condition] = {}
    path: KeyPath = ("besom", "when")
    if not isinstance(raw, Mapping):
        problems.append(Problem(path, f"needs a mapping, got {raw!r}; write `momentum: {{optimizer: sgd}}`."))
        raw = {}
    for name, written in raw.items():
        place = (*path, str(name))
        targets = [other.name for other in parameters if name == other.name or name in _groups(other)]
        if not targets:
            problems.append(
                Problem(place, f"needs a parameter, or a group of them, got {name!r}; {nearest(str(name), by_name)}.")
            )
            continue
        condition = _condition(place, written, by_name, problems)
        if condition is not None:
            both = {target: conditions[target] & condition for target in targets if target in conditions}
            conditions |= dict.fromkeys(targets, condition) | both
    try:
        return Activity(list(by_name), conditions)
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        text = f"needs conditions without a circle, got {circle}; remove one of them."
        problems.append(Problem((*path, error.args[1][0]), text))
        return Activity(list(by_name), {})


def _groups(parameter: Parameter) -> list[str]:
    return [".".join(parameter.path[:depth]) for depth in range(1, len(parameter.path))]


def _condition(
    place: KeyPath, written: Any, by_name: Mapping[str, Parameter], problems: list[Problem]
) -> Condition | None:
    if isinstance(written, str):
        try:
            expression = parse_expression(written, by_name)
        except ExpressionError as error:
            problems.append(Problem(place, str(error)))
            return None
        return Condition(expression.names, lambda flat: bool(expression.evaluate(flat)))
    if not isinstance(written, Mapping) or not written:
        text = (
            f"needs {{other: value or list of values}} or an expression, got {written!r}; write `{{optimizer: sgd}}`."
        )
        problems.append(Problem(place, text))
        return None
    allowed: dict[str, frozenset[Any]] = {}
    for other, wanted in written.items():
        parameter = by_name.get(other)
        if parameter is None:
            text = f"needs names of parameters, got {other!r}; {nearest(str(other), by_name)}."
            problems.append(Problem((*place, str(other)), text))
            continue
        # A list stands for alternatives, unless the other parameter's own values are lists and this is one of them.
        values = [wanted] if not isinstance(wanted, list) or parameter.is_inside(wanted) else wanted
        for value in values:
            if not parameter.is_inside(value):
                text = f"{other} needs {parameter.scale.law()}, got {value!r}, which it never is; correct the value."
                problems.append(Problem((*place, other), text))
        allowed[other] = frozenset(identity(value) for value in values)
    return Condition(
        frozenset(allowed), lambda flat: all(identity(flat[other]) in values for other, values in allowed.items())
    )

"""All configurations of finitely many values, in the order of W&B's grid, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from besom.errors import SweepFileError
from besom.space.conditions import Activity
from besom.space.expressions import Expression, holds
from besom.space.identity import identity
from besom.space.parameter import Parameter

WALK_MAX = 5_000_000
"""How many steps may be taken to enumerate a grid that has conditions or constraints."""


class Grid:
    """The product of each parameter's values, without what conditions make equal and constraints forbid.

    W&B's order: names sorted level by level, values as in the file, the last name changing fastest.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        values: Mapping[str, Sequence[Any]],
        activity: Activity,
        constraints: Sequence[Expression],
    ) -> None:
        self._names = [parameter.name for parameter in sorted(parameters, key=lambda parameter: parameter.path)]
        self._values = {name: _distinct(values[name]) for name in self._names}
        self._activity = activity
        self._constraints = constraints

    @property
    def product(self) -> int:
        """How many cells there are before conditions and constraints."""
        return prod(len(values) for values in self._values.values())

    @property
    def cells(self) -> int:
        """How many cells there are. Raises SweepFileError where that takes too long to find out."""
        return self.product if self._kept is None else len(self._kept)

    def cell(self, index: int) -> dict[str, Any]:
        """The flat configuration of cell `index`; keys in the grid's order.

        Raises:
            IndexError: There is no such cell.
        """
        if not 0 <= index < self.cells:
            raise IndexError(f"grid: needs 0 <= index < {self.cells}, got {index}; ask for another cell.")
        digits = self._digits(index) if self._kept is None else self._kept[index].tolist()
        flat = {name: self._values[name][digit] for name, digit in zip(self._names, digits, strict=True)}
        return self._activity.active(flat)

    def _digits(self, index: int) -> list[int]:
        digits = []
        for name in reversed(self._names):
            index, digit = divmod(index, len(self._values[name]))
            digits.append(digit)
        return digits[::-1]

    @cached_property
    def _kept(self) -> NDArray[np.int32] | None:
        """Digits of each cell, shape (cells, parameters), sorted; None where every product is a cell.

        Digits of inactive parameters are 0: the first of all the products that make the same configuration.
        """
        if not self._activity.conditions and not self._constraints:
            return None
        walk = _Walk(self._names, self._values, self._activity, self._constraints)
        walk.visit(0)
        return np.asarray(sorted(walk.kept), dtype=np.int32).reshape(-1, len(self._names))


class _Walk:
    """Depth-first visit of all values, parents before conditional children, cut at the first broken constraint."""

    def __init__(
        self,
        names: Sequence[str],
        values: Mapping[str, Sequence[Any]],
        activity: Activity,
        constraints: Sequence[Expression],
    ) -> None:
        self.values, self.activity = values, activity
        self.order = activity.order
        self.position = [names.index(name) for name in self.order]
        depth_of = {name: depth for depth, name in enumerate(self.order)}
        self.ready: list[list[Expression]] = [[] for _ in self.order]
        for constraint in constraints:
            self.ready[max((depth_of[name] for name in constraint.names), default=0)].append(constraint)
        self.flat: dict[str, Any] = {}
        self.digits = [0] * len(names)
        self.kept: list[tuple[int, ...]] = []
        self.steps = 0

    def visit(self, depth: int) -> None:
        if depth == len(self.order):
            self.kept.append(tuple(self.digits))
            return
        name, position = self.order[depth], self.position[depth]
        if not self.activity.is_active(name, self.flat):
            self._go_on(depth)
            return
        for digit, value in enumerate(self.values[name]):
            self.flat[name], self.digits[position] = value, digit
            self._go_on(depth)
        del self.flat[name]
        self.digits[position] = 0

    def _go_on(self, depth: int) -> None:
        self.steps += 1
        if self.steps > WALK_MAX:
            raise SweepFileError(
                [f"parameters: a grid with conditions needs at most {WALK_MAX:,} steps, got more; use method: random."]
            )
        if all(is_met(constraint, self.flat) for constraint in self.ready[depth]):
            self.visit(depth + 1)


def is_met(constraint: Expression, flat: Mapping[str, Any]) -> bool:
    """Whether `flat` fulfils `constraint`; one that cannot be worked out is not met."""
    try:
        return holds(constraint, flat)
    except (ArithmeticError, TypeError, ValueError):
        return False


def _distinct(values: Sequence[Any]) -> Sequence[Any]:
    """`values` with the first of equal ones only."""
    if isinstance(values, range):
        return values
    first: dict[Any, Any] = {}
    for value in values:
        first.setdefault(identity(value), value)
    return list(first.values())

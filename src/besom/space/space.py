"""The search space of a sweep: draw, encode, nest, judge and enumerate configurations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from besom.errors import ConfigError, SweepFileError, nearest
from besom.space import nesting
from besom.space.conditions import Activity, read_activity
from besom.space.expressions import Expression, ExpressionError, parse_expression
from besom.space.feasibility import find_problems
from besom.space.grid import Grid, is_met
from besom.space.identity import identity
from besom.space.parameter import Parameter
from besom.space.priors import Floats
from besom.space.problem import Problem
from besom.space.reading import read_parameters, stand_ins

SIZE_MAX = 10**9
"""A space with more configurations than this counts as infinite."""

COUNT_MAX = 100_000
"""Up to this many products are enumerated to count a space with conditions or constraints."""

_DRAWS_MAX = 1_000_000
_DRAWS_EACH = 20
_COMPLETIONS_MAX = 10_000
_INACTIVE_ORDINAL, _INACTIVE_INDEX = 0.5, -1.0


class Space:
    """All configurations of a sweep.

    A flat configuration maps dotted names to values and holds the active parameters only, constants included.
    """

    def __init__(self, parameters: Sequence[Parameter], activity: Activity, constraints: Sequence[Expression]) -> None:
        self.parameters = tuple(parameters)
        self.constraints = tuple(constraints)
        self.free = tuple(parameter for parameter in self.parameters if parameter.kind != "constant")
        """Parameters that are not constant: the columns of an encoding."""
        self.activity = activity
        self.is_conditional = bool(activity.conditions)
        self._by_name = {parameter.name: parameter for parameter in self.parameters}

    @classmethod
    def from_file(
        cls, parameters: Mapping[str, Any], when: Mapping[str, Any] | None = None, constraints: Sequence[str] = ()
    ) -> Space:
        """The space that a sweep file's `parameters`, `besom.when` and `besom.constraints` describe.

        Raises:
            SweepFileError: With everything that is wrong.
        """
        space, problems = cls.read(parameters, when, constraints)
        if space is None:
            raise SweepFileError(str(problem) for problem in problems)
        return space

    @classmethod
    def read(
        cls, parameters: Any, when: Mapping[str, Any] | None = None, constraints: Sequence[str] = ()
    ) -> tuple[Space | None, list[Problem]]:
        """As `from_file`, but what is wrong is returned, and the space only where nothing is."""
        problems: list[Problem] = []
        read = read_parameters(parameters, problems)
        wrong = stand_ins(parameters, read) if problems else ()
        about: list[Problem] = []
        activity = read_activity(when or {}, read + wrong, about)
        expressions = []
        for index, text in enumerate(constraints):
            try:
                expressions.append(parse_expression(text, [parameter.name for parameter in read + wrong]))
            except ExpressionError as error:
                about.append(Problem(("besom", "constraints", index), str(error)))
        unjudged = {parameter.name for parameter in wrong}
        problems += [problem for problem in about if problem.path[-1] not in unjudged]
        if problems:
            return None, problems
        space = cls(read, activity, expressions)
        rng = np.random.default_rng(0)
        problems = find_problems((flat for _ in range(40) for flat in space._draw(rng, 250)), activity, expressions)
        return (None if problems else space), problems

    @cached_property
    def _typical(self) -> dict[str, Any]:
        """Every parameter at its median, active or not: constants at their value."""
        return {parameter.name: parameter.from_unit(0.5) for parameter in self.parameters}

    def parameter(self, name: str) -> Parameter:
        """The parameter of that dotted name. Raises ConfigError, with the nearest names."""
        if name not in self._by_name:
            raise ConfigError(f"{name}: needs a parameter of the sweep; {nearest(name, self._by_name)}.")
        return self._by_name[name]

    # Drawing

    def sample(self, rng: np.random.Generator, n: int, draws_max: int = _DRAWS_MAX) -> list[dict[str, Any]]:
        """Returns n feasible flat configurations from the prior; fewer, but one, where `draws_max` draws hold no more.

        Raises:
            ConfigError: A million draws in a row met no configuration that fulfils the constraints.
        """
        found: list[dict[str, Any]] = []
        made, is_rare = 0, False
        while len(found) < n and (made < draws_max or not found):
            wanted = n - len(found)
            drawn = [self.activity.active(flat) for flat in self._draw(rng, max(wanted, 1000) if is_rare else wanted)]
            feasible = [flat for flat in drawn if self.is_feasible(flat)]
            made, is_rare = made + len(drawn), not feasible
            found += feasible
            if made > _DRAWS_MAX and not found:
                raise ConfigError(f"constraints: no configuration fulfils them in {made:,} draws; loosen one of them.")
        return found[:n]

    def sample_encoded(self, rng: np.random.Generator, n: int) -> Floats:
        """As `encode(sample(rng, n))`, sooner, shape (n, d); fewer rows under constraints that few draws fulfil."""
        if self.constraints or self.is_conditional:
            return self.encode(self.sample(rng, n, _DRAWS_EACH * n))
        units = rng.random((n, len(self.free)))
        for column, parameter in enumerate(self.free):
            units[:, column] = parameter.scale.encode_units(units[:, column])
        return units

    def _draw(self, rng: np.random.Generator, n: int) -> list[dict[str, Any]]:
        """Returns n draws of all parameters, active or not, feasible or not."""
        units = rng.random((n, len(self.free)))
        columns = {
            parameter.name: parameter.scale.from_units(units[:, column]) for column, parameter in enumerate(self.free)
        }
        names = [parameter.name for parameter in self.parameters]
        filled = [columns.get(parameter.name) or [self._typical[parameter.name]] * n for parameter in self.parameters]
        return [dict(zip(names, row, strict=True)) for row in zip(*filled, strict=True)]

    def complete(self, partial: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """A feasible flat configuration with the values of `partial` (flat or nested) and draws for the others.

        Raises:
            ConfigError: A foreign name or value, or values that no configuration has together.
        """
        given = self.flatten(partial)
        for name, value in given.items():
            self.parameter(name).require_possible(value)
        tried = 0
        active = True
        while tried < _COMPLETIONS_MAX:
            drawn = self._draw(rng, 1 if tried == 0 else 1000)
            tried += len(drawn)
            for flat in drawn:
                config = self.activity.active(flat | given)
                active = given.keys() <= config.keys()
                if active and self.is_feasible(config):
                    return config
        why = "they break a constraint whatever the others are" if active else "besom.when makes some of them inactive"
        raise ConfigError(
            f"configuration: needs values that can stand together, got {given}, where {why}; change them."
        )

    # Encoding

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Floats:
        """Positions of flat configurations, shape (n, d) over `free`.

        Ordinal parameters are positions in [0, 1] under the prior (.5 if inactive), others indices of levels (-1).

        Raises:
            ConfigError: A value that a parameter cannot have.
        """
        encoded = np.empty((len(configs), len(self.free)))
        for column, parameter in enumerate(self.free):
            name = parameter.name
            present = [name in config for config in configs]
            if all(present):
                encoded[:, column] = parameter.encoded([config[name] for config in configs])
                continue
            encoded[:, column] = _INACTIVE_ORDINAL if parameter.is_ordinal else _INACTIVE_INDEX
            if any(present):
                values = [config[name] for config in configs if name in config]
                encoded[np.asarray(present), column] = parameter.encoded(values)
        return encoded

    def decode(self, x: Floats) -> dict[str, Any]:
        """The flat configuration nearest to the position `x`, shape (d,), as of `decode_all`."""
        return self.decode_all(np.asarray(x, dtype=np.float64)[None, :])[0]

    def decode_all(self, x: Floats) -> list[dict[str, Any]]:
        """The flat configurations nearest to the positions `x` (n, d): values snapped, inactive ones left out.

        Constraints are not repaired: ask `is_feasible`.
        """
        names = [parameter.name for parameter in self.free]
        columns = [parameter.scale.decode(x[:, column]) for column, parameter in enumerate(self.free)]
        rows = zip(*columns, strict=True) if columns else [()] * len(x)
        return [self.activity.active(self._typical | dict(zip(names, row, strict=True))) for row in rows]

    def nest(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration as the script gets it, nested where the sweep file nests."""
        return nesting.nest(self.parameters, flat)

    def flatten(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration under dotted names, from a nested or flat one."""
        return nesting.flatten(self.parameters, config)

    # Judging

    def validate(self, flat: Mapping[str, Any]) -> None:
        """Returns if a flat configuration can be run. Numbers outside a range can, see `outside`.

        Raises:
            ConfigError: An unknown, missing or inactive name, a value of the wrong kind, or a broken constraint.
        """
        for name, value in flat.items():
            self.parameter(name).require_possible(value)
        active = self.active_names(self._typical | dict(flat))
        for name in active:
            if name not in flat:
                raise ConfigError(f"{name}: needs a value, got none; add it to the configuration.")
        for name in flat:
            if name not in active:
                raise ConfigError(f"{name}: is inactive here under besom.when, got {flat[name]!r}; leave it out.")
        for constraint in self.constraints:
            if not is_met(constraint, flat):
                got = ", ".join(f"{name}={flat[name]!r}" for name in sorted(constraint.names) if name in flat)
                raise ConfigError(f"configuration: needs {constraint.text}, got {got}; change one of them.")

    def outside(self, flat: Mapping[str, Any]) -> list[str]:
        """One line for each known value that no draw gives: beyond a range, between levels."""
        return [
            f"{name} has {self._by_name[name].scale.law()}, got {value!r}"
            for name, value in flat.items()
            if name in self._by_name and not self._by_name[name].is_inside(value)
        ]

    def is_feasible(self, flat: Mapping[str, Any]) -> bool:
        """Whether all constraints hold: those about inactive parameters do, those that cannot be worked out do not."""
        return all(is_met(constraint, flat) for constraint in self.constraints)

    def active_names(self, flat: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the parameters that are active for the values of `flat`, in file order; names it lacks are not."""
        active = self.activity.active(flat)
        return tuple(parameter.name for parameter in self.parameters if parameter.name in active)

    def key(self, flat: Mapping[str, Any]) -> Hashable:
        """A hashable that equal configurations share, and no others."""
        return frozenset((name, identity(value)) for name, value in flat.items())

    # Counting

    @cached_property
    def size(self) -> int | None:
        """How many configurations there are.

        None for infinitely many, for more than 10^9, and where conditions or constraints make counting too long.
        """
        counts = [parameter.count for parameter in self.parameters]
        product = prod(count for count in counts if count is not None)
        if None in counts or product > SIZE_MAX:
            return None
        if not self.is_conditional and not self.constraints:
            return product
        if product > COUNT_MAX:
            return None
        values = {parameter.name: parameter.levels or () for parameter in self.parameters}
        if not all(values.values()):
            return None
        return Grid(self.parameters, values, self.activity, self.constraints).cells

    def grid_problems(self) -> list[Problem]:
        """One for each parameter that W&B's grid cannot enumerate."""
        return [
            Problem(
                parameter.place,
                f"grid needs constant, categorical, int_uniform or q_uniform, got {parameter.distribution}; "
                "give values, or use method: random.",
            )
            for parameter in self.parameters
            if parameter.grid is None
        ]

    @cached_property
    def _grid(self) -> Grid:
        problems = self.grid_problems()
        if problems:
            raise SweepFileError(str(problem) for problem in problems)
        values = {parameter.name: parameter.grid or () for parameter in self.parameters}
        return Grid(self.parameters, values, self.activity, self.constraints)

    @property
    def cells(self) -> int:
        """How many cells W&B's grid has. Raises SweepFileError where a parameter has no grid."""
        return self._grid.cells

    def cell(self, index: int) -> dict[str, Any]:
        """The flat configuration of grid cell `index`, in W&B's order. Raises IndexError behind the last."""
        return self._grid.cell(index)

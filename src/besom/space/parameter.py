"""One dimension of a search space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from besom.errors import ConfigError
from besom.space.priors import Floats, LogNormal, LogUniform
from besom.space.problem import KeyPath
from besom.space.scales import Choices, Continuous, Quantised, Scale

Kind = Literal["float", "int", "categorical", "constant"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of the sweep file.

    Attributes:
        name: Dotted name; keys of flat configurations.
        path: Keys under which the script finds it: `("model", "lr")`, or `("model.lr",)` where the name has the dot.
        distribution: W&B's name of its distribution, also where the file lets it be inferred.
        scale: Its values on [0, 1].
        settings: Its keys in the file, defaults filled in.
        grid: Its values in W&B's grid, in order; None where W&B has no grid for the distribution.
    """

    name: str
    path: tuple[str, ...]
    distribution: str
    scale: Scale
    settings: dict[str, Any] = field(default_factory=dict)
    grid: Sequence[Any] | None = None

    @property
    def kind(self) -> Kind:
        """What its values are: a list of numbers is "int" or "float", one value alone is "constant"."""
        scale = self.scale
        if isinstance(scale, Quantised):
            return "constant" if scale.count == 1 else "int" if isinstance(scale.q, int) else "float"
        if isinstance(scale, Choices):
            if scale.count == 1:
                return "constant"
            if scale.is_numeric:
                return "int" if all(isinstance(level, int) for level in scale.levels) else "float"
            return "categorical"
        return "float"

    @property
    def levels(self) -> tuple[Any, ...] | None:
        """All its values in order; None for infinitely many, and for more than 10,000."""
        return self.scale.levels

    @property
    def count(self) -> int | None:
        """How many values it has; None for infinitely many."""
        return self.scale.count

    @property
    def place(self) -> KeyPath:
        """Where it stands in the sweep file."""
        return tuple(step for name in self.path for step in ("parameters", name))

    @property
    def is_ordinal(self) -> bool:
        """Whether its values are numbers in an order that means something."""
        return self.kind in ("float", "int")

    @property
    def is_log(self) -> bool:
        """Whether its prior is flat (or normal) in the logarithm."""
        return isinstance(self.scale, Continuous | Quantised) and isinstance(self.scale.prior, LogUniform | LogNormal)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Smallest and largest value of an ordinal parameter, infinite where it has no end; None for others."""
        return self.scale.bounds if self.is_ordinal else None

    def from_unit(self, u: float) -> Any:
        """The value at position `u` of its prior's distribution function; `u` outside [0, 1] counts as the end."""
        return self.scale.from_units(np.asarray([u], dtype=np.float64))[0]

    def to_unit(self, value: Any) -> float:
        """The position of `value`: the prior's distribution function, at mid-mass where values are discrete.

        Raises:
            ConfigError: `value` is of the wrong kind.
        """
        self.require_possible(value)
        return float(self.scale.to_units([value])[0])

    def encoded(self, values: Sequence[Any]) -> Floats:
        """Positions in [0, 1] of ordinal values, indices of others; shape (n,).

        Raises:
            ConfigError: A value that the parameter cannot have.
        """
        try:
            return self.scale.encode(values)
        except (KeyError, TypeError, ValueError):
            for value in values:
                self.require_possible(value)
            raise

    def require_possible(self, value: Any) -> None:
        """Raises ConfigError unless `value` is of the right kind; numbers outside the range are let through."""
        if not self.scale.is_possible(value):
            raise ConfigError(f"{self.name}: needs {self.scale.law()}, got {value!r}; correct the value.")

    def is_inside(self, value: Any) -> bool:
        """Whether `value` can come out of a draw or of W&B's grid."""
        return self.scale.is_inside(value) or (
            self.grid is not None and self.scale.is_possible(value) and value in self.grid
        )

"""Values of a parameter ⇄ positions in [0, 1]: continuous, quantised, or a list of choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from besom.space.identity import identity, is_number
from besom.space.priors import Floats, Prior

LEVELS_MAX = 10_000
"""A parameter with more values than this has `levels` None, like one with infinitely many."""


class Scale(Protocol):
    """How one parameter's values lie on [0, 1]."""

    @property
    def count(self) -> int | None:
        """How many values there are; None for infinitely many."""
        ...

    @property
    def levels(self) -> tuple[Any, ...] | None:
        """All values in order; None where there are more than LEVELS_MAX."""
        ...

    def from_units(self, u: Floats) -> list[Any]:
        """Values at positions `u`, shape (n,)."""
        ...

    def to_units(self, values: Sequence[Any]) -> Floats:
        """Positions of n values, shape (n,); mid-mass for discrete ones, the nearest place for those outside."""
        ...

    def encode(self, values: Sequence[Any]) -> Floats:
        """Positions of n numbers as `to_units`, or indices of n levels that are no numbers; shape (n,).

        Raises:
            KeyError, TypeError, ValueError: A value of the wrong kind.
        """
        ...

    def encode_units(self, u: Floats) -> Floats:
        """What `encode` gives for the values at positions `u`, shape (n,)."""
        ...

    def decode(self, codes: Floats) -> list[Any]:
        """The values nearest to what `encode` gave, shape (n,)."""
        ...

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Smallest and largest number, infinite where there is no end; None where values are no numbers."""
        ...

    def law(self) -> str:
        """What a value must be, for messages."""
        ...

    def is_possible(self, value: Any) -> bool:
        """Whether `value` has the right type, be it inside the range or not."""
        ...

    def is_inside(self, value: Any) -> bool:
        """Whether `value` can be drawn."""
        ...


@dataclass(frozen=True)
class Continuous:
    """Every number in the prior's support."""

    prior: Prior
    count: int | None = None
    levels: tuple[Any, ...] | None = None

    def from_units(self, u: Floats) -> list[Any]:
        values: list[Any] = self.prior.ppf(np.clip(u, 0.0, 1.0)).tolist()
        return values

    def to_units(self, values: Sequence[Any]) -> Floats:
        return self.prior.cdf(np.asarray(values, dtype=np.float64))

    def encode(self, values: Sequence[Any]) -> Floats:
        return self.to_units(values)

    def encode_units(self, u: Floats) -> Floats:
        return self.prior.cdf(self.prior.ppf(np.clip(u, 0.0, 1.0)))

    def decode(self, codes: Floats) -> list[Any]:
        return self.from_units(codes)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.prior.low, self.prior.high

    def law(self) -> str:
        if math.isinf(self.prior.high):
            return "a number" if math.isinf(self.prior.low) else f"a number above {self.prior.low:g}"
        return f"a number in [{self.prior.low:g}, {self.prior.high:g}]"

    def is_possible(self, value: Any) -> bool:
        return is_number(value)

    def is_inside(self, value: Any) -> bool:
        return is_number(value) and self.prior.low <= value <= self.prior.high


@dataclass(frozen=True)
class Quantised:
    """Multiples of `q`, each with the prior's mass that rounds to it; whole numbers where `q` is one.

    W&B rounds to multiples of q and not to min + k·q, so the first and last may lie up to q/2 outside [min, max].
    """

    prior: Prior
    q: float

    @cached_property
    def first(self) -> float:
        """The smallest multiple with mass, counted in q; may be infinite."""
        low = self.prior.low / self.q
        return math.floor(low + 0.5) if math.isfinite(low) else low

    @cached_property
    def last(self) -> float:
        """The largest multiple with mass, counted in q; may be infinite."""
        high = self.prior.high / self.q
        return max(math.ceil(high - 0.5), self.first) if math.isfinite(high) else high

    @property
    def count(self) -> int | None:
        spread = self.last - self.first
        return int(spread) + 1 if math.isfinite(spread) else None

    @cached_property
    def levels(self) -> tuple[Any, ...] | None:
        if self.count is None or self.count > LEVELS_MAX:
            return None
        return tuple(self._values(np.arange(self.first, self.last + 1)))

    def _values(self, multiples: Floats) -> list[Any]:
        values = multiples * self.q
        listed: list[Any] = values.tolist()
        return list(map(int, listed)) if isinstance(self.q, int) else listed

    def from_units(self, u: Floats) -> list[Any]:
        return self._values(self._multiples(self.prior.ppf(np.clip(u, 0.0, 1.0))))

    def to_units(self, values: Sequence[Any]) -> Floats:
        return self._middles(self._multiples(np.asarray(values, dtype=np.float64)))

    def _multiples(self, values: Floats) -> Floats:
        return np.clip(np.rint(values / self.q), self.first, self.last)

    def _middles(self, multiples: Floats) -> Floats:
        """The middle of what a draw of each multiple comes from."""
        return (self.prior.cdf((multiples - 0.5) * self.q) + self.prior.cdf((multiples + 0.5) * self.q)) / 2

    def encode(self, values: Sequence[Any]) -> Floats:
        return self.to_units(values)

    def encode_units(self, u: Floats) -> Floats:
        return self._middles(self._multiples(self.prior.ppf(np.clip(u, 0.0, 1.0))))

    def decode(self, codes: Floats) -> list[Any]:
        return self.from_units(codes)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.first * self.q, self.last * self.q

    def law(self) -> str:
        whole = "a whole number" if isinstance(self.q, int) else "a number"
        steps = "" if self.q == 1 else f", a multiple of {self.q:g}"
        if self.count is None:
            return whole + steps
        return f"{whole} in [{self.first * self.q:g}, {self.last * self.q:g}]{steps}"

    def is_possible(self, value: Any) -> bool:
        return is_number(value) and (not isinstance(self.q, int) or value == int(value))

    def is_inside(self, value: Any) -> bool:
        if not self.is_possible(value):
            return False
        multiple = value / self.q
        return self.first <= round(multiple) <= self.last and math.isclose(multiple, round(multiple), abs_tol=1e-9)


@dataclass(frozen=True)
class Choices:
    """A list of values with probabilities; numbers stand in ascending order, others as in the file."""

    levels: tuple[Any, ...]
    masses: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[Any], masses: Sequence[float]) -> Choices:
        """The scale of `values`: equal ones are merged, and those without probability left out."""
        merged: dict[Any, tuple[Any, float]] = {}
        for value, mass in zip(values, masses, strict=True):
            if mass > 0:
                first, sum_so_far = merged.get(identity(value), (value, 0.0))
                merged[identity(value)] = (first, sum_so_far + mass)
        pairs = list(merged.values())
        if all(is_number(value) for value, _ in pairs):
            pairs.sort(key=lambda pair: float(pair[0]))
        total = sum(mass for _, mass in pairs)
        return cls(tuple(value for value, _ in pairs), tuple(mass / total for _, mass in pairs))

    @property
    def count(self) -> int:
        return len(self.levels)

    @cached_property
    def is_numeric(self) -> bool:
        return all(is_number(value) for value in self.levels)

    @cached_property
    def _edges(self) -> Floats:
        return np.cumsum(self.masses)[:-1]

    @cached_property
    def _middles(self) -> Floats:
        masses = np.asarray(self.masses)
        return np.asarray(np.cumsum(masses) - masses / 2, dtype=np.float64)

    @cached_property
    def _numbers(self) -> Floats:
        return np.asarray(self.levels, dtype=np.float64)

    @cached_property
    def _index(self) -> dict[Any, int]:
        return {identity(value): index for index, value in enumerate(self.levels)}

    def from_units(self, u: Floats) -> list[Any]:
        levels = self.levels
        return [levels[index] for index in np.searchsorted(self._edges, u, side="right").tolist()]

    def to_units(self, values: Sequence[Any]) -> Floats:
        if self.is_numeric:
            between = (self._numbers[1:] + self._numbers[:-1]) / 2
            return self._middles[np.searchsorted(between, np.asarray(values, dtype=np.float64))]
        return self._middles[[self._index[identity(value)] for value in values]]

    def encode(self, values: Sequence[Any]) -> Floats:
        if self.is_numeric:
            return self.to_units(values)
        index = self._index
        return np.asarray([index[identity(value)] for value in values], dtype=np.float64)

    def encode_units(self, u: Floats) -> Floats:
        index = np.searchsorted(self._edges, u, side="right")
        return self._middles[index] if self.is_numeric else index.astype(np.float64)

    def decode(self, codes: Floats) -> list[Any]:
        if self.is_numeric:
            return self.from_units(codes)
        return [self.levels[index] for index in np.clip(np.rint(codes), 0, self.count - 1).astype(np.intp).tolist()]

    @property
    def bounds(self) -> tuple[float, float] | None:
        return (self.levels[0], self.levels[-1]) if self.is_numeric else None

    def law(self) -> str:
        shown = ", ".join(repr(value) for value in self.levels[:12])
        return f"one of {shown}{', …' if self.count > 12 else ''}" if self.count > 1 else f"{self.levels[0]!r}"

    def is_possible(self, value: Any) -> bool:
        if self.is_numeric and self.count > 1:
            whole = all(isinstance(level, int) for level in self.levels)
            return is_number(value) and (not whole or value == int(value))
        return identity(value) in self._index

    def is_inside(self, value: Any) -> bool:
        return identity(value) in self._index

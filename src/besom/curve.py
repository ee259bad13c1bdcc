"""A learning curve that grows without being copied."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # records are read without numpy
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class Curve:
    """An objective over fidelity, in the order it was logged; extending it makes a new curve that shares its memory.

    Like a slice over a growing buffer: `extended` writes behind the end where no other curve has written yet, and
    copies otherwise, so that a state that is thrown away cannot change one that is kept.
    """

    __slots__ = ("_fidelity", "_length", "_usable", "_values")

    def __init__(self, points: Iterable[tuple[float, float]] = ()) -> None:
        self._fidelity = array("d")
        self._values = array("d")
        for fidelity, value in points:
            self._fidelity.append(fidelity)
            self._values.append(value)
        self._length = len(self._values)
        self._usable: tuple[Floats, Floats] | None = None

    def extended(self, points: Iterable[tuple[float, float]]) -> Curve:
        """This curve and `points` (fidelity, value) behind it; this one stays as it is."""
        longer = Curve.__new__(Curve)
        longer._fidelity, longer._values = self._fidelity, self._values
        if self._length != len(self._values):
            longer._fidelity, longer._values = self._fidelity[: self._length], self._values[: self._length]
        for fidelity, value in points:
            longer._fidelity.append(fidelity)
            longer._values.append(value)
        longer._length = len(longer._values)
        longer._usable = None
        return longer

    @property
    def fidelity(self) -> array[float]:
        """Fidelities, shape (n,), as logged: not always increasing."""
        return self._fidelity[: self._length]

    @property
    def values(self) -> array[float]:
        """Objective values, shape (n,); NaN and infinities as logged."""
        return self._values[: self._length]

    @property
    def usable(self) -> tuple[Floats, Floats]:
        """Fidelities and values of the finite points, both (m,), ascending: one from an old checkpoint goes back.

        Worked out once; not to be written to.
        """
        if self._usable is None:
            self._usable = _usable(self.fidelity, self.values)
        return self._usable

    def __len__(self) -> int:
        return self._length

    def __bool__(self) -> bool:
        return self._length > 0

    def __getitem__(self, index: int) -> tuple[float, float]:
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(index)
        return self._fidelity[position], self._values[position]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curve) and self.fidelity == other.fidelity and self.values == other.values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Curve({list(zip(self.fidelity, self.values, strict=True))})"


def _usable(fidelity: array[float], values: array[float]) -> tuple[Floats, Floats]:
    import numpy as np

    x, y = np.frombuffer(fidelity), np.frombuffer(values)
    is_usable = np.isfinite(y) & np.isfinite(x)
    if is_usable.all() and (x[1:] >= x[:-1]).all():
        return x, y
    usable = np.flatnonzero(is_usable)
    order = usable[np.argsort(x[usable], kind="stable")]
    return x[order], y[order]

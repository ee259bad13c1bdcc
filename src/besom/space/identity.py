"""When two values of a parameter are the same value."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any


def identity(value: Any) -> Hashable:
    """A hashable stand-in: equal for equal values, where 1 and 1.0 are one value and 1 and true are two."""
    if value is None or isinstance(value, bool | str):
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return "nan" if math.isnan(value) else value
    if isinstance(value, Mapping):
        return ("mapping", frozenset((str(key), identity(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(identity(item) for item in value))
    return (type(value).__name__, repr(value))


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number; truth values are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

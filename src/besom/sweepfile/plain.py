"""Python's values → what a file could hold: a sweep given as a dict may have tuples, arrays and numpy's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any


def plain(value: Any) -> Any:
    """`value` made of dicts, lists, texts, numbers, truth values and None; what cannot be is left as it is."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    # numpy's arrays and scalars, without importing numpy.
    if hasattr(value, "tolist"):
        return value.tolist()
    return value

"""Values as JSON knows them: whatever a script logs becomes a number, text, list or mapping, and never an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from itertools import islice
from pathlib import PurePath
from typing import Any

_DEPTH = 16  # of nesting; what lies deeper is described, as is what contains itself
_ITEMS = 1000  # of a list or array; longer ones are described
_BITS = 4096  # of an integer: Python refuses to write out ones that are much longer
_LETTERS = 200  # of a description

_PLAIN = frozenset({float, bool, str, type(None)})


def plain(value: Any, depth: int = 0) -> Any:
    """The value with only what JSON knows; text that describes it where JSON has nothing for it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bool | float | str):
        return value if not isinstance(value, str) else str.__str__(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _BITS else f"integer of {value.bit_length()} bits"
    try:
        return _converted(value, depth)
    except Exception:  # whatever a foreign object does when asked about itself, the script goes on
        return described(value)


def _converted(value: Any, depth: int) -> Any:
    if depth >= _DEPTH:
        return described(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset | range):
        return [plain(each, depth + 1) for each in value] if len(value) <= _ITEMS else described(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return _array(value, depth)


def _array(value: Any, depth: int) -> Any:
    """Scalars and arrays of numpy, torch, jax and others, known by their methods; described if it is none."""
    shape = getattr(value, "shape", None)
    if hasattr(value, "item") and (shape is None or _size(shape) == 1):
        return plain(value.item(), depth + 1)
    if hasattr(value, "numpy") and shape is not None and len(shape) == 0:  # TensorFlow's scalars
        return plain(value.numpy(), depth + 1)
    if hasattr(value, "tolist") and shape is not None and _size(shape) <= _ITEMS:
        return plain(value.tolist(), depth + 1)
    if shape is not None and not isinstance(value, type):
        return f"{type(value).__name__} of shape {tuple(shape)}"
    if hasattr(value, "__float__") and not isinstance(value, type):  # Decimal, Fraction
        return float(value)
    return described(value)


def _size(shape: Iterable[int]) -> int:
    size = 1
    for length in shape:
        size *= int(length)
    return size


def described(value: Any) -> str:
    """Short text that says what the value is."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


def flat(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Metrics by name: nested mappings flattened with dots, values plain.

    Raises:
        TypeError: `data` is not a mapping.
    """
    found: dict[str, Any] = {}
    for name, value in data.items():
        if type(value) is float and type(name) is str:
            found[name] = value
        elif isinstance(value, Mapping) and value:
            _flatten(str(name), value, found, 1)
        else:
            found[str(name)] = plain(value)
    return found


def _flatten(prefix: str, data: Mapping[Any, Any], found: dict[str, Any], depth: int) -> None:
    if depth >= _DEPTH:
        found[prefix] = described(data)
        return
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            _flatten(f"{prefix}.{name}", value, found, depth + 1)
        else:
            found[f"{prefix}.{name}"] = plain(value)


def listed(names: Iterable[str], at_most: int = 12) -> str:
    """Names for an error message, the first few of many."""
    first = list(islice(names, at_most + 1))
    return ", ".join(first[:at_most]) + (", …" if len(first) > at_most else "") if first else "none"

"""Text of Python's own values, as `str(dict)` writes them, read without running any of it."""

from __future__ import annotations

import ast
import json
import math
from typing import Any

from besom.errors import MessageError

_NAMES = {
    "nan": math.nan,
    "NaN": math.nan,
    "inf": math.inf,
    "Infinity": math.inf,
    "true": True,
    "false": False,
    "null": None,
}
_NUMPY = frozenset({"float16", "float32", "float64", "int8", "int16", "int32", "int64", "bool_", "str_"})


def mapping_from_text(text: str, where: str) -> dict[str, Any]:
    """The mapping that `text` shows: JSON, or Python's repr of a dict with bare `nan` and `inf` in it.

    Nothing is evaluated: only literals, lists, tuples, dicts, signs and numpy's scalars are understood. A value of
    another kind is left out; a mapping that is none, or whose syntax is broken, is refused.

    Raises:
        MessageError: It is no such text; `where` names its place.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _python(text, where)
    if not isinstance(found, dict):
        raise MessageError(f"{where}: needs a mapping, got {text[:60]!r}; write the dict itself into the cell.")
    return found


def _python(text: str, where: str) -> Any:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        law = "needs JSON or a Python dict of plain values"
        raise MessageError(f"{where}: {law}, got {text[:60]!r} ({type(error).__name__}); export it anew.") from error


class _Foreign(ValueError):
    """A value that is no literal."""


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None):
            return node.value
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return _mapping(keys, values)
        case ast.Call(func=ast.Name(id="float" | "int"), args=[argument], keywords=[]):
            return float(_value(argument))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=kind), args=[argument], keywords=[]):
            if kind in _NUMPY:
                return _value(argument)
    raise _Foreign(ast.unparse(node)[:60])


def _number(node: ast.expr) -> float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Foreign(ast.unparse(node)[:60])
    return value


def _mapping(keys: list[ast.expr | None], values: list[ast.expr]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise _Foreign("**")
        try:
            found[str(_value(key))] = _value(value)
        except _Foreign:  # an object's repr, a slice of an array: nothing that could be a setting or a number
            continue
    return found

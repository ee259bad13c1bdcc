"""Dataclasses as plain JSON values, and back: one conversion for HTTP bodies, spool files and saved states.

Plain values are what the `json` module writes. Numbers that are not finite stay numbers and become its tokens `NaN`,
`Infinity` and `-Infinity`, so that history comes back exactly; a string "NaN" stays a string.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from besom import errors
from besom.errors import BesomError, MessageError, OutOfOrder, ServerError, SweepFileError, nearest

_Decoder = Callable[[Any, str], Any]
_PLAIN = frozenset({str, int, float, bool, type(None)})
_FIELDS: dict[type, tuple[str, ...]] = {}
"""Fields of the dataclasses that were met so far."""


def to_json(value: Any) -> Any:
    """`value` in dicts, lists, strings, numbers, booleans and None; enums as their values.

    Raises:
        MessageError: Something inside is of a kind that JSON does not know.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {str(name): item if type(item) in _PLAIN else to_json(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [item if type(item) in _PLAIN else to_json(item) for item in value]
    names = _FIELDS.get(kind)
    if names is None and is_dataclass(value):
        names = _FIELDS[kind] = _names(cast(Hashable, kind))
    if names is not None:
        items = ((name, getattr(value, name)) for name in names)
        return {name: item if type(item) in _PLAIN else to_json(item) for name, item in items}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return to_json(dict(value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return to_json(list(value))
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return to_json(value.tolist())
    raise MessageError(
        f"message: takes numbers, text, lists and mappings, got {value!r} ({kind.__name__}); convert it first."
    )


def strict(value: Any) -> Any:
    """A plain value with NaN and infinities as text, for JSON that every reader takes; W&B has them so too."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(name): strict(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value


def from_json(cls: Any, data: Any, where: str = "") -> Any:
    """The value of type `cls` (a dataclass, or any type that one may hold) that `to_json` made `data` of.

    Args:
        cls: The type wanted: dataclass, enum, union, `list[Trial]`, `Mapping[str, float]` …
        data: What the `json` module read.
        where: Name of the place in error messages; the type's own name if empty.

    Raises:
        MessageError: `data` does not have the type's shape; the message names the place.
    """
    return _decoder(cls)(data, where or getattr(cls, "__name__", "message"))


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cast(Any, kind)))


@cache
def _decoder(kind: Any) -> _Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda data, _where: data
    if origin in (Union, types.UnionType):
        return _union_decoder(arguments)
    if origin is Literal:
        return _choice_decoder(arguments)
    if origin in (tuple, list, Sequence):
        return _list_decoder(_decoder(arguments[0]), list if origin is list else tuple)
    if origin in (dict, Mapping):
        return _mapping_decoder(arguments[1])
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_decoder(kind)
    return _plain_decoder(kind)


def _wrong(where: str, law: str, got: Any) -> MessageError:
    return MessageError(f"{where}: must be {law}, got {str(got)[:80]!r} ({type(got).__name__}); correct the message.")


def _plain_decoder(kind: Any) -> _Decoder:
    law = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}[kind]

    def decode(data: Any, where: str) -> Any:
        got = type(data)
        if got is kind:
            return data
        if kind is float and got is int:
            return float(data)
        raise _wrong(where, law, data)

    return decode


def _enum_decoder(kind: type[Enum]) -> _Decoder:
    def decode(data: Any, where: str) -> Any:
        try:
            return kind(data)
        except ValueError:
            raise _wrong(where, "one of " + ", ".join(str(each.value) for each in kind), data) from None

    return decode


def _choice_decoder(choices: tuple[Any, ...]) -> _Decoder:
    def decode(data: Any, where: str) -> Any:
        if data in choices:
            return data
        raise _wrong(where, "one of " + ", ".join(map(str, choices)), data)

    return decode


def _list_decoder(item: _Decoder, make: Callable[[Any], Any]) -> _Decoder:
    def decode(data: Any, where: str) -> Any:
        if not isinstance(data, list | tuple):
            raise _wrong(where, "a list", data)
        return make([item(each, where) for each in data])

    return decode


def _mapping_decoder(kind: Any) -> _Decoder:
    item = None if kind is Any else _decoder(kind)

    def decode(data: Any, where: str) -> Any:
        if not isinstance(data, dict):
            raise _wrong(where, "a mapping", data)
        return data if item is None else {name: item(each, f"{where}.{name}") for name, each in data.items()}

    return decode


def _dataclass_decoder(kind: Any) -> _Decoder:
    hints = get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name]) for each in fields(kind)}
    required = _required(kind)

    def decode(data: Any, where: str) -> Any:
        if not isinstance(data, dict):
            raise _wrong(where, "a mapping", data)
        values = {}
        for name, each in data.items():
            decoder = decoders.get(name)
            if decoder is None:
                raise MessageError(f"{where}.{name}: no such field; {nearest(name, decoders)}.")
            values[name] = decoder(each, f"{where}.{name}")
        missing = [name for name in required if name not in values]
        if missing:
            raise MessageError(f"{where}: needs {', '.join(missing)}, got {', '.join(values) or 'nothing'}; add it.")
        return kind(**values)

    return decode


@cache
def _required(kind: Hashable) -> tuple[str, ...]:
    return tuple(
        each.name for each in fields(cast(Any, kind)) if each.default is MISSING and each.default_factory is MISSING
    )


def _union_decoder(members: tuple[Any, ...]) -> _Decoder:
    """Null, one of several dataclasses (told apart by their fields), or the first plain type that fits."""
    records: list[Any] = [member for member in members if is_dataclass(member)]
    others = [_decoder(member) for member in members if member not in records and member is not type(None)]
    takes_none = type(None) in members

    def decode(data: Any, where: str) -> Any:
        if data is None and takes_none:
            return None
        if records and isinstance(data, dict):
            fitting = [each for each in records if set(_required(each)) <= data.keys()] or records
            best: Any = max(fitting, key=lambda each: len(data.keys() & set(_names(each))))
            return _decoder(best)(data, where)
        refused: MessageError | None = None
        for other in others:
            try:
                return other(data, where)
            except MessageError as error:
                refused = error
        raise refused or _wrong(where, "a mapping", data)

    return decode


def error_to_json(error: BesomError) -> dict[str, Any]:
    """The one shape of an error: its type's name, its message, and what else the type carries."""
    plain: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, OutOfOrder):
        plain["expected"] = error.expected
    if isinstance(error, SweepFileError):
        plain["problems"] = list(error.problems)
    return plain


def error_from_json(data: Mapping[str, Any]) -> BesomError:
    """The error that `error_to_json` made `data` of; a ServerError where its type is not known here."""
    kind = getattr(errors, str(data.get("type")), None)
    message = str(data.get("message", "the server gave no reason"))
    if not (isinstance(kind, type) and issubclass(kind, BesomError)):
        return ServerError(message)
    if kind is OutOfOrder:
        return OutOfOrder(message, int(data.get("expected", 0)))
    if kind is SweepFileError:
        return SweepFileError(data.get("problems", [message]))
    return kind(message)

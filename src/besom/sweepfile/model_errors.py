"""What pydantic finds wrong, in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from besom.errors import nearest
from besom.space.problem import KeyPath, Problem
from besom.sweepfile.model import SweepFile

_LAWS = {
    "missing": ("needs a value", "add it"),
    "string_type": ("needs text", "put it in quotes"),
    "int_type": ("needs a whole number", "write a number without quotes or point"),
    "float_type": ("needs a number", "write a number without quotes"),
    "finite_number": ("needs a finite number", "give one"),
    "bool_type": ("needs true or false", "write one of them"),
    "list_type": ("needs a list", "write it as [a, b, c]"),
    "dict_type": ("needs a mapping of keys to values", "write `key: value` lines"),
    "model_type": ("needs a mapping of keys to values", "write `key: value` lines"),
    "greater_than": ("needs a number above {gt:g}", "raise it"),
    "greater_than_equal": ("needs a number of at least {ge:g}", "raise it"),
}


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """One problem for each of pydantic's errors."""
    for detail in error.errors(include_url=False):
        path = plain_path(detail["loc"])
        kind, got, context = detail["type"], detail["input"], detail.get("ctx", {})
        if kind == "extra_forbidden":
            move = nearest(str(path[-1]), keys_at(path[:-1]))
            yield Problem(path, f"needs a known key, got {path[-1]}; {move}.")
        elif kind == "literal_error":
            yield Problem(path, f"needs {context['expected']}, got {got!r}; choose one of them.")
        elif kind == "missing":
            yield Problem(path, "needs a value, got none; add it.")
        elif kind in _LAWS:
            law, move = _LAWS[kind]
            yield Problem(path, f"{law.format(**context)}, got {got!r}; {move}.")
        else:
            message = str(context.get("error", detail["msg"]))
            yield Problem(path, f"{message}, got {got!r}; correct it.")


def plain_path(location: tuple[str | int, ...]) -> KeyPath:
    """Pydantic's location as keys of the file."""
    return tuple(step for step in location if isinstance(step, int) or "[" not in step)


def keys_at(path: KeyPath) -> list[str]:
    """The keys that the mapping at `path` may have."""
    model: type[BaseModel] = SweepFile
    for step in path:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        model = next(found for found in _models_in(annotation))
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def without(raw: Mapping[str, Any], paths: list[KeyPath]) -> dict[str, Any]:
    """A copy of `raw` without what stands at `paths`, so that the rest can be judged."""
    copy: dict[str, Any] = _copied(raw)
    for path in sorted(paths, key=len, reverse=True):
        _remove(copy, path)
    return copy


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _remove(copy: Any, path: KeyPath) -> None:
    """Takes out what stands at `path`; where it is missing, the section that needs it."""
    *outer, last = path
    place = copy
    for step in outer:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(place, dict):
        if last in place:
            del place[last]
        elif outer:
            _remove(copy, tuple(outer))
    elif isinstance(place, list) and isinstance(last, int) and last < len(place):
        # Positions of other problems in the list must stay true: the whole list goes.
        _remove(copy, tuple(outer))

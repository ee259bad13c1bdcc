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
    "model_attributes_type": ("needs a mapping of keys to values", "write `key: value` lines"),
    "model_type": ("needs a mapping of keys to values", "write `key: value` lines"),
    "greater_than": ("needs a number above {gt:g}", "raise it"),
    "greater_than_equal": ("needs a number of at least {ge:g}", "raise it"),
    "less_than_equal": ("needs a number of at most {le:g}", "lower it"),
}

Location = tuple[str | int, ...]


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """One problem for each of pydantic's errors."""
    for detail in error.errors(include_url=False):
        path = plain_path(detail["loc"])
        kind, got, context = detail["type"], detail["input"], detail.get("ctx", {})
        if kind == "extra_forbidden":
            yield Problem(path, _unknown_key(detail["loc"]))
        elif kind == "literal_error":
            yield Problem(path, f"needs {context['expected']}, got {got!r}; choose one of them.")
        elif kind == "union_tag_invalid":
            valid = nearest(str(got["type"]), _tagged_at(detail["loc"]))
            yield Problem((*path, "type"), f"needs a known type, got {got['type']!r}; {valid}.")
        elif kind == "union_tag_not_found":
            yield Problem(
                (*path, "type"), f"needs a type, got none; add it ({nearest('', _tagged_at(detail['loc']))})."
            )
        elif kind == "law":
            yield Problem(path, context["law"])
        elif kind == "missing":
            yield Problem(path, "needs a value, got none; add it.")
        elif kind in _LAWS:
            law, move = _LAWS[kind]
            yield Problem(path, f"{law.format(**context)}, got {got!r}; {move}.")
        else:
            message = str(context.get("error", detail["msg"]))
            yield Problem(path, f"{message}, got {got!r}; correct it.")


def _unknown_key(location: Location) -> str:
    """What is wrong with a key that stands where it is not known, perhaps because it belongs to another type."""
    *outer, key = location
    place = tuple(outer)
    known = _keys(_models_at(place)[0])
    types = _tagged_at(place[:-1])
    owners = [tag for tag, model in types.items() if key in model.model_fields]
    if not owners:
        return f"needs a known key, got {key}; {nearest(str(key), known)}."
    options = ", ".join(sorted(set(known) - {"type"}))
    if not options:
        return f"{place[-1]} takes no options, got {key}; remove it."
    return f"needs an option of {place[-1]} ({options}), got {key}, which {_listed(owners)}; remove it."


def _listed(owners: list[str]) -> str:
    *first, last = owners
    return f"{', '.join(first)} and {last} have" if first else f"only {last} has"


def plain_path(location: Location) -> KeyPath:
    """Pydantic's location as keys of the file: without the types that it tried, and the tags that it chose them by."""
    return tuple(
        step
        for index, step in enumerate(location)
        if isinstance(step, int) or ("[" not in step and step not in _tagged_at(location[:index]))
    )


def _tagged_at(location: Location) -> dict[str, type[BaseModel]]:
    """The models that a section may have, by their tag; none where it can have one only."""
    return _by_tag(_models_at(location))


def _models_at(location: Location) -> list[type[BaseModel]]:
    """The models that what stands at `location` may have; one, once the location names a tag; none for plain values."""
    models: list[type[BaseModel]] = [SweepFile]
    for step in location:
        tagged = _by_tag(models)
        if step in tagged:
            models = [tagged[str(step)]]
        elif isinstance(step, str) and len(models) == 1:
            found = {field.alias or name: field for name, field in models[0].model_fields.items()}.get(step)
            models = list(_models_in(found.annotation)) if found is not None else []
    return models


def _by_tag(models: list[type[BaseModel]]) -> dict[str, type[BaseModel]]:
    if len(models) < 2:
        return {}
    tagged = [model for model in models if "type" in model.model_fields]
    return {tag: model for model in tagged for tag in get_args(model.model_fields["type"].annotation)}


def _keys(model: type[BaseModel]) -> list[str]:
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

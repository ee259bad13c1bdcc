"""W&B's language of filters and orders over runs: MongoDB's operators over dotted names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from besom.errors import MessageError, nearest

T = TypeVar("T")
Lookup = Callable[[T, str], Any]
"""The value of an item that a name stands for; None where it has none."""

_MISSING = (None,)
_LONGEST_PATTERN = 1000


def matches(item: T, given: Any, lookup: Lookup[T]) -> bool:
    """Whether an item fulfils a filter.

    Args:
        item: What is judged.
        given: The filter: `{"config.lr": {"$lt": 0.1}, "$or": [{"state": "finished"}, …]}`.
        lookup: Gives the item's values by name.

    Raises:
        MessageError: It is no filter.
    """
    if not isinstance(given, Mapping):
        raise MessageError(f"filters: needs a JSON object, got {type(given).__name__}; write one.")
    return all(_holds(item, name, wanted, lookup) for name, wanted in given.items())


def names_in(given: Any) -> Iterator[str]:
    """The names that a filter looks at."""
    if isinstance(given, Mapping):
        for name, wanted in given.items():
            if not name.startswith("$"):
                yield name
            yield from names_in(wanted) if name.startswith("$") else ()
    elif isinstance(given, list):
        for each in given:
            yield from names_in(each)


def _holds(item: T, name: str, wanted: Any, lookup: Lookup[T]) -> bool:
    if name in ("$and", "$or", "$nor"):
        if not isinstance(wanted, list):
            raise MessageError(f"filters.{name}: needs a list, got {type(wanted).__name__}; put its parts in one.")
        found = (matches(item, each, lookup) for each in wanted)
        return all(found) if name == "$and" else any(found) if name == "$or" else not any(found)
    if name == "$not":
        return not matches(item, wanted, lookup)
    if name.startswith("$"):
        raise MessageError(f"filters: no such operator {name}; {nearest(name, ('$and', '$or', '$nor', '$not'))}.")
    return _fits(lookup(item, name), wanted)


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and any(key.startswith("$") for key in wanted):
        return all(_operate(value, operator, operand) for operator, operand in wanted.items())
    return _equal(value, wanted)


def _operate(value: Any, operator: str, operand: Any) -> bool:
    if operator == "$not":
        return not _fits(value, operand)
    if operator == "$options":
        return True
    operate = _OPERATORS.get(operator)
    if operate is None:
        raise MessageError(f"filters: no such operator {operator}; {nearest(operator, _OPERATORS)}.")
    return operate(value, operand)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, list | tuple) and not isinstance(wanted, list):
        return any(_equal(each, wanted) for each in value)
    if isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return bool(value == wanted)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def operate(value: Any, operand: Any) -> bool:
        are_numbers = isinstance(value, int | float) and isinstance(operand, int | float)
        are_texts = isinstance(value, str) and isinstance(operand, str)
        return (are_numbers or are_texts) and compare(value, operand)

    return operate


def _matches_pattern(value: Any, pattern: Any) -> bool:
    if not isinstance(pattern, str) or len(pattern) > _LONGEST_PATTERN:
        raise MessageError("filters: $regex needs a pattern of at most 1000 characters; shorten it.")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise MessageError(f"filters: $regex needs a pattern, got {pattern!r} ({error}); correct it.") from None
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(each, str) and compiled.search(each) is not None for each in values)


def _is_in(value: Any, operand: Any) -> bool:
    if not isinstance(operand, list):
        raise MessageError(f"filters: $in and $nin need a list, got {operand!r}; put it in one.")
    return any(_equal(value, each) for each in operand)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda value, operand: not _equal(value, operand),
    "$gt": _ordered(lambda value, operand: value > operand),
    "$gte": _ordered(lambda value, operand: value >= operand),
    "$lt": _ordered(lambda value, operand: value < operand),
    "$lte": _ordered(lambda value, operand: value <= operand),
    "$in": _is_in,
    "$nin": lambda value, operand: not _is_in(value, operand),
    "$exists": lambda value, operand: (value is not None) == bool(operand),
    "$regex": _matches_pattern,
}


def ordered(items: Sequence[T], order: str | None, lookup: Lookup[T]) -> list[T]:
    """Items in the order that `+name` (rising) or `-name` asks for; those without a value come last, both ways."""
    if not order:
        return list(items)
    is_falling, name = order.startswith("-"), order.lstrip("+-")
    found = [(_rank(lookup(item, name)), item) for item in items]
    present = [pair for pair in found if pair[0] is not None]
    present.sort(key=lambda pair: pair[0] or _MISSING, reverse=is_falling)
    return [item for _, item in present] + [item for rank, item in found if rank is None]


def _rank(value: Any) -> tuple[int, Any] | None:
    """What sorts values of one kind among each other; None for what cannot be sorted."""
    if isinstance(value, bool | int | float) and value == value:  # noqa: PLR0124 - NaN has no place
        return 0, value
    return (1, value) if isinstance(value, str) and value != "NaN" else None

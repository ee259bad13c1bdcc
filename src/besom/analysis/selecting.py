"""Conditions on trials: what a box drawn in a picture, or a filter over the table, selects."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.analysis.columns import STATES, TrialColumns
from besom.analysis.tablecolumns import PARAMETER, is_number, numbers_in, values_in
from besom.analysis.tables import ABSENT
from besom.analysis.wording import setting
from besom.errors import MessageError, nearest
from besom.records import Trial
from besom.service import Progress

Mask = npt.NDArray[np.bool_]

_FORM = 'a list of ["column", low, high] and ["column", [value, …]]'
_NUMBERS = frozenset({int, float})
_IN_NUMBERS = frozenset("0123456789.+-einfa")  # NaN and inf, in small letters, among them


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column's value must be.

    Attributes:
        column: The column's id.
        low, high: Bounds, included; None for none. Only numbers lie between bounds.
        values: The values allowed; None where bounds decide. A text also allows what is shown as it.
    """

    column: str
    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] | None = None


def read_where(text: str, columns: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions that `text` says, a JSON list of `[column, low, high]` or `[column, [value, …]]`; all must hold.

    Args:
        text: Empty for no condition.
        columns: Ids of the columns that there are, see `column_ids`.

    Raises:
        MessageError: It is no such list, or names another column.
    """
    if not text.strip():
        return ()
    try:
        conditions = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError(f"where: needs JSON, {_FORM}, got {text[:80]!r}; correct it.") from None
    if not isinstance(conditions, list):
        raise MessageError(f"where: needs {_FORM}, got {text[:80]!r}; put it in a list.")
    known = tuple(columns)
    return tuple(_condition(each, f"where[{at}]", known) for at, each in enumerate(conditions))


def read_names(text: str, where: str) -> tuple[str, ...]:
    """The names in a JSON list of them; none in no text. Raises MessageError, which names the place `where`."""
    if not text.strip():
        return ()
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MessageError(f'{where}: needs a JSON list of names, ["loss", …], got {text[:80]!r}; correct it.')
    return tuple(names)


def _condition(plain: Any, where: str, columns: Sequence[str]) -> Condition:
    if not isinstance(plain, list) or not plain or not isinstance(plain[0], str):
        raise MessageError(f"{where}: needs one of {_FORM}, got {str(plain)[:80]!r}; correct it.")
    column, *rest = plain
    if column not in columns:
        raise MessageError(f"{where}: no column {column!r}; {nearest(column, columns)}.")
    if len(rest) == 1 and isinstance(rest[0], list):
        return Condition(column, values=tuple(rest[0]))
    if len(rest) != 2:
        raise MessageError(f"{where}: needs low and high, or one list of values, got {len(rest)} things; correct it.")
    low, high = (_bound(bound, where) for bound in rest)
    if low is not None and high is not None and low > high:
        raise MessageError(f"{where}: low must not be above high, got {low:g} and {high:g}; swap them.")
    return Condition(column, low, high)


def _bound(bound: Any, where: str) -> float | None:
    if bound is not None and (not is_number(bound) or math.isnan(bound)):
        raise MessageError(f"{where}: a bound must be a number or null, got {str(bound)[:80]!r}; correct it.")
    return bound if bound is None else float(bound)


def selected(trials: Sequence[Trial], where: Sequence[Condition], progress: Progress) -> list[Trial]:
    """The trials that fulfil every condition, in the order given.

    Args:
        trials: All trials of the sweep: the order in which they ended is theirs.
        where: Conditions on columns.
        progress: Where the sweep stands.
    """
    columns = TrialColumns(trials, progress.goal)
    return [trials[at] for at in np.flatnonzero(fulfilling(columns, where)).tolist()]


def fulfilling(columns: TrialColumns, where: Sequence[Condition]) -> Mask:
    """Which trials fulfil every condition, shape (n,)."""
    mask = np.ones(len(columns.trials), dtype=np.bool_)
    for condition in where:
        mask &= _among(columns, condition) if condition.values is not None else _between(columns, condition)
    return mask


def _between(columns: TrialColumns, condition: Condition) -> Mask:
    numbers = numbers_in(columns, condition.column)
    low = -math.inf if condition.low is None else condition.low
    high = math.inf if condition.high is None else condition.high
    return np.asarray((numbers >= low) & (numbers <= high))


def _among(columns: TrialColumns, condition: Condition) -> Mask:
    wanted = {_key(value) for value in condition.values or ()}
    texts = {value for value in condition.values or () if isinstance(value, str)}

    def is_wanted(value: Any) -> bool:
        return _key(value) in wanted or (bool(texts) and type(value) is not str and setting(value) in texts)

    values = values_in(columns, condition.column)
    return np.fromiter((value is not ABSENT and is_wanted(value) for value in values), np.bool_, len(values))


def _key(value: Any) -> Any:
    """What makes values the same: 1 and 1.0 are, 1 and true are not, and lists need no hash."""
    if type(value) is str:
        return value
    return float(value) if is_number(value) else (json.dumps(value, default=str),)


def mentioning(columns: TrialColumns, names: Iterable[str], text: str) -> Mask:
    """Which trials have `text` in their state, phase, cause of failure or a parameter as `name=value`, shape (n,).

    Args:
        columns: The trials.
        names: Dotted names of the parameters looked through.
        text: In upper or lower case, it is all the same.
    """
    part = text.strip().lower()
    mask = np.isin(columns.states, [code for code, state in enumerate(STATES) if part in state.value])
    labels = {"phase": "", "cause": "", "failure": "", **{PARAMETER + name: f"{name}=".lower() for name in names}}
    for column, label in labels.items():
        values = values_in(columns, column)
        # Most values are numbers, and in a label and a number no part is found that ends in another letter.
        if part[-1:] in _IN_NUMBERS or part in label or not _NUMBERS.issuperset(map(type, values)):
            mask |= np.fromiter(_found(values, label, part), np.bool_, len(values))
    return mask


def _found(values: Iterable[Any], label: str, part: str) -> Iterator[bool]:
    """Of each value, whether it exists and `part` is in the label and its text."""
    seen: dict[Any, bool] = {}
    for value in values:
        kind = type(value)
        if value is ABSENT or (value is None and not label):
            yield False
        elif kind is float:
            yield part in f"{label}{value}"
        elif kind is str or kind is int:
            if value not in seen:
                seen[value] = part in f"{label}{value}".lower()
            yield seen[value]
        else:
            yield part in f"{label}{setting(value)}".lower()

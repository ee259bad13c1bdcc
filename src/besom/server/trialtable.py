"""The table of a sweep's trials as pages ask for it, and the trials that conditions select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from besom.analysis.selecting import Condition, fulfilling, read_names, read_where
from besom.analysis.tablecolumns import METRIC, OF_EACH_ROW, column_ids
from besom.analysis.trialpage import TrialPage, trial_page
from besom.plots.sweepdata import SweepData

_MOST_SELECTED = 20_000
_MOST_METRICS = 100
"""Columns of metrics that are listed; others are there for who names them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Trials that fulfil conditions, and how many do; of very many the first."""

    trials: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the table, as in `analysis.trial_page`.

    Attributes:
        where: Conditions, as text.
        metrics: A JSON list of the metrics whose cells are wanted, as text.
    """

    sort: str = "value"
    descending: bool | None = None
    where: str = ""
    text: str = ""
    first: int = 0
    limit: int = 100
    metrics: str = ""


def page_of(data: SweepData, logged: Sequence[str], query: Query, important: Sequence[str] = ()) -> TrialPage:
    """A page of the table; `logged` are names of what runs logged, `important` parameters as far as that is known.

    Raises:
        MessageError: A condition, a list or the column to sort by is none.
    """
    metrics, shown = _other_metrics(data, logged), read_names(query.metrics, "metrics")
    used = {*shown, query.sort.removeprefix(METRIC)}
    return trial_page(
        data.progress,
        data.trials,
        _names(data),
        sort=query.sort,
        descending=query.descending,
        where=_conditions(data, metrics, query.where),
        text=query.text,
        first=query.first,
        limit=query.limit,
        columns=data.columns,
        metrics=[name for at, name in enumerate(metrics) if at < _MOST_METRICS or name in used],
        shown=shown,
        important=important,
    )


def selection_of(data: SweepData, logged: Sequence[str], where: str) -> Selection:
    """The numbers of the trials that fulfil the conditions. Raises MessageError."""
    conditions = _conditions(data, _other_metrics(data, logged), where)
    found = data.columns.numbers[fulfilling(data.columns, conditions)]
    return Selection(tuple(found[:_MOST_SELECTED].tolist()), len(found))


def _conditions(data: SweepData, metrics: Sequence[str], where: str) -> tuple[Condition, ...]:
    return read_where(where, column_ids(data.trials, _names(data), metrics)) if where else ()


def _other_metrics(data: SweepData, logged: Sequence[str]) -> list[str]:
    """Those that are neither the objective nor what counts progress."""
    own = {data.progress.metric, data.x, *OF_EACH_ROW}
    return [name for name in logged if name not in own]


def _names(data: SweepData) -> list[str] | None:
    return [parameter.name for parameter in data.space.free] if data.space else None

"""The table of trials, a page at a time: sorted, filtered and searched here, so that a page gets few rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from besom.analysis.columns import Ints, TrialColumns
from besom.analysis.selecting import Condition, fulfilling, mentioning
from besom.analysis.tablecolumns import METRIC, PARAMETER, RESOURCE, Column, columns_of, is_number, reader_of, values_in
from besom.analysis.tables import ABSENT
from besom.analysis.values import why_unranked
from besom.analysis.wording import duration, number, setting
from besom.errors import MessageError, nearest
from besom.records import Trial, TrialState
from besom.service import Progress

_DIGITS = {"spread": 2}
_WHOLE = frozenset({"trial", "place"})


@dataclass(frozen=True, slots=True)
class PageCell:
    """What is shown, and the value behind it: a number, text, truth value, or None where there is none."""

    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class PageRow:
    """One trial; its cells in the order of the page's columns.

    Attributes:
        trial, state, is_best, is_running: Of the trial.
        unranked: Why its value is not ranked; empty where it is, or there is none.
    """

    trial: int
    state: str
    is_best: bool
    is_running: bool
    unranked: str
    cells: tuple[PageCell, ...]


@dataclass(frozen=True, slots=True)
class TrialPage:
    """Some rows of the table of trials.

    Attributes:
        columns: All columns that there are, shown at first or not.
        rows: The page's rows.
        total: Trials of the sweep.
        matching: Those of them that fulfil the conditions, on whatever page.
    """

    columns: tuple[Column, ...]
    rows: tuple[PageRow, ...]
    total: int
    matching: int


def trial_page(
    progress: Progress,
    trials: Sequence[Trial],
    names: Sequence[str] | None = None,
    *,
    sort: str = "value",
    descending: bool | None = None,
    where: Sequence[Condition] = (),
    text: str = "",
    first: int = 0,
    limit: int = 100,
    columns: TrialColumns | None = None,
    metrics: Sequence[str] = (),
    shown: Sequence[str] = (),
    important: Sequence[str] = (),
) -> TrialPage:
    """A page of the table of trials.

    Args:
        progress: Where the sweep stands; names the objective and its goal.
        trials: All trials of the sweep, by number.
        names: The space's free parameters in the order of the sweep file; None for all that trials have.
        sort: The id of a column.
        descending: Largest first; None for the best first by "value", those that are not ranked behind, and the
            smallest first by any other column. Trials without a value in that column come last either way.
        where: Conditions that trials must fulfil, see `read_where`.
        text: Part of a trial's state, phase, cause of failure or parameters (`lr=0.1`), in upper or lower case.
        first: Rows before the page.
        limit: Rows of the page at most.
        columns: The same trials as columns, where there are any already: a second page comes sooner with them.
        metrics: Metrics that have a column, the objective not among them.
        shown: Those of the metrics whose cells are wanted; those of others are empty, unless they are sorted by.
        important: Parameters, the most important first: of many, these are shown where nobody chose.

    Raises:
        MessageError: There is no such column to sort by.
    """
    all_columns = columns_of(progress, trials, names, metrics, important)
    ids = [column.id for column in all_columns]
    if sort not in ids:
        raise MessageError(f"sort: no column {sort!r}; {nearest(sort, ids)}.")
    columns = columns or TrialColumns(trials, progress.goal)
    mask = fulfilling(columns, where)
    if text.strip():
        parameters = [name.removeprefix(PARAMETER) for name in ids if name.startswith(PARAMETER)]
        mask &= mentioning(columns, parameters, text)
    order = in_order(columns, sort, descending=descending)
    order = order[mask[order]]
    rows = order[first : first + limit].tolist()
    return TrialPage(all_columns, _rows(columns, progress, ids, rows, {*shown}), len(trials), len(order))


def in_order(columns: TrialColumns, sort: str, *, descending: bool | None = None) -> Ints:
    """Places of the trials by a column, shape (n,): numbers before texts, those without a value last, by number.

    See `trial_page` for the arguments.
    """
    if sort == "value":
        is_down = columns.goal == "maximize" if descending is None else descending
        under_way = np.where(columns.are(TrialState.RUNNING), columns.shown_values, np.nan)
        left_out = np.full(len(under_way), np.nan)
        left_out[columns.unranked] = columns.shown_values[columns.unranked]
        in_place = np.isfinite(under_way) & (descending is not None)
        reached = np.where(in_place, under_way, columns.values)
        sign = -1.0 if is_down else 1.0
        return np.lexsort((columns.numbers, sign * left_out, sign * reached))  # NaN comes last
    sign = -1.0 if descending else 1.0
    values = values_in(columns, sort)
    numbers = np.fromiter((value if is_number(value) else math.nan for value in values), np.float64, len(values))
    texts = ["" if value is None or value is ABSENT or is_number(value) else setting(value) for value in values]
    places = {
        text: place for place, text in enumerate(sorted(set(texts) - {""}, key=lambda each: (each.lower(), each)))
    }
    ranks = np.fromiter((places.get(text, math.nan) for text in texts), np.float64, len(texts))
    kinds = np.where(~np.isnan(numbers), 0.0, np.where(~np.isnan(ranks), sign, math.inf))
    return np.lexsort((columns.numbers, sign * ranks, sign * numbers, kinds))


def cell_of(column: str, value: Any) -> PageCell:
    """A value as it is shown in a column."""
    if value is None or value is ABSENT:
        return PageCell("null" if value is None and column.startswith(PARAMETER) else "", None)
    if column == "seconds":
        return PageCell(duration(value), value)
    if column == "started":
        return PageCell(datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), value)
    if is_number(value):
        digits = 3 if column.startswith(RESOURCE) else _DIGITS.get(column, 5)
        text = str(value) if column in _WHOLE else setting(value) if type(value) is int else number(value, digits)
        return PageCell(text, value)
    text = setting(value) if column.startswith(PARAMETER) else str(value)
    return PageCell(text, value if isinstance(value, str | bool) else text)


def _rows(
    columns: TrialColumns, progress: Progress, ids: Sequence[str], rows: Sequence[int], shown: Collection[str]
) -> tuple[PageRow, ...]:
    """The cells of few rows: no other trial's value is made a text, and no other's metrics are read."""
    best = progress.best.number if progress.best else None
    trials = [columns.trials[at] for at in rows]
    values = [_values(columns, name, rows, trials, shown) for name in ids]
    made = []
    for at, trial in enumerate(trials):
        cells = tuple(cell_of(name, those[at]) for name, those in zip(ids, values, strict=True))
        is_running = trial.state is TrialState.RUNNING
        is_best = trial.number == best
        made.append(PageRow(trial.number, trial.state.value, is_best, is_running, why_unranked(trial), cells))
    return tuple(made)


def _values(
    columns: TrialColumns, name: str, rows: Sequence[int], trials: Sequence[Trial], shown: Collection[str]
) -> Sequence[Any]:
    """The values of these rows in a column."""
    if name in ("place", "seconds") or name in columns.kept:  # what no trial knows by itself, or was read already
        values = values_in(columns, name)
        return [values[at] for at in rows]
    if not name.startswith(METRIC):
        return [*map(reader_of(name), trials)]
    metric = name.removeprefix(METRIC)
    return columns.measure(metric, trials) if metric in shown else [None] * len(rows)

"""What a run logged, as W&B's API reads it back: whole, sampled, or a stretch of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from besom.server.wandb.values import as_text
from besom.store.contract import Numbers, Store

_MOST_SAMPLES = 10_000

Row = dict[str, Any]


class History:
    """One run's rows from number `first` on: those before are of an earlier process of the same name.

    Args:
        store: Where they are.
        kept_under: The id that they are kept under.
        first: The first row that is shown.
        count: Rows kept in all.
    """

    def __init__(self, store: Store, kept_under: str, first: int, count: int) -> None:
        self._store, self._id = store, kept_under
        self._first, self._count = first, count

    def last(self) -> Row:
        """The last row; empty where there is none."""
        rows = self._rows(self._every()[-1:])
        return rows[0] if rows else {}

    def sampled(self, samples: int, keys: Sequence[str] | None = None) -> list[Row]:
        """At most `samples` rows, evenly over the run; with `keys`, of those that have all of them, and only them."""
        samples = max(1, min(samples, _MOST_SAMPLES))
        if not keys:
            return self._rows(self._every()[_even(self._shown, samples)])
        having = self._having(keys)
        rows = self._rows(having[_even(len(having), samples)], keys)
        return [{key: row[key] for key in keys} for row in rows if all(key in row for key in keys)]

    def between(self, first_step: int, end_step: int, limit: int) -> list[Row]:
        """Rows with first_step <= `_step` < end_step, in order."""
        column = self._store.column(self._id, "_step")
        if not len(column.rows):
            at = self._first + max(0, first_step)
            return self._rows(np.arange(at, max(at, min(self._first + end_step, self._count, at + limit))))
        is_meant = (column.rows >= self._first) & (column.values >= first_step) & (column.values < end_step)
        return self._rows(column.rows[is_meant][:limit])

    def metrics(self) -> list[str]:
        """Names of the numbers that were logged, in alphabetical order."""
        return sorted(self._store.metrics(self._id, is_ordered=False))

    @property
    def _shown(self) -> int:
        return self._count - self._first

    def _every(self) -> Numbers:
        return np.arange(self._first, self._count)

    def _rows(self, numbers: Numbers, names: Sequence[str] | None = None) -> list[Row]:
        """These rows. One in which no `_step` was logged is counted."""
        rows = self._store.rows_at(self._id, numbers, names)
        if names is not None and "_step" not in names:
            return list(rows.values())
        return [row if "_step" in row else {"_step": number - self._first, **row} for number, row in rows.items()]

    def _having(self, keys: Sequence[str]) -> Numbers:
        """Numbers of the rows that have all of these values."""
        having = self._every()
        for key in keys:
            if key != "_step":  # what has none is counted
                logged = self._store.column(self._id, key).rows
                if not len(logged):  # it is text or the like, or was never logged
                    logged = np.fromiter(self._store.rows_at(self._id, having, [key]), dtype=np.int64)
                having = having[np.isin(having, logged, assume_unique=True)]
        return having


def _even(count: int, samples: int) -> Numbers:
    """Numbers from 0 to count - 1, evenly spread, the first and last among them; all where they are few enough."""
    if count <= samples:
        return np.arange(count)
    return (
        np.unique(np.linspace(0, count - 1, samples).round().astype(np.int64)) if samples > 1 else np.array([count - 1])
    )


def as_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each row as a text of strict JSON."""
    return [as_text(row) for row in rows]

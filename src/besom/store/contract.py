"""What a store is: it keeps records and history, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from besom.records import Agent, Record, Run, Sweep, Trial
from besom.tracked import TrackedRun, TrackedValues
from besom.wire import Row

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Piece = tuple[str, int, Sequence[Row]]
"""Rows of history: of the run with this id, the first with this number."""


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of one run: `values[i]` was logged in row `rows[i]`.

    Attributes:
        rows: Row numbers, increasing, shape (n,).
        values: Numbers, shape (n,); NaN and infinities as logged.
    """

    rows: npt.NDArray[np.int64]
    values: Floats


class Store(Protocol):
    """Keeps everything. One process at a time writes (see `besom.server.home`, `besom.store.claim`); any may read."""

    def transaction(self) -> AbstractContextManager[None]:
        """All writes inside are kept together when it ends, or none when it raises.

        Raises StoreError on a full or unwritable disk, leaving what was there before untouched.
        """
        ...

    def check(self) -> bool:
        """Look whether this process still owns the store, as it must to write.

        A store at the other end of a connection may have been lost. True where it was, and is this process's own again:
        whether the last transaction was kept is not known then, and others may have written since. What was known must
        be read anew.

        Raises:
            StoreError: It is away. Nothing can be written until a later call returns.
            WrongState: Another process owns it now, and goes on to.
        """
        ...

    def save(self, records: Sequence[Record]) -> None:
        """Insert or replace records by their keys. Inside a transaction."""
        ...

    def append_rows(self, run_id: str, first_row: int, rows: Sequence[Row]) -> None:
        """Add history rows behind those the run has; numbers as columns, other values as JSON. In a transaction."""
        ...

    def append_pieces(self, pieces: Iterable[Piece]) -> None:
        """Add history rows of several runs at once, as `append_rows` does. In a transaction."""
        ...

    def append_output(self, run_id: str, offset: int, text: str) -> None:
        """Add the program's output from byte `offset` on; a very long one loses its middle. Inside a transaction."""
        ...

    def compact(self, run_id: str) -> None:
        """Merge the run's many small pieces of history into one per metric. Inside a transaction."""
        ...

    def sweeps(self) -> list[Sweep]:
        """All sweeps, newest first."""
        ...

    def sweep(self, sweep_id: str) -> Sweep:
        """One sweep. Raises UnknownName."""
        ...

    def trials(self, sweep_id: str) -> list[Trial]:
        """Its trials, by number."""
        ...

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]:
        """Its runs in order of their lease; of one trial if named."""
        ...

    def run(self, run_id: str) -> Run:
        """One run. Raises UnknownName."""
        ...

    def sweep_of_run(self, run_id: str) -> str | None:
        """The id of the sweep that a run is of; None where there is no such run."""
        ...

    def agents(self) -> list[Agent]:
        """All agents."""
        ...

    def metrics(self, run_id: str, *, is_ordered: bool = True) -> list[str]:
        """Names of the numeric metrics that the run logged, in order of first appearance; quicker in none."""
        ...

    def column(self, run_id: str, metric: str) -> Column:
        """One metric of one run; empty if it never logged it."""
        ...

    def columns(self, run_ids: Sequence[str], metric: str) -> Mapping[str, Column]:
        """One metric of many runs, in few queries."""
        ...

    def last_numbers(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The last value of every metric of many runs, for those that logged any; integers where all were."""
        ...

    def last_values(self, run_ids: Sequence[str], metric: str) -> Mapping[str, float]:
        """The last value of one metric of many runs, for those that logged it; without reading all that they logged."""
        ...

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """History rows as logged, in order."""
        ...

    def rows_at(self, run_id: str, numbers: Numbers, names: Sequence[str] | None = None) -> dict[int, dict[str, Any]]:
        """The rows with these numbers, which are in order, by number; of each the values called `names`, or all."""
        ...

    def output(self, run_id: str, offset: int = 0, limit: int | None = None) -> str:
        """The program's output from byte `offset` on; negative counts from the end."""
        ...

    def delete_sweep(self, sweep_id: str) -> None:
        """Remove a sweep and all that belongs to it. Inside a transaction."""
        ...

    def tracked_run(self, run_id: str) -> TrackedRun | None:
        """A run that W&B's client told of, by its id."""
        ...

    def tracked_runs(self, **where: str) -> list[TrackedRun]:
        """Such runs, oldest first: of an entity, project, name, sweep_id, each if given."""
        ...

    def tracked_values(self, run_ids: Sequence[str]) -> Mapping[str, TrackedValues]:
        """Their configurations and summaries, for those that have any."""
        ...

    def tracked_entries(self, column: str, path: Sequence[str], **where: str) -> Mapping[str, Any]:
        """One entry of the `config` or `summary` of each of the runs, for those that have it."""
        ...

    def tracked_projects(self, **where: str) -> list[tuple[str, str, float]]:
        """Each entity and project that has such runs, and when its first began."""
        ...

    def forget_tracked(self, run: TrackedRun) -> None:
        """Remove such a run and its history. Inside a transaction."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

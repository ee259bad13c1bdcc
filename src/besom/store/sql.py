"""The store in an SQL database: the same code for SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, select

from besom.errors import StoreError, UnknownName, WrongState, nearest
from besom.records import Agent, Record, Run, Sweep, Trial
from besom.store import history, outputs, saving, tables, tracking
from besom.store.claim import Claim
from besom.store.contract import Column, Numbers, Piece
from besom.store.text import from_text
from besom.store.trouble import told
from besom.tracked import TrackedRun, TrackedValues
from besom.wire import Row


class SqlStore:
    """Keeps records and history in an SQL database; see `besom.store.contract.Store`, whose contract it keeps.

    Attributes:
        place: Where it is, without passwords.

    Threads may share it. One transaction is open at a time; others wait for it. A thread reads what its own transaction
    wrote so far, and otherwise what was kept last.
    """

    def __init__(
        self,
        engine: Engine,
        place: str,
        read_only: bool = False,
        claim: Claim | None = None,
        fence: Callable[[], None] | None = None,
    ) -> None:
        self._engine = engine
        self._fence = fence
        self._claim = claim
        self._writing = engine.execution_options(writes=True)
        self.place = place
        self._read_only = read_only
        self._one_writer = threading.Lock()
        self._own = threading.local()
        self._upserts = saving.upserts(engine.dialect.name)

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are kept together when it ends, or none when it raises. They do not nest."""
        if self._read_only:
            raise StoreError(f"{self.place}: was opened for reading only; open it for writing.")
        if self._transaction is not None:
            raise WrongState("store: a transaction is open in this thread already; end it first.")
        with self._one_writer, told(self.place), self._begun() as connection:
            self._own.connection = connection
            try:
                yield
                if self._fence is not None:
                    self._fence()
            finally:
                self._own.connection = None

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """A transaction; where the database is claimed, of the session that owns it."""
        if self._claim is None:
            with self._writing.begin() as connection:
                yield connection
        else:
            session = self._claim.session()
            with session.begin():
                yield session

    def check(self) -> bool:
        """Whether this process has just become the owner anew, so that what it knew must be read anew.

        Raises:
            StoreError: The database is away.
            WrongState: Another process owns it for good.
        """
        if self._claim is None:
            return False
        with self._one_writer:
            return self._claim.renew()

    @property
    def _transaction(self) -> Connection | None:
        return getattr(self._own, "connection", None)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        if self._transaction is None:
            raise WrongState("store: writes need a transaction; use `with store.transaction():`.")
        with told(self.place):
            yield self._transaction

    def save(self, records: Sequence[Record]) -> None:
        """Insert or replace records by their keys. Inside a transaction."""
        with self._write() as connection:
            saving.save(connection, self._upserts, records)

    def append_rows(self, run_id: str, first_row: int, rows: Sequence[Row]) -> None:
        """Add history rows behind those the run has, in a transaction. Raises StoreError for rows it has already."""
        self.append_pieces([(run_id, first_row, rows)])

    def append_pieces(self, pieces: Iterable[Piece]) -> None:
        """Add history rows of several runs at once, in a transaction. Raises StoreError for rows they have already."""
        with self._write() as connection:
            history.append(connection, pieces)

    def append_output(self, run_id: str, offset: int, text: str) -> None:
        """Add the program's output from byte `offset` on; a very long one loses its middle. Inside a transaction."""
        with self._write() as connection:
            outputs.append(connection, run_id, offset, text)

    def compact(self, run_id: str) -> None:
        """Merge the run's many small pieces of history and output into a few. Inside a transaction."""
        with self._write() as connection:
            history.compact(connection, run_id)
            outputs.compact(connection, run_id)

    def delete_sweep(self, sweep_id: str) -> None:
        """Remove a sweep and all that belongs to it. Inside a transaction. Raises UnknownName."""
        self.sweep(sweep_id)
        with self._write() as connection:
            for kept_under in (tables.runs.c.id, tables.runs.c.id + "/samples"):  # see `Run.samples_id`
                run_ids = select(kept_under).where(tables.runs.c.sweep_id == sweep_id)
                for table in (tables.chunks, tables.others, tables.outputs):
                    connection.execute(delete(table).where(table.c.run_id.in_(run_ids)))
            for tracked in tracking.runs(connection, {"sweep_id": sweep_id}):
                self._forget(connection, tracked)
            for table in (tables.runs, tables.trials):
                connection.execute(delete(table).where(table.c.sweep_id == sweep_id))
            connection.execute(delete(tables.sweeps).where(tables.sweeps.c.id == sweep_id))

    def forget_tracked(self, run: TrackedRun) -> None:
        """Remove a run that W&B's client told of, and its history. Inside a transaction."""
        with self._write() as connection:
            self._forget(connection, run)

    @staticmethod
    def _forget(connection: Connection, run: TrackedRun) -> None:
        for kept_under in {run.id, run.history_id, run.events_id}:
            for table in (tables.chunks, tables.others, tables.outputs):
                connection.execute(delete(table).where(table.c.run_id == kept_under))
        tracking.forget(connection, run.id)

    # Reading

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with told(self.place):
            if self._transaction is not None:
                yield self._transaction
            else:
                with self._engine.connect() as connection:
                    yield connection

    def sweeps(self) -> list[Sweep]:
        """All sweeps, newest first."""
        table = tables.sweeps.c
        with self._read() as connection:
            found = connection.execute(select(table.data).order_by(table.created_at.desc(), table.id))
            return [from_text(Sweep, data) for (data,) in found]

    def sweep(self, sweep_id: str) -> Sweep:
        """One sweep. Raises UnknownName."""
        with self._read() as connection:
            return from_text(Sweep, self._one(connection, tables.sweeps, "sweep", sweep_id))

    def trials(self, sweep_id: str) -> list[Trial]:
        """Its trials, by number."""
        table = tables.trials.c
        with self._read() as connection:
            query = select(table.data).where(table.sweep_id == sweep_id).order_by(table.number)
            return [from_text(Trial, data) for data in connection.scalars(query).all()]

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]:
        """Its runs in order of their lease; of one trial if named."""
        table = tables.runs.c
        query = select(table.data).where(table.sweep_id == sweep_id).order_by(table.lease, table.id)
        if trial is not None:
            query = query.where(table.trial == trial)
        with self._read() as connection:
            return [from_text(Run, data) for data in connection.scalars(query).all()]

    def run(self, run_id: str) -> Run:
        """One run. Raises UnknownName."""
        with self._read() as connection:
            return from_text(Run, self._one(connection, tables.runs, "run", run_id))

    def sweep_of_run(self, run_id: str) -> str | None:
        """The id of the sweep that a run is of; None where there is no such run."""
        with self._read() as connection:
            found = connection.execute(select(tables.runs.c.sweep_id).where(tables.runs.c.id == run_id)).scalar()
            return None if found is None else str(found)

    def agents(self) -> list[Agent]:
        """All agents, in order of their start."""
        table = tables.agents.c
        with self._read() as connection:
            found = connection.execute(select(table.data).order_by(table.started_at, table.id))
            return [from_text(Agent, data) for (data,) in found]

    def metrics(self, run_id: str, *, is_ordered: bool = True) -> list[str]:
        """Names of the numeric metrics that the run logged, in order of first appearance, else in none."""
        with self._read() as connection:
            return history.metrics(connection, run_id, is_ordered=is_ordered)

    def column(self, run_id: str, metric: str) -> Column:
        """One metric of one run; empty if it never logged it."""
        return self.columns([run_id], metric)[run_id]

    def columns(self, run_ids: Sequence[str], metric: str) -> Mapping[str, Column]:
        """One metric of many runs, in few queries."""
        with self._read() as connection:
            return history.columns(connection, run_ids, metric)

    def last_numbers(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The last value of every metric of many runs, for those that logged any; integers where all were."""
        with self._read() as connection:
            return history.last_numbers(connection, run_ids)

    def last_values(self, run_ids: Sequence[str], metric: str) -> Mapping[str, float]:
        """The last value of one metric of many runs, for those that logged it."""
        with self._read() as connection:
            return history.last_values(connection, run_ids, metric)

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """History rows as logged, in order."""
        with self._read() as connection:
            return history.rows(connection, run_id, first, limit)

    def rows_at(self, run_id: str, numbers: Numbers, names: Sequence[str] | None = None) -> dict[int, dict[str, Any]]:
        """The rows with these numbers, which are in order, by number; of each the values called `names`, or all."""
        with self._read() as connection:
            return history.rows_at(connection, run_id, numbers, names)

    def output(self, run_id: str, offset: int = 0, limit: int | None = None) -> str:
        """The program's output from byte `offset` on; negative counts from the end. A line tells of bytes left out."""
        with self._read() as connection:
            return outputs.read(connection, run_id, offset, limit)

    def tracked_run(self, run_id: str) -> TrackedRun | None:
        """A run that W&B's client told of, by its id."""
        with self._read() as connection:
            return tracking.run(connection, run_id)

    def tracked_runs(self, **where: str) -> list[TrackedRun]:
        """Such runs, oldest first: of an entity, project, name, sweep_id, each if given."""
        with self._read() as connection:
            return tracking.runs(connection, where)

    def tracked_values(self, run_ids: Sequence[str]) -> dict[str, TrackedValues]:
        """Their configurations and summaries, for those that have any."""
        with self._read() as connection:
            return tracking.values(connection, run_ids)

    def tracked_entries(self, column: str, path: Sequence[str], **where: str) -> dict[str, Any]:
        """One entry of the `config` or `summary` of each of the runs, for those that have it."""
        with self._read() as connection:
            return tracking.entries(connection, column, path, where)

    def tracked_projects(self, **where: str) -> list[tuple[str, str, float]]:
        """Each entity and project that has such runs, and when its first began."""
        with self._read() as connection:
            return tracking.projects(connection, where)

    def close(self) -> None:
        """Let go of files and connections."""
        if self._claim is not None:
            self._claim.close()
        self._engine.dispose()

    @staticmethod
    def _one(connection: Connection, table: Table, noun: str, name: str) -> str:
        found = connection.execute(select(table.c.data).where(table.c.id == name)).scalar()
        if found is None:
            known = connection.execute(select(table.c.id)).scalars()
            raise UnknownName(f"{noun} {name}: must exist; {nearest(name, known)}.")
        return str(found)

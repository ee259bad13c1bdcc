"""The one thread that writes: it keeps what waits in groups, one transaction each, and answers when it is on disk.

Why groups, and why one thread: docs/decisions/0003-one-writer-group-commit.md.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from besom.engine import AppendOutput, AppendRows, Instructions, State
from besom.errors import BesomError, StoreError, WrongState
from besom.records import Agent, Record, Run, Sweep, Trial
from besom.server.presence import Presence
from besom.server.states import States
from besom.store.contract import Store
from besom.tracked import TrackedRun, TrackedValues

_GROUP = 256
_SLOW_S = 0.02
"""Asks join a group until it took this long: heartbeats wait for one fit of 50 ms, not for one of each ask."""
_LONG_S = 0.5
"""A group that takes longer to be kept, as where another program has locked the database, was no silence of agents."""

log = logging.getLogger("besom.server")


class Group:
    """What a group of messages has changed so far: later ones see what earlier ones did, and nobody else does yet."""

    def __init__(self, states: States) -> None:
        self._states = states
        self.states: dict[str, State] = {}
        self.records: dict[object, Record] = {}
        self.appends: list[AppendRows | AppendOutput] = []
        self.ended_runs: list[str] = []
        self.forgotten: list[TrackedRun] = []
        self.ahead_s: float | None = None
        """How far the clock is ahead of the steady one, as the states here know it; None: it was not looked at."""

    def state(self, sweep_id: str) -> State:
        """The sweep as the group has left it. Raises UnknownName."""
        return self.states.get(sweep_id) or self._states.get(sweep_id)

    def add(self, state: State, instructions: Instructions) -> Any:
        """Take over the outcome of one message; returns the reply."""
        self.states[state.sweep.id] = state
        for record in instructions.save:
            self.save(record)
        self.appends += [each for each in (instructions.rows, instructions.output) if each is not None]
        self.appends += instructions.histories
        self.ended_runs += instructions.ended_runs
        return instructions.reply

    def save(self, record: Record) -> None:
        """Keep the record, instead of any earlier version of it."""
        self.records[_key(record)] = record

    def tracked(self, run_id: str) -> TrackedRun | None:
        """A run of W&B's client that the group has changed."""
        found = self.records.get((TrackedRun, run_id))
        return found if isinstance(found, TrackedRun) else None

    def tracked_values(self, run_id: str) -> TrackedValues | None:
        """The configuration and summary of such a run, if the group has changed them."""
        found = self.records.get((TrackedValues, run_id))
        return found if isinstance(found, TrackedValues) else None

    def forget(self, run: TrackedRun) -> None:
        """Remove such a run, and what is kept of it."""
        for kind in (TrackedRun, TrackedValues):
            self.records.pop((kind, run.id), None)
        self.forgotten.append(run)

    def keep(self, store: Store) -> None:
        """Write it all in one transaction. Raises StoreError."""
        if not self.records and not self.appends and not self.forgotten:
            return
        with store.transaction():
            store.save(list(self.records.values()))
            rows = (each for each in self.appends if isinstance(each, AppendRows))
            store.append_pieces((each.run_id, each.first_row, each.rows) for each in rows)
            for each in self.appends:
                if isinstance(each, AppendOutput):
                    store.append_output(each.run_id, each.offset, each.text)
            for run in self.forgotten:
                store.forget_tracked(run)


def _key(record: Record) -> object:
    match record:
        case Trial():
            return record.sweep_id, record.number
        case Sweep() | Run() | Agent() | TrackedRun() | TrackedValues():
            return type(record), record.id


@dataclass(slots=True)
class Job:
    """Work for the writer: `work` draws up changes in a group and returns the reply. `is_slow`: it may take a fit."""

    work: Callable[[Group], Any]
    is_slow: bool = False
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Runs jobs in groups on a thread of its own until closed.

    Args:
        store: Where changes are kept.
        states: Where sweeps live; they are replaced there once their changes are kept.
        tick: Job to run every `tick_s` seconds.
        tick_s: None for no timer.
        note_failure: Called when the store could not keep something, or not for so long that agents were kept waiting.
        note_kept: Called with each group that changed something, once that is kept and to be seen; it must be quick.
        reread: Called when the store was away: what it holds may differ from what is known of it.
        note_lost: Called when another process has become the store's owner for good.
    """

    def __init__(
        self,
        store: Store,
        states: States,
        tick: Callable[[Group], Any],
        tick_s: float | None,
        note_failure: Callable[[], None] = lambda: None,
        note_kept: Callable[[Group], None] = lambda _: None,
        reread: Callable[[], None] = lambda: None,
        note_lost: Callable[[WrongState], object] = lambda _: None,
    ) -> None:
        self._store = store
        self._states = states
        self._tick = tick
        self._tick_s = tick_s
        self._note_failure = note_failure
        self._note_kept = note_kept
        self._presence = Presence(store, reread, note_lost)
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._slow: list[Job] = []
        self._to_compact: list[str] = []
        self._closing = False
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="besom-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Group], Any], *, is_slow: bool = False) -> Future[Any]:
        """A future of the reply to `work`, done once its changes are on disk. Raises WrongState when closed."""
        job = Job(work, is_slow)
        with self._sending:
            if self._closing:
                raise WrongState("server: is shutting down, got a message; send it again when it is back.")
            self._inbox.put(job)
        return job.future

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._sending:
            if not self._closing:
                self._closing = True
                self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        tick_at = time.monotonic()
        is_open = True
        while is_open or self._slow:
            quick, is_open_still = self._drain(tick_at)
            is_open = is_open and is_open_still
            self._process(quick)
            self._process(self._some_slow(), _SLOW_S)
            if self._tick_s is not None and time.monotonic() >= tick_at:
                self._presence.doubt()
                self._process([_started(Job(self._tick))])
                tick_at = time.monotonic() + self._tick_s
            if self._inbox.empty() and not self._slow:
                self._compact_one()
        while self._to_compact:
            self._compact_one()

    def _drain(self, tick_at: float) -> tuple[list[Job], bool]:
        """The jobs that wait and are quick, slow ones put aside; and whether more may come."""
        quick: list[Job] = []
        is_idle = not self._slow and not self._to_compact
        timeout = None if self._tick_s is None else max(0.0, tick_at - time.monotonic())
        try:
            job = self._inbox.get(timeout=timeout) if is_idle else self._inbox.get_nowait()
            while job is not None:
                if job.future.set_running_or_notify_cancel():
                    (self._slow if job.is_slow else quick).append(job)
                if len(quick) == _GROUP:
                    return quick, True
                job = self._inbox.get_nowait()
        except queue.Empty:
            return quick, True
        return quick, False

    def _some_slow(self) -> list[Job]:
        group, self._slow = self._slow[:_GROUP], self._slow[_GROUP:]
        return group

    def _process(self, jobs: list[Job], limit_s: float | None = None) -> None:
        """Run jobs as one group; past the limit, the rest waits for the next. Each alone where they cannot be kept."""
        if not jobs:
            return
        if (absence := self._presence.absence()) is not None:
            self._note_failure()
            for job in jobs:
                job.future.set_exception(StoreError(absence))
            return
        group = Group(self._states)
        outcomes: list[tuple[Job, Any, Exception | None]] = []
        until = None if limit_s is None else time.monotonic() + limit_s
        for at, job in enumerate(jobs):
            if until is not None and at and time.monotonic() > until:
                self._slow = jobs[at:] + self._slow
                break
            outcomes.append((job, *_outcome(job, group)))
        began = time.monotonic()
        try:
            group.keep(self._store)
        except Exception as error:  # noqa: BLE001 - every caller of the group gets it; the server lives on
            self._presence.doubt()
            if len(outcomes) == 1:
                self._note_failure()
                _log_unless_ours(error)
                outcomes[0][0].future.set_exception(error)
                return
            for job, _, _ in outcomes:
                self._process([job])
            return
        if time.monotonic() - began > _LONG_S:
            self._note_failure()
        self._states.put(group.states.values())
        self._note_kept(group)
        self._to_compact += group.ended_runs
        for job, reply, refusal in outcomes:
            if refusal is not None:
                job.future.set_exception(refusal)
            else:
                job.future.set_result(reply)

    def _compact_one(self) -> None:
        """Merge the history of a run that has ended; one that cannot be merged now stays as it is, and is whole too."""
        if not self._to_compact:
            return
        run_id = self._to_compact.pop(0)
        try:
            with self._store.transaction():
                self._store.compact(run_id)
        except Exception as error:  # noqa: BLE001 - tidying up must not end the thread that keeps everything
            log.warning("run %s: its history was not merged: %s", run_id, error)


def _started(job: Job) -> Job:
    job.future.set_running_or_notify_cancel()
    return job


def _outcome(job: Job, group: Group) -> tuple[Any, Exception | None]:
    try:
        return job.work(group), None
    except Exception as error:  # noqa: BLE001 - whoever sent the message gets it; the others of the group go on
        _log_unless_ours(error)
        return None, error


def _log_unless_ours(error: Exception) -> None:
    if not isinstance(error, BesomError):
        log.error("a message failed by a bug of besom", exc_info=error)

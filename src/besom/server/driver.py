"""The service in this process: the engine decides, the writer keeps, and reads go past both."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from besom.engine import Message, Tick, create, handle
from besom.errors import UnknownName, WrongState
from besom.records import Agent, Sweep
from besom.server.home import new_sweep_id as random_sweep_id
from besom.server.importing import take_in
from besom.server.reads import Reads
from besom.server.states import States
from besom.server.writer import Group, Writer
from besom.store.contract import Store
from besom.wire import Answer, Ask, Command, Finish, Hello, Import, Receipt, Report

_STEP_S = 1.0
"""A clock that gains or loses more on the steady one between two looks was set."""
_TICKS_ASLEEP = 3
"""So many ticks missed in a row mean that this process or its machine slept: then it was the server that was silent."""


class Driver(Reads):
    """Implements `besom.service.Service` on a store that this process owns.

    Every answer to a message that changes something means that the change is on disk.

    Args:
        store: An open store; it stays open when the driver is closed.
        clock: Seconds since the epoch, UTC.
        new_sweep_id: Gives an id that is likely new.
        tick_s: How often leases and budgets of time are looked at; None for only when `tick` is called.
        steady: Seconds that nobody can set, by which it is noticed that somebody set the clock; None if nobody can.
        note_lost: Called on another thread, once, when another process has become the store's owner.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        new_sweep_id: Callable[[], str] = random_sweep_id,
        tick_s: float | None = 1.0,
        steady: Callable[[], float] | None = None,
        note_lost: Callable[[WrongState], object] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_sweep_id = new_sweep_id
        self._steady = steady or clock
        self._up_since = self._ticked_at = clock()
        self._ahead_s = clock() - self._steady()
        self._longest_nap_s = _TICKS_ASLEEP * tick_s if tick_s is not None else math.inf
        self._has_failed = False
        self._before_ticks: list[Callable[[Group], None]] = []
        self._listeners: list[Callable[[Collection[str], bool], None]] = []
        self._asked, self._tallies = {}, {}
        self._agents = {agent.id: agent for agent in store.agents()}
        self._states = States(store)
        self._writer = Writer(
            store,
            self._states,
            self._tick,
            tick_s,
            self._note_failure,
            self._note_kept,
            reread=self._reread,
            note_lost=note_lost,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was sent, then take no more."""
        self._writer.close()

    # Messages. Those that agents send often can also be sent without waiting for the answer.

    def create_sweep(self, file: Mapping[str, Any], folder: str = "") -> Sweep:
        """A new running sweep from a sweep file's content. Raises SweepFileError."""

        def work(group: Group) -> Any:
            seed = secrets.randbelow(2**31)
            return group.add(*create(self._unused_id(), file, seed, folder, self._clock()))

        sweep: Sweep = self._writer.submit(work, is_slow=True).result()
        return sweep

    def import_trials(self, part: Import) -> Sweep:
        """The sweep with these trials. Raises SweepFileError, ConfigError, OutOfOrder or WrongState."""
        work = self._writer.submit(lambda group: take_in(group, self._states, part, self._clock()), is_slow=True)
        sweep: Sweep = work.result()
        return sweep

    def command(self, sweep_id: str, command: Command) -> Sweep:
        """Carry out a person's wish. Raises WrongState, ConfigError or UnknownName."""

        def work(group: Group) -> Sweep:
            name = self._states.resolve(sweep_id)
            self.handle(group, name, command)
            return group.state(name).sweep

        sweep: Sweep = self._writer.submit(work).result()
        return sweep

    def ask(self, sweep_id: str, ask: Ask) -> Answer:
        """A run for an agent, or when to ask again, or that the sweep has ended. Raises UnknownName."""
        answer: Answer = self.send_ask(sweep_id, ask).result()
        return answer

    def send_ask(self, sweep_id: str, ask: Ask) -> Future[Any]:
        """A future of what `ask` answers."""

        def work(group: Group) -> Any:
            name = self._states.resolve(sweep_id)
            reply = self.handle(group, name, ask)
            self._asked.setdefault(name, set()).add(ask.agent_id)
            self._seen(ask.agent_id, self._clock())
            return reply

        return self._writer.submit(work, is_slow=True)

    def report(self, report: Report) -> Receipt:
        """Keep a run's progress and renew its lease. Raises LeaseLost, OutOfOrder, UnknownName."""
        receipt: Receipt = self.send(report).result()
        return receipt

    def finish(self, finish: Finish) -> None:
        """End a run. Raises LeaseLost, UnknownName."""
        self.send(finish).result()

    def send(self, message: Report | Finish) -> Future[Any]:
        """A future of what `report` or `finish` answers."""

        def work(group: Group) -> Any:
            sweep_id = self._sweep_of(message.run_id, group)
            reply = self.handle(group, sweep_id, message)
            state = group.state(sweep_id)
            others = (run for run in state.live_runs() if run.lease == message.lease)
            self._seen(next(others, state.runs[message.run_id]).agent_id, self._clock())
            return reply

        return self._writer.submit(work)

    def hello(self, hello: Hello) -> None:
        """An agent presents itself, for the first time or again."""
        self._writer.submit(partial(self._hello, hello)).result()

    def bye(self, agent_id: str) -> None:
        """An agent leaves politely. Raises UnknownName."""
        self._writer.submit(partial(self._bye, agent_id)).result()

    def submit(self, work: Callable[[Group], Any]) -> Future[Any]:
        """A future of what `work` returns: it draws up changes in the writer's next group, which keeps them first."""
        return self._writer.submit(work)

    def handle(self, group: Group, sweep_id: str, message: Message) -> Any:
        """Have the engine handle a message inside of `work`; its reply. Raises what the engine does."""
        self._heed_clock(group)
        return group.add(*handle(group.state(sweep_id), message, self._clock()))

    def tick(self) -> None:
        """Take back runs of silent agents and see whether time is up, now."""
        self._writer.submit(self._tick).result()

    def _hello(self, hello: Hello, group: Group) -> None:
        now = self._clock()
        before = self._agents.get(hello.agent_id)
        started_at = before.started_at if before else now
        agent = Agent(hello.agent_id, hello.name, hello.host, hello.pid, tuple(hello.gpus), started_at, seen_at=now)
        self._agents[agent.id] = agent
        group.save(agent)

    def _bye(self, agent_id: str, group: Group) -> None:
        agent = self._agents.get(agent_id)
        if agent is None:
            raise UnknownName(f"agent {agent_id}: must have said hello, but never did; say hello first.")
        now = self._clock()
        gone = replace(agent, seen_at=now, ended_at=agent.ended_at or now)
        self._agents[agent_id] = gone
        group.save(gone)

    def _seen(self, agent_id: str, now: float) -> None:
        """Remember when the agent was last heard of: in memory only, since each of its runs says so on disk."""
        agent = self._agents.get(agent_id)
        if agent is not None:
            self._agents[agent_id] = replace(agent, seen_at=now, ended_at=None)

    def _note_failure(self) -> None:
        """The store could not keep something, heartbeats perhaps, or had everybody wait."""
        self._has_failed = True

    def _reread(self) -> None:
        """Know what the store holds, and no more: as a server that has just begun."""
        self._states.reread()
        self._agents = {agent.id: agent for agent in self._store.agents()}
        self._has_failed = True
        has_agents = True
        for listener in self._listeners:
            listener(self._states.ids(), has_agents)

    def on_change(self, listener: Callable[[Collection[str], bool], None]) -> None:
        """Have the ids of the sweeps that a group of messages changed told, and whether agents came or went.

        `listener` is called on the writer's thread, which everybody waits for, once the changes are kept.
        """
        self._listeners.append(listener)

    def _note_kept(self, group: Group) -> None:
        if group.ahead_s is not None:
            self._ahead_s = group.ahead_s
        self._tell(group)

    def _tell(self, group: Group) -> None:
        if not self._listeners or not (group.states or group.records):
            return
        has_agents = any(isinstance(record, Agent) for record in group.records.values())
        for listener in self._listeners:
            listener(group.states.keys(), has_agents)

    def before_ticks(self, work: Callable[[Group], None]) -> None:
        """Have `work` done before leases are looked at, each time."""
        self._before_ticks.append(work)

    def _tick(self, group: Group) -> None:
        for work in self._before_ticks:
            work(group)
        self._heed_clock(group)
        now = self._clock()
        if self._has_failed or now - self._ticked_at > self._longest_nap_s:
            self._up_since, self._has_failed = now, False
        self._ticked_at = now
        self._tell_time(group)

    def _heed_clock(self, group: Group) -> None:
        """Where somebody set the clock, have all sweeps know before anything is reckoned by it.

        Where the group cannot be kept, they do not know it yet: the next one sees the same step again.
        """
        ahead_s = self._clock() - self._steady()
        stepped_s = ahead_s - (self._ahead_s if group.ahead_s is None else group.ahead_s)
        group.ahead_s = ahead_s
        if abs(stepped_s) > _STEP_S:
            self._up_since = self._ticked_at = self._clock()
            self._tell_time(group, stepped_s)

    def _tell_time(self, group: Group, stepped_s: float = 0.0) -> None:
        now = self._clock()
        for sweep_id in self.unfinished():
            after, instructions = handle(group.state(sweep_id), Tick(self._up_since, stepped_s), now)
            if instructions.save:
                group.add(after, instructions)

    def _unused_id(self) -> str:
        while True:
            sweep_id = self._new_sweep_id()
            if not self._states.knows(sweep_id):
                return sweep_id

    def _sweep_of(self, run_id: str, group: Group) -> str:
        held = (name for name, state in group.states.items() if run_id in state.runs)
        return next(held, None) or self._states.sweep_of_run(run_id)

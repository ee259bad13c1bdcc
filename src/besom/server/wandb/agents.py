"""W&B's agents: they ask by heartbeats, every five seconds, and are told by commands."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besom.engine import State
from besom.errors import LeaseLost, UnknownName
from besom.records import Run, RunState
from besom.server.driver import Driver
from besom.server.wandb.caller import AGENT, as_args
from besom.server.wandb.ends import Ends
from besom.server.wandb.tracker import Tracker
from besom.wire import Ask, Assignment, Done, Hello, Report

_AT_ONCE_S = 3.0
"""An agent that starts processes waits five seconds before its first heartbeat; one that calls a function does not."""
_USUAL_PAUSE_S = (3.5, 12.0)
"""A heartbeat that comes so long after the one before means that its answer arrived."""
_GRACE_S, _GRACE_SHARE = 20.0, 0.1
"""How long a script may take to see for itself that it is to stop: the client looks every 15 s. At most this share of
the time that it has run, since a short one would end first."""
_GONE_S = 10.0
"""A process that is away for so long has ended without a word."""

Command = dict[str, Any]


@dataclass(slots=True)
class _Known:
    """What is remembered of an agent while the server is up; without it, it is only served less finely."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    created_at: float = 0.0
    calls_function: bool | None = None
    beat_at: float = 0.0
    seen: set[str] = field(default_factory=set)
    missing_since: dict[str, float] = field(default_factory=dict)
    ordered_at: dict[str, float] = field(default_factory=dict)


class Agents:
    """Serves W&B's agents as the engine serves ours."""

    def __init__(self, tracker: Tracker, ends: Ends) -> None:
        self._ends = ends
        self._driver: Driver = tracker.driver
        self._known: dict[str, _Known] = {}
        self._clock = time.monotonic

    def create(self, sweep_id: str, host: str) -> str:
        """The id of a new agent of the sweep. Raises UnknownName."""
        self._driver.state(sweep_id)
        agent_id = f"{AGENT}-{sweep_id}-{secrets.token_hex(4)}"
        self._driver.hello(Hello(agent_id, f"{host or 'agent'}-{agent_id[-4:]}", host, 0))
        self._known[agent_id] = _Known(created_at=self._clock())
        return agent_id

    def beat(self, agent_id: str, alive: Mapping[str, Any]) -> list[Command]:
        """Commands for an agent whose processes of these runs are alive.

        Raises:
            UnknownName: There is no such agent, or its sweep is gone.
        """
        sweep_id = self._sweep_of(agent_id)
        known = self._known.setdefault(agent_id, _Known())
        with known.lock:
            now = self._clock()
            if known.calls_function is None and known.created_at:
                known.calls_function = now - known.created_at < _AT_ONCE_S
            running = {name for name, is_alive in alive.items() if is_alive}
            known.seen |= running
            commands = self._look_after(agent_id, sweep_id, known, running, now)
            known.beat_at = now
            if not running and not commands:
                commands = self._next(agent_id, sweep_id)
            return commands

    def _sweep_of(self, agent_id: str) -> str:
        parts = agent_id.split("-")
        if len(parts) != 3 or parts[0] != AGENT or not self._driver.knows_agent(agent_id):
            raise UnknownName(f"agent {agent_id}: must have been created, but was not; start `wandb agent` anew.")
        return parts[1]

    def _look_after(self, agent_id: str, sweep_id: str, known: _Known, running: set[str], now: float) -> list[Command]:
        """Renew the leases of what is alive, end what is not, and pass on orders to stop."""
        state = self._driver.state(sweep_id)
        commands: list[Command] = []
        for run in state.live_runs():
            if run.agent_id != agent_id:
                continue
            if run.id in running:
                known.missing_since.pop(run.id, None)
                commands += self._stop_if_told(state, run, known, now)
            elif self._may_be_lost(run, known, now):
                commands.append(_start(state, run))
            else:
                self._miss(run, known, now)
        for run_id in running:
            gone = state.runs.get(run_id)
            if gone is not None and gone.state in (RunState.LOST, RunState.STOPPED, RunState.PAUSED):
                commands.append(_stop(run_id))  # the trial goes on elsewhere, or not at all
        return commands

    def _stop_if_told(self, state: State, run: Run, known: _Known, now: float) -> list[Command]:
        try:
            receipt = self._driver.report(Report(run.id, run.lease, run.rows, output_from=run.output_bytes))
        except LeaseLost:
            return []
        if receipt.order == "continue":
            return []
        ordered_at = known.ordered_at.setdefault(run.id, now)
        grace_s = min(_GRACE_S, _GRACE_SHARE * (self._driver.now() - run.started_at))
        is_due = known.calls_function is not False or now - ordered_at >= grace_s
        return [_stop(run.id)] if is_due or receipt.kill else []

    def _may_be_lost(self, run: Run, known: _Known, now: float) -> bool:
        """Whether the answer that gave out the run may not have arrived: nobody has heard of the run since.

        Of a server that has come back nothing is known of the heartbeat before; it gives the run once more too.
        """
        has_begun = run.id in known.seen or self._driver.store.tracked_run(run.id) is not None
        return not has_begun and not _USUAL_PAUSE_S[0] <= now - known.beat_at <= _USUAL_PAUSE_S[1]

    def _miss(self, run: Run, known: _Known, now: float) -> None:
        """A process is gone. If it has not said how it ended, what it logged last may still come in."""
        since = known.missing_since.setdefault(run.id, now)
        tracked = self._driver.store.tracked_run(run.id)
        is_quiet = tracked is not None and tracked.exit_code is None
        if is_quiet and now - since < _GONE_S:
            return
        self._ends.end(run.sweep_id, run.id)

    def _next(self, agent_id: str, sweep_id: str) -> list[Command]:
        """A run to begin, or the end; nothing where there is nothing to do now."""
        if any(run.agent_id == agent_id for run in self._driver.state(sweep_id).live_runs()):
            return []  # one has just ended, and its last words are awaited
        answer = self._driver.ask(sweep_id, Ask(agent_id, secrets.token_hex(8), self._driver.host_of(agent_id)))
        if isinstance(answer, Assignment):
            state = self._driver.state(sweep_id)
            return [_start(state, state.runs[answer.run_id])]
        if isinstance(answer, Done):
            self._driver.bye(agent_id)
            return [{"type": "exit"}]
        return []


def _start(state: State, run: Run) -> Command:
    config = state.plan.config_of_repeat(state.trials[run.trial].config, run.repeat)
    return {"type": "run", "run_id": run.id, "program": state.plan.file.program, "args": as_args(config)}


def _stop(run_id: str) -> Command:
    return {"type": "stop", "run_id": run_id}

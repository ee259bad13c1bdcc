"""What is asked of a driver: read from states, which never change, or from the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from besom.engine import State
from besom.errors import UnknownName
from besom.records import Agent, Run, Sweep, Trial
from besom.server import readings
from besom.server.states import States
from besom.service import MetricCurve, Progress
from besom.store.contract import Store

_LATELY_S = 120.0


class Reads:
    """The half of `besom.service.Service` that changes nothing; `Driver` adds the other."""

    _store: Store
    _states: States
    _agents: dict[str, Agent]
    _clock: Callable[[], float]
    _asked: dict[str, set[str]]
    """Agents that asked for runs of each sweep, since this server began."""

    @property
    def store(self) -> Store:
        """Where everything is kept; to read from."""
        return self._store

    def now(self) -> float:
        """Seconds since the epoch, UTC, by the driver's clock."""
        return self._clock()

    def state(self, sweep_id: str) -> State:
        """All that is known of the sweep with this very id. Raises UnknownName."""
        return self._states.get(sweep_id)

    def unfinished(self) -> list[str]:
        """Ids of the sweeps that time matters to: not ended, or with runs under way."""
        return [state.sweep.id for state in self._states.unfinished()]

    def run(self, sweep_id: str, run_id: str) -> Run | None:
        """One run of the sweep with this very id; None where it has none such."""
        state = self._states.cached(sweep_id)
        if state is not None:
            return state.runs.get(run_id)
        return self._store.run(run_id) if self._states.find_run(run_id) == sweep_id else None

    def knows_sweep(self, sweep_id: str) -> bool:
        """Whether there is a sweep with this very id."""
        return self._states.knows(sweep_id)

    def knows_agent(self, agent_id: str) -> bool:
        """Whether an agent has said hello."""
        return agent_id in self._agents

    def host_of(self, agent_id: str) -> str:
        """The machine that an agent is on; empty if unknown."""
        agent = self._agents.get(agent_id)
        return agent.host if agent else ""

    def sweep_of_run(self, run_id: str) -> str | None:
        """The id of the sweep that a run is of; None where there is no such run."""
        return self._states.find_run(run_id)

    def sweeps(self) -> list[Sweep]:
        """All sweeps, newest first."""
        return self._store.sweeps()

    def sweep(self, sweep_id: str) -> Sweep:
        """One sweep by its id, the beginning of it, or `entity/project/id`. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        state = self._states.cached(name)
        return state.sweep if state else self._store.sweep(name)

    def progress(self, sweep_id: str) -> Progress:
        """Where a sweep stands. Raises UnknownName."""
        now = self._clock()
        state = self._states.get(self._states.resolve(sweep_id))
        of_sweep = {run.agent_id for run in state.runs.values()} | self._asked.get(state.sweep.id, set())
        lately = [each for each in self.agents() if each.ended_at is None and each.seen_at > now - _LATELY_S]
        return readings.progress(state, [each for each in lately if each.id in of_sweep], now)

    def trials(self, sweep_id: str) -> list[Trial]:
        """Its trials, by number. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        state = self._states.cached(name)
        return sorted(state.trials.values(), key=lambda trial: trial.number) if state else self._store.trials(name)

    def trial(self, sweep_id: str, number: int) -> Trial:
        """One trial. Raises UnknownName."""
        trials = self.trials(sweep_id)
        found = next((trial for trial in trials if trial.number == number), None)
        if found is None:
            there = f"1 to {trials[-1].number}" if trials else "none yet"
            raise UnknownName(f"trial {number}: must be one of sweep {sweep_id}, which has {there}; name one of these.")
        return found

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]:
        """Its runs in order of their lease; of one trial if named. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        if trial is not None:
            self.trial(name, trial)
        state = self._states.cached(name)
        if state is None:
            return self._store.runs(name, trial)
        runs = state.runs.values() if trial is None else state.runs_of(trial)
        return sorted(runs, key=lambda run: run.lease)

    def agents(self) -> list[Agent]:
        """All agents, in order of their start."""
        return sorted(self._agents.copy().values(), key=lambda agent: (agent.started_at, agent.id))

    def metrics(self, run_id: str) -> list[str]:
        """Names of a run's numeric metrics, in order of first appearance. Raises UnknownName."""
        self._states.sweep_of_run(run_id)
        return self._store.metrics(run_id)

    def curves(
        self, sweep_id: str, metric: str, x: str = "_step", trial: int | None = None, points: int = 500
    ) -> list[MetricCurve]:
        """One metric of all runs of the sweep (or of one trial) that logged it, against another. Raises UnknownName."""
        return readings.curves(self._store, self.runs(sweep_id, trial), metric, x, points)

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """History rows as logged, in order. Raises UnknownName."""
        self._states.sweep_of_run(run_id)
        return list(self._store.rows(run_id, first, limit))

    def output(self, run_id: str, offset: int = 0) -> str:
        """The program's output from byte `offset`; negative counts from the end. Raises UnknownName."""
        self._states.sweep_of_run(run_id)
        return self._store.output(run_id, offset)

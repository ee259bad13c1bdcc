"""What is asked of a driver: read from states, which never change, or from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from besom.engine import State
from besom.errors import UnknownName
from besom.records import Agent, Run, Sweep, Trial
from besom.server import readings
from besom.server.states import States
from besom.server.tally import Tally
from besom.service import MetricCurve, Progress
from besom.store.contract import Floats, Store

_LATELY_S = 120.0
_TALLIES_KEPT = 64


class Reads:
    """The half of `besom.service.Service` that changes nothing; `Driver` adds the other."""

    _store: Store
    _states: States
    _agents: dict[str, Agent]
    _clock: Callable[[], float]
    _asked: dict[str, set[str]]
    """Agents that asked for runs of each sweep, since this server began."""
    _tallies: dict[str, Tally]

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

    def is_live(self, sweep_id: str) -> bool:
        """Whether the sweep with this very id has not ended, or has runs under way."""
        return self._states.is_live(sweep_id)

    def version(self, sweep_id: str) -> int:
        """A number that grows whenever the sweep with this very id changes."""
        return self._states.version(sweep_id)

    def resolve(self, name: str) -> str:
        """The id of the sweep that an id, the beginning of it, or `entity/project/id` means. Raises UnknownName."""
        return self._states.resolve(name)

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

    def askers(self, sweep_id: str) -> frozenset[str]:
        """Ids of agents that asked for runs of the sweep with this very id, since this server began."""
        return frozenset(self._asked.get(sweep_id, ()))

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
        state = self._states.look(self._states.resolve(sweep_id))
        of_sweep = {run.agent_id for run in state.live_runs()} | self._asked.get(state.sweep.id, set())
        lately = [each for each in self.agents() if each.ended_at is None and each.seen_at > now - _LATELY_S]
        with self._tally(state) as tally:
            return readings.progress(state, tally, [each for each in lately if each.id in of_sweep], now)

    def best_so_far(self, sweep_id: str, goal: str) -> Floats:
        """The best value after each trial that ended with one, in the order in which they did. Raises UnknownName."""
        with self._tally(self._states.look(self._states.resolve(sweep_id))) as tally:
            return tally.best_so_far(goal)

    @contextmanager
    def _tally(self, state: State) -> Iterator[Tally]:
        """Counts of the state's trials, while nobody else has them."""
        sweep_id = state.sweep.id
        tally = self._tallies.get(sweep_id) or self._tallies.setdefault(sweep_id, Tally())
        if len(self._tallies) > _TALLIES_KEPT:
            self._tallies.pop(next(iter(self._tallies)), None)
        with tally.lock:
            tally.follow(state.trials)
            yield tally

    def trials(self, sweep_id: str) -> list[Trial]:
        """Its trials, by number. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        state = self._states.known(name)
        return sorted(state.trials.values(), key=attrgetter("number")) if state else self._store.trials(name)

    def trial(self, sweep_id: str, number: int) -> Trial:
        """One trial. Raises UnknownName."""
        state = self._states.known(self._states.resolve(sweep_id))
        if state is not None and number in state.trials:
            return state.trials[number]
        trials = self.trials(sweep_id)
        found = next((trial for trial in trials if trial.number == number), None)
        if found is None:
            there = f"1 to {trials[-1].number}" if trials else "none yet"
            raise UnknownName(f"trial {number}: must be one of sweep {sweep_id}, which has {there}; name one of these.")
        return found

    def has_trial(self, sweep_id: str, number: int) -> bool:
        """Whether the sweep with this very id has a trial of this number."""
        state = self._states.known(sweep_id)
        if state is not None:
            return number in state.trials
        if self._store.runs(sweep_id, number):  # less to read than all trials, of which few never had a run
            return True
        return any(trial.number == number for trial in self._store.trials(sweep_id))

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]:
        """Its runs in order of their lease; of one trial if named. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        if trial is not None:
            self.trial(name, trial)
        state = self._states.known(name)
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
        self,
        sweep_id: str,
        metric: str,
        x: str = "_step",
        trial: int | None = None,
        points: int = 500,
        trials: Sequence[int] | None = None,
    ) -> list[MetricCurve]:
        """One metric of all runs that logged it, against another; or of one trial, or of some. Raises UnknownName."""
        runs = self.runs(sweep_id, trial) if trials is None else self.runs_of(sweep_id, trials)
        return readings.curves(self._store, runs, metric, x, points)

    def runs_of(self, sweep_id: str, trials: Sequence[int]) -> list[Run]:
        """The runs of these trials; of those that there are not, none. Raises UnknownName."""
        name = self._states.resolve(sweep_id)
        state = self._states.known(name)
        if state is not None:
            return [run for number in dict.fromkeys(trials) for run in state.runs_of(number)]
        wanted = set(trials)
        return [run for run in self._store.runs(name) if run.trial in wanted]

    def summaries(self, sweep_id: str, trial: int | None = None) -> dict[str, dict[str, Any]]:
        """What each run, or each of one trial, ended with: see `Service.summaries`. Raises UnknownName."""
        return readings.summaries(self._store, self.runs(sweep_id, trial))

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """History rows as logged, in order. Raises UnknownName."""
        self._states.sweep_of_run(run_id)
        return list(self._store.rows(run_id, first, limit))

    def resource_rows(self, run_id: str) -> list[dict[str, Any]]:
        """What a run used over time, keys as in `wire.Report.samples`; at most some 2,000 rows. Raises UnknownName."""
        sweep_id = self._states.find_run(run_id)
        run = self.run(sweep_id, run_id) if sweep_id else None
        tracked = None if run is not None and run.samples else self._store.tracked_run(run_id)
        if run is None and tracked is None:
            self._states.sweep_of_run(run_id)
        return readings.resource_rows(self._store, run, tracked)

    def output(self, run_id: str, offset: int = 0) -> str:
        """The program's output from byte `offset`; negative counts from the end. Raises UnknownName."""
        self._states.sweep_of_run(run_id)
        return self._store.output(run_id, offset)

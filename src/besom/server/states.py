"""Sweeps in memory: loaded when first needed, replaced when changed, let go some time after they ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from besom.engine import State, compile_plan, curve_from_columns, restore
from besom.errors import SweepFileError, UnknownName, nearest
from besom.records import Curve, Run, Sweep
from besom.server.glances import Glances
from besom.store.contract import Store

_ENDED_KEPT = 8


class States:
    """Every sweep's latest state. Any thread may read; only the writer puts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loading = threading.Lock()
        self._states: dict[str, State] = {}
        self._ids = {sweep.id: not sweep.state.has_ended for sweep in store.sweeps()}
        self._sweep_of_run: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._glances = Glances(store)

    def get(self, sweep_id: str) -> State:
        """The sweep with this very id. Raises UnknownName, StoreError; SweepFileError if this version cannot run it."""
        state = self._states.get(sweep_id)
        if state is not None:
            return state
        with self._loading:
            state = self._states.get(sweep_id)
            if state is None:
                state = _load(self._store, self._store.sweep(sweep_id))
                self._put(state)
            return state

    def known(self, sweep_id: str) -> State | None:
        """The sweep to be looked at, if it is in memory."""
        return self._states.get(sweep_id) or self._glances.known(sweep_id, self.version(sweep_id))

    def look(self, sweep_id: str) -> State:
        """The sweep with this very id, to be looked at and not to be decided from. Raises as `get`."""
        state = self._states.get(sweep_id)
        if state is None and sweep_id in self._ids and not self._ids[sweep_id]:
            return self._glances.get(sweep_id, self.version(sweep_id))
        return state or self.get(sweep_id)

    def reread(self) -> None:
        """Let go of all that is in memory: the store may hold more, or less. Raises StoreError, and changes nothing."""
        with self._loading:
            ids = {sweep.id: not sweep.state.has_ended for sweep in self._store.sweeps()}
            for sweep_id in self._ids | ids:
                self._versions[sweep_id] = self._versions.get(sweep_id, 0) + 1
            self._ids, self._states, self._sweep_of_run = ids, {}, {}

    def ids(self) -> list[str]:
        """Ids of all sweeps."""
        return list(self._ids)

    def knows(self, sweep_id: str) -> bool:
        """Whether there is a sweep with this very id."""
        return sweep_id in self._ids

    def is_live(self, sweep_id: str) -> bool:
        """Whether the sweep has not ended, or has runs under way."""
        return self._ids.get(sweep_id, False)

    def version(self, sweep_id: str) -> int:
        """A number that grows whenever the sweep changes; what has the same is the same."""
        return self._versions.get(sweep_id, 0)

    def cached(self, sweep_id: str) -> State | None:
        """The state, if it is in memory."""
        return self._states.get(sweep_id)

    def put(self, states: Iterable[State]) -> None:
        """Replace states by newer ones, and let go of those that ended longest ago."""
        with self._loading:
            for state in states:
                self._put(state)
                self._versions[state.sweep.id] = self._versions.get(state.sweep.id, 0) + 1
            ended = [name for name, state in self._states.items() if state.sweep.state.has_ended and not state.live]
            for name in ended[:-_ENDED_KEPT]:
                del self._states[name]

    def _put(self, state: State) -> None:
        sweep = state.sweep
        self._states[sweep.id] = state
        self._ids[sweep.id] = not sweep.state.has_ended or bool(state.live)
        for run_id in state.live:
            self._sweep_of_run[run_id] = sweep.id

    def unfinished(self) -> list[State]:
        """Sweeps that time matters to: not ended, or with runs under way. Left out is what this version cannot run."""
        states = []
        for sweep_id in [name for name, is_live in self._ids.items() if is_live]:
            try:
                states.append(self.get(sweep_id))
            except (SweepFileError, UnknownName):
                self._ids[sweep_id] = False
        return states

    def resolve(self, name: str) -> str:
        """The id of the sweep that is meant by an id, the beginning of just one, or `entity/project/id`.

        Raises:
            UnknownName: None or several are meant.
        """
        wanted = name.rstrip("/").rsplit("/", 1)[-1]
        if wanted in self._ids:
            return wanted
        meant = [each for each in list(self._ids) if wanted and each.startswith(wanted)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            several = ", ".join(sorted(meant))
            raise UnknownName(f"sweep {name}: must be the beginning of one id, got that of {several}; name one.")
        raise UnknownName(f"sweep {name}: must exist; {nearest(wanted, self._ids)}.")

    def sweep_of_run(self, run_id: str) -> str:
        """The id of the sweep that a run belongs to. Raises UnknownName."""
        return self.find_run(run_id) or self._store.run(run_id).sweep_id

    def find_run(self, run_id: str) -> str | None:
        """The id of the sweep that a run belongs to; None where there is no such run."""
        sweep_id = self._sweep_of_run.get(run_id) or self._store.sweep_of_run(run_id)
        if sweep_id is not None:
            self._sweep_of_run[run_id] = sweep_id
        return sweep_id


def _load(store: Store, sweep: Sweep) -> State:
    trials, runs = store.trials(sweep.id), store.runs(sweep.id)
    return restore(sweep, trials, runs, _curves(store, sweep, runs))


def _curves(store: Store, sweep: Sweep, runs: list[Run]) -> dict[str, Curve]:
    plan = compile_plan(sweep.file)
    if plan.metric is None:
        return {}
    ids = [run.id for run in runs]
    values = store.columns(ids, plan.metric)
    counted = store.columns(ids, plan.fidelity_metric) if plan.fidelity_metric else values
    return {
        run.id: curve_from_columns(
            plan,
            values[run.id].rows,
            values[run.id].values,
            counted[run.id].rows,
            counted[run.id].values,
            run.first_fidelity,
        )
        for run in runs
    }

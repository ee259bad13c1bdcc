"""Runs as W&B's client tells of them: begun, changed, found and let go."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from besom.encoding import strict
from besom.engine import State
from besom.errors import UnknownName
from besom.records import Run, Sweep
from besom.server.driver import Driver
from besom.server.wandb.caller import Caller, checked_path, path_of
from besom.server.wandb.graphql import NotSupported
from besom.server.wandb.ids import names_of
from besom.server.wandb.values import read_mapping
from besom.server.writer import Group
from besom.tracked import ENTITY, PROJECT, TrackedRun, TrackedValues, plain_id

DELETED = ""
"""Entity and project of a trial's run that clients shall see no more."""
_RESUMING_S = 600.0
_SILENT_S = 60.0
"""A living process says something at least every 30 s."""
_TEXTS = {
    "displayName": "display_name",
    "notes": "notes",
    "groupName": "group",
    "jobType": "job_type",
    "host": "host",
    "jobProgram": "program",
    "commit": "commit",
    "jobRepo": "repo",
}
"""Inputs of `upsertBucket`, and the fields that they are kept in."""


@dataclass(frozen=True, slots=True)
class Upserted:
    """A run after `upsertBucket`, and whether there was none before."""

    run: TrackedRun
    values: TrackedValues
    is_new: bool


class Tracker:
    """Tracked runs: found, begun, changed, and let go. Every change is on disk when it returns."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._store = driver.store
        self._resuming: dict[str, float] = {}

    def find(self, entity: str, project: str, name: str) -> TrackedRun | None:
        """The run that clients know by these names; None where none has begun."""
        plain = self._store.tracked_run(plain_id(entity, project, name))
        if plain is not None:
            return plain
        of_trial = self._store.tracked_run(name)
        if of_trial is not None and (of_trial.entity, of_trial.project) == (entity, project):
            return of_trial
        return None

    def by_id(self, node: object) -> TrackedRun:
        """The run with this node id. Raises UnknownName."""
        (run_id,) = names_of("Run", node)
        found = self._store.tracked_run(run_id) or self._of_trial(run_id)
        if found is None:
            raise UnknownName(f"run {run_id}: must exist, but does not; it may have been deleted.")
        return found

    def _of_trial(self, run_id: str) -> TrackedRun | None:
        """A trial's run that no client began; it is kept as a tracked one when somebody changes it."""
        sweep_id = self.driver.sweep_of_run(run_id)
        run = self.driver.run(sweep_id, run_id) if sweep_id else None
        return None if run is None else _as_tracked(self.driver.sweep(run.sweep_id), run, run.started_at)

    def values(self, run_id: str) -> TrackedValues:
        """Configuration and summary of a run."""
        return self._store.tracked_values([run_id]).get(run_id) or TrackedValues(run_id)

    def will_resume(self, run_id: str) -> None:
        """Note that a client asked where to go on: its next upsert begins nothing anew. Old ones do not say so then."""
        now = time.monotonic()
        self._resuming = {each: at for each, at in self._resuming.items() if now - at < _RESUMING_S}
        self._resuming[run_id] = now

    def upsert(self, given: Mapping[str, Any], caller: Caller) -> Upserted:
        """Begin or change a run, as `upsertBucket` wants it. Raises UnknownName for an id or sweep that is none."""
        known = self.by_id(given["id"]) if given.get("id") else None
        entity = known.entity if known else str(given.get("entityName") or ENTITY)
        project = known.project if known else str(given.get("modelName") or PROJECT)
        name = known.name if known else str(given.get("name") or "")
        if not name:
            raise UnknownName("run: upsertBucket needs a name or an id, got neither; name the run.")
        if known is None:
            checked_path(entity, project)
        _refuse_fork(read_mapping(given.get("config")))
        sweep_id = str(given.get("sweep") or "").rsplit("/", 1)[-1]

        def work(group: Group) -> Upserted:
            before = self.current(group, known.id) or known if known else self._found(group, entity, project, name)
            run = before or self._begun(group, entity, project, name, sweep_id)
            values = self._values_in(group, run.id)
            if given.get("host") and before is not None:
                run, values = self._started_again(run, values, given, caller)
            run, values = _changed(run, values, given)
            run = replace(run, heartbeat_at=self.driver.now())
            group.save(run)
            group.save(values)
            return Upserted(run, values, before is None)

        upserted: Upserted = self.driver.submit(work).result()
        return upserted

    def _started_again(
        self, run: TrackedRun, values: TrackedValues, given: Mapping[str, Any], caller: Caller
    ) -> tuple[TrackedRun, TrackedValues]:
        """The run when a process begins under its name: it goes on where it resumes, and counts from 0 where not."""
        resumes = run.id in self._resuming if caller.is_legacy else bool(given.get("id")) or run.id in self._resuming
        self._resuming.pop(run.id, None)
        has_ended, is_silent = not run.is_live, self.driver.now() - run.heartbeat_at > _SILENT_S
        run = replace(run, state="running", exit_code=None, is_stopped=False)
        if resumes:
            lines = {kind: getattr(run, kind).resumed() for kind in ("history", "events", "output")}
            return replace(run, **lines), values
        if run.of_trial and not has_ended and not is_silent:
            return run, values  # another process of the same program: each rank of several calls `wandb.init`
        lines = {kind: getattr(run, kind).restarted() for kind in ("history", "events", "output")}
        return replace(run, **lines, held=None), replace(values, summary={})

    def _begun(self, group: Group, entity: str, project: str, name: str, sweep_id: str) -> TrackedRun:
        """A new run: one of a trial where an agent was given it, else one that stands for itself."""
        now = self.driver.now()
        if sweep_id:
            group.state(sweep_id)  # raises for one that there is not
        of_sweep = self.driver.sweep_of_run(name)
        if of_sweep is not None and self._is_meant(group.state(of_sweep), entity, project, sweep_id):
            sweep = group.state(of_sweep)
            return _as_tracked(sweep.sweep, sweep.runs[name], now)
        run_id = plain_id(entity, project, name)
        return TrackedRun(run_id, entity, project, name, now, now, sweep_id, display_name=name, history_id=run_id)

    @staticmethod
    def _is_meant(state: State, entity: str, project: str, sweep_id: str) -> bool:
        """Whether a run's name is meant for that of the sweep's run, not by chance the same."""
        return sweep_id == state.sweep.id if sweep_id else path_of(state.sweep) == (entity, project)

    def change(self, run_id: str, **changes: Any) -> TrackedRun:
        """Change fields of a run. Raises UnknownName."""

        def work(group: Group) -> TrackedRun:
            run = self.current(group, run_id)
            if run is None:
                raise UnknownName(f"run {run_id}: must exist, but does not; it may have been deleted.")
            changed = replace(run, **changes)
            group.save(changed)
            return changed

        changed: TrackedRun = self.driver.submit(work).result()
        return changed

    def delete(self, run: TrackedRun) -> None:
        """Remove a run. One of a trial stays in its sweep, which learned from it: clients no longer see it."""

        def work(group: Group) -> None:
            if run.of_trial:
                group.save(replace(run, entity=DELETED, project=DELETED, sweep_id=""))
            else:
                group.forget(run)

        self.driver.submit(work).result()

    # Inside of a group: what it has changed so far comes before what is kept.

    def current(self, group: Group, run_id: str) -> TrackedRun | None:
        """A run as the group has left it."""
        return group.tracked(run_id) or self._store.tracked_run(run_id)

    def _found(self, group: Group, entity: str, project: str, name: str) -> TrackedRun | None:
        for run_id in (plain_id(entity, project, name), name):
            run = self.current(group, run_id)
            if run is not None and (run_id != name or (run.entity, run.project) == (entity, project)):
                return run
        return None

    def _values_in(self, group: Group, run_id: str) -> TrackedValues:
        return group.tracked_values(run_id) or self.values(run_id)


def _as_tracked(sweep: Sweep, run: Run, began_at: float) -> TrackedRun:
    """The run of a trial, as one that a client begins."""
    shown = f"trial-{run.trial}" + (f"-repeat-{run.repeat}" if run.repeat else "")
    entity, project = path_of(sweep)
    begun = TrackedRun(run.id, entity, project, run.id, began_at, began_at, sweep.id, of_trial=True)
    return replace(begun, display_name=shown, history_id=run.id)


def run_of(state: State, tracked: TrackedRun) -> Run | None:
    """The engine's run that a tracked one is; None for one that stands for itself."""
    return state.runs.get(tracked.id) if tracked.of_trial else None


def _refuse_fork(config: Mapping[str, Any]) -> None:
    """Raise NotSupported for a run that is to begin as a copy of another's first steps."""
    own = (config.get("_wandb") or {}).get("value") or {}
    if isinstance(own, Mapping) and own.get("branch_point"):
        raise NotSupported("fork_from: besom cannot begin a run as a copy of another; use resume, or begin it anew.")


def _changed(run: TrackedRun, values: TrackedValues, given: Mapping[str, Any]) -> tuple[TrackedRun, TrackedValues]:
    """The run with what `upsertBucket` gives; what it leaves out stays."""
    changes: dict[str, Any] = {kept: str(given[name]) for name, kept in _TEXTS.items() if given.get(name) is not None}
    if given.get("description") is not None and given.get("notes") is None:
        changes["notes"] = str(given["description"])
    if given.get("tags") is not None:
        changes["tags"] = tuple(str(tag) for tag in given["tags"])
    if given.get("config") is not None:
        values = replace(values, config=strict(read_mapping(given["config"])))
    if given.get("summaryMetrics") is not None:
        values = replace(values, summary=strict(read_mapping(given["summaryMetrics"])))
    return replace(run, **changes), values

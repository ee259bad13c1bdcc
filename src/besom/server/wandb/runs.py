"""Runs as W&B's API lists them: those that its client told of, and those of trials that never used it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from besom.encoding import strict
from besom.errors import MessageError
from besom.records import Run, RunState, Sweep
from besom.server.wandb import filters
from besom.server.wandb.caller import as_args, instant, path_of
from besom.server.wandb.history import History
from besom.server.wandb.tracker import DELETED, Tracker
from besom.server.wandb.values import looked_up
from besom.tracked import ENTITY, Lines, TrackedRun, TrackedValues

_SILENT_S = 300.0
_STATES = {
    RunState.RUNNING: "running",
    RunState.FINISHED: "finished",
    RunState.STOPPED: "killed",
    RunState.PAUSED: "preempted",
    RunState.FAILED: "failed",
    RunState.LOST: "crashed",
}
_FIELDS: dict[str, Callable[[TrackedRun], Any]] = {
    "name": lambda run: run.name,
    "display_name": lambda run: run.display_name,
    "sweep": lambda run: run.sweep_id,
    "group": lambda run: run.group,
    "job_type": lambda run: run.job_type,
    "tags": lambda run: run.tags,
    "notes": lambda run: run.notes,
    "host": lambda run: run.host,
    "username": lambda _: ENTITY,
    "created_at": lambda run: instant(run.created_at),
    "heartbeat_at": lambda run: instant(run.heartbeat_at),
    "duration": lambda run: run.heartbeat_at - run.created_at,
}
_OTHER_NAMES = {
    "displayName": "display_name",
    "jobType": "job_type",
    "createdAt": "created_at",
    "heartbeatAt": "heartbeat_at",
    "user": "username",
    "user.username": "username",
    "sweepName": "sweep",
}


class Runs:
    """Finds runs by name, filter and order, and says what was measured of them."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._driver = tracker.driver
        self._store = tracker.driver.store

    def find(self, entity: str, project: str, name: str) -> TrackedRun | None:
        """The run that clients know by these names; None where there is none."""
        tracked = self._tracker.find(entity, project, name)
        if tracked is not None:
            return self._shown(tracked)
        sweep_id = self._driver.sweep_of_run(name)
        sweep = self._driver.sweep(sweep_id) if sweep_id else None
        if sweep is None or path_of(sweep) != (entity, project) or self._store.tracked_run(name) is not None:
            return None  # there is none, or it was deleted
        run = self._driver.run(sweep.id, name)
        return _of_trial(sweep, run) if run else None

    def listed(self, entity: str, project: str, sweep_id: str | None = None) -> list[TrackedRun]:
        """All runs of a project, or of one of its sweeps, oldest first."""
        narrow = {"sweep_id": sweep_id} if sweep_id else {}
        tracked = self._store.tracked_runs(entity=entity, project=project, **narrow)
        known = {run.id for run in [*tracked, *self._store.tracked_runs(entity=DELETED)]}
        sweeps = [self._driver.sweep(sweep_id)] if sweep_id else self._driver.sweeps()
        others = [
            _of_trial(sweep, run)
            for sweep in sweeps
            if path_of(sweep) == (entity, project)
            for run in self._driver.runs(sweep.id)
            if run.id not in known
        ]
        shown = [*map(self._shown, tracked), *others]
        return sorted(shown, key=lambda run: (run.created_at, run.id)) if others else shown

    def _shown(self, run: TrackedRun) -> TrackedRun:
        """A run as it stands: of one that clients changed but never ran, state and history are those of its trial."""
        engine_run = None if run.host else self.engine_run(run)
        if engine_run is None:
            return run
        known = _of_trial(self._driver.sweep(run.sweep_id), engine_run)
        changed = {name: getattr(run, name) for name in ("display_name", "group", "job_type", "notes", "tags")}
        return replace(known, **changed)

    def chosen(self, entity: str, project: str, given: Any) -> Chosen:
        """Runs that fulfil a filter (MongoDB's JSON, as text). Raises MessageError."""
        wanted = _read_filter(given)
        runs = self.listed(entity, project, self._only_sweep(wanted))
        look = _Look(self, entity, project)
        if wanted:
            runs = [run for run in runs if filters.matches(run, wanted, look.up)]
        return Chosen(runs, look)

    def state_of(self, run: TrackedRun) -> str:
        """W&B's word for where a run stands."""
        engine_run = self.engine_run(run)
        if engine_run is not None and engine_run.state is not RunState.RUNNING and run.is_live:
            return _STATES[engine_run.state]
        is_silent = self._driver.now() - run.heartbeat_at > _SILENT_S
        return "crashed" if run.is_live and is_silent and engine_run is None else run.state

    def engine_run(self, run: TrackedRun) -> Run | None:
        """The run of a trial that this one is."""
        if not run.of_trial or not run.sweep_id:
            return None
        return self._driver.run(run.sweep_id, run.id)

    def is_stopped(self, run: TrackedRun) -> bool:
        """Whether it has been told to stop."""
        engine_run = self.engine_run(run)
        is_ordered = engine_run is not None and (engine_run.ordered != "continue" or engine_run.state is RunState.LOST)
        return run.is_stopped or is_ordered

    def values(self, run: TrackedRun) -> TrackedValues:
        """Configuration and summary of a run; where its client told of none, those of its trial."""
        kept = self._store.tracked_values([run.id]).get(run.id) or TrackedValues(run.id)
        if not run.of_trial or (kept.config and kept.summary):
            return kept
        known = self._values_of_trial(run)
        return TrackedValues(run.id, kept.config or known.config, kept.summary or known.summary)

    def entries(self, column: str, path: Sequence[str], entity: str, project: str) -> Mapping[str, Any]:
        """One entry of the configuration or summary of every run of a project, by the run's id."""
        return self._store.tracked_entries(column, path, entity=entity, project=project)

    def history(self, run: TrackedRun) -> History:
        """What it logged, by its client or, where that told of no rows, by our SDK."""
        engine_run = self.engine_run(run) if run.history_id == run.id else None
        count = max(run.history.count, engine_run.rows if engine_run else 0)
        return History(self._store, run.history_id or run.id, run.history.first, count)

    def output(self, run: TrackedRun) -> str:
        """What its program printed."""
        return self._store.output(run.id)

    def events(self, run: TrackedRun) -> History:
        """What its client measured of the machine."""
        return History(self._store, run.events_id, run.events.first, run.events.count)

    def _only_sweep(self, wanted: Any) -> str | None:
        """The one sweep that a filter asks for, as `Sweep.runs` does: then no others need to be read."""
        parts = [wanted, *(wanted.get("$and") or ())] if isinstance(wanted, Mapping) else []
        for part in parts:
            name = part.get("sweep") if isinstance(part, Mapping) else None
            if isinstance(name, str) and self._driver.knows_sweep(name):
                return name
        return None

    def _values_of_trial(self, run: TrackedRun) -> TrackedValues:
        """What is known of a run that never spoke to W&B's client: its trial's configuration, its last row."""
        engine_run = self.engine_run(run)
        if engine_run is None:
            return TrackedValues(run.id)
        plan = self._driver.state(run.sweep_id).plan
        trial = self._driver.trial(run.sweep_id, engine_run.trial)
        config = plan.config_of_repeat(trial.config, engine_run.repeat)
        summary = self.history(run).last()
        if plan.metric is not None and engine_run.value is not None:
            summary = {**summary, plan.metric: engine_run.value}
        return TrackedValues(run.id, as_args(config), strict({**summary, **engine_run.summary}))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Runs that were asked for, oldest first."""

    runs: Sequence[TrackedRun]
    look: _Look

    def ordered(self, order: str | None) -> list[TrackedRun]:
        """All of them in the order asked for."""
        return filters.ordered(self.runs, order, self.look.up_for(order))


@dataclass(slots=True)
class _Look:
    """Values of runs by the names that filters and orders use; entries are read once for all runs."""

    runs: Runs
    entity: str
    project: str
    read: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    untracked: dict[str, TrackedValues] = field(default_factory=dict)

    def up(self, run: TrackedRun, name: str) -> Any:
        name = _OTHER_NAMES.get(name, name)
        if name == "state":
            return self.runs.state_of(run)
        if name in _FIELDS:
            return _FIELDS[name](run)
        if name.startswith("config."):
            return self._entry(run, "config", name.removeprefix("config.").removesuffix(".value"))
        for prefix in ("summary_metrics.", "summaryMetrics.", "summary."):
            if name.startswith(prefix):
                return self._entry(run, "summary", name.removeprefix(prefix))
        return None

    def up_for(self, order: str | None) -> Callable[[TrackedRun, str], Any]:
        """As `up`; of a summary that `define_metric` made of several values, the one that the order is after."""
        best = "max" if order and order.startswith("-") else "min"

        def up(run: TrackedRun, name: str) -> Any:
            found = self.up(run, name)
            if _OTHER_NAMES.get(name, name) == "created_at":
                return run.created_at  # its text has no more than seconds
            if isinstance(found, Mapping):
                return next((found[kind] for kind in (best, "best", "last") if kind in found), None)
            return found

        return up

    def _entry(self, run: TrackedRun, column: str, name: str) -> Any:
        found = self._column(column, name)
        if run.id in found:
            return found[run.id]
        if not run.of_trial or run.events.count or run.host:
            return None
        if run.id not in self.untracked:
            self.untracked[run.id] = self.runs.values(run)
        values = self.untracked[run.id]
        if column == "config":
            return looked_up({key: entry.get("value") for key, entry in values.config.items()}, name)
        return looked_up(values.summary, name)

    def _column(self, column: str, name: str) -> dict[str, Any]:
        if (column, name) not in self.read:
            inner = ("value",) if column == "config" else ()
            found: dict[str, Any] = {}
            if "." in name:
                head, *rest = name.split(".")
                found |= self.runs.entries(column, (head, *inner, *rest), self.entity, self.project)
            found |= self.runs.entries(column, (name, *inner), self.entity, self.project)
            self.read[column, name] = found
        return self.read[column, name]


def _read_filter(given: Any) -> Any:
    if not given:
        return {}
    try:
        return json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise MessageError(f"filters: needs JSON, got what cannot be read ({error}); correct it.") from None


def _of_trial(sweep: Sweep, run: Run) -> TrackedRun:
    """A trial's run that W&B's client never spoke of."""
    shown = f"trial-{run.trial}" + (f"-repeat-{run.repeat}" if run.repeat else "")
    return TrackedRun(
        run.id,
        *path_of(sweep),
        run.id,
        created_at=run.started_at,
        heartbeat_at=run.ended_at or run.lease_until,
        sweep_id=sweep.id,
        of_trial=True,
        state=_STATES[run.state],
        exit_code=run.failure.exit_code if run.failure else None,
        display_name=shown,
        history=Lines(run.rows),
        history_id=run.id,
        resources=run.resources,
        output_bytes=run.output_bytes,
    )

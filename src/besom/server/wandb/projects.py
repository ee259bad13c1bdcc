"""Projects as nodes of GraphQL: what is in them is found through here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from besom.server.wandb.artifacts import Shelf
from besom.server.wandb.caller import Caller, instant, path_of
from besom.server.wandb.graphql import Node
from besom.server.wandb.ids import project_node
from besom.server.wandb.pages import numbered
from besom.server.wandb.probes import viewer
from besom.server.wandb.runnodes import RunNodes
from besom.server.wandb.runs import Chosen, Runs
from besom.server.wandb.sweeps import Sweeps
from besom.server.wandb.tracker import Tracker
from besom.tracked import TrackedRun
from besom.wire import Command

_ALL_SWEEPS = 10_000
"""Old clients do not ask for pages of sweeps."""
_MOST_RUNS = 1000
Arguments = dict[str, Any]
Extra = Callable[[str, str, Caller], Mapping[str, Any]]


class Projects:
    """Projects exist as long as a run or a sweep is in them.

    Args:
        tracker: Keeps runs.
        runs: Finds them.
        nodes: Shows them.
        sweeps: Finds and shows sweeps.
        shelf: Artifacts.
        extra: Gives further fields of a project: those of artifacts.
    """

    def __init__(
        self, tracker: Tracker, runs: Runs, nodes: RunNodes, sweeps: Sweeps, shelf: Shelf, extra: Extra
    ) -> None:
        self._tracker, self._runs, self._nodes, self._sweeps = tracker, runs, nodes, sweeps
        self._shelf, self._extra = shelf, extra
        self._driver = tracker.driver

    def run_node(self, run: TrackedRun, caller: Caller) -> Node:
        """A run's fields."""
        return self._nodes.node(run, caller)

    def stop_run(self, run: TrackedRun) -> None:
        """Have a run stopped: one of a trial as a person would by `besom stop --trial`."""
        engine_run = self._runs.engine_run(run)
        if engine_run is not None:
            self._driver.command(engine_run.sweep_id, Command("stop_trial", trial=engine_run.trial))
        else:
            self._tracker.change(run.id, is_stopped=True)

    def listed(self, entity: str, arguments: Arguments) -> Node:
        """The projects of an entity, newest first, in pages."""
        began = {project: at for (owner, project), at in self._began().items() if owner == entity}
        names = sorted(began, key=lambda name: -began[name])
        return numbered(names, arguments, lambda name: self._named(entity, name))

    def node(
        self, entity: str, project: str, caller: Caller, *, must_exist: bool = True, for_agent: bool = False
    ) -> Node | None:
        """A project's fields; None for one that has nothing in it, where it must. `for_agent`: one begins."""
        if must_exist and not self._exists(entity, project):
            return None
        chosen = cache(lambda given: self._runs.chosen(entity, project, given))  # the same for `runCount` and `runs`
        fields: dict[str, Any] = {
            **self._named(entity, project),
            "sweep": lambda arguments: self._sweep(entity, project, arguments, caller, for_agent=for_agent),
            "sweeps": lambda arguments: self._listed_sweeps(entity, project, arguments),
            "totalSweeps": lambda _: len(self._sweeps.listed(entity, project)),
            "run": lambda arguments: self._run(entity, project, arguments, caller),
            "bucket": lambda arguments: self._bucket(entity, project, arguments, caller),
            "runs": lambda arguments: self._listed_runs(chosen(arguments.get("filters")), arguments, caller),
            "runCount": lambda arguments: len(chosen(arguments.get("filters")).runs),
        }
        return {**fields, **self._extra(entity, project, caller)}

    def _exists(self, entity: str, project: str) -> bool:
        """Whether something is in a project. Scripts ask this all the time, and have runs in it."""
        return bool(
            self._driver.store.tracked_projects(entity=entity, project=project)
            or self._sweeps.listed(entity, project)
            or (entity, project) in self._shelf.projects()
        )

    def _began(self) -> dict[tuple[str, str], float]:
        """Each project that has something in it, and since when."""
        found: dict[tuple[str, str], float] = {}
        for sweep in self._driver.sweeps():
            path = path_of(sweep)
            found[path] = min(sweep.created_at, found.get(path, sweep.created_at))
        tracked = [((entity, project), at) for entity, project, at in self._driver.store.tracked_projects()]
        for path, at in [*tracked, *self._shelf.projects().items()]:
            if path[0]:  # of a run that was deleted nothing else is left
                found[path] = min(at, found.get(path, at))
        return found

    def _named(self, entity: str, project: str) -> dict[str, Any]:
        return {
            **project_node(entity, project),
            "createdAt": lambda _: instant(self._began().get((entity, project))),
            "description": None,
            "isBenchmark": False,
            "readOnly": False,
            "access": "ENTITY_WRITE",
            "user": viewer(),
        }

    def _sweep(
        self, entity: str, project: str, arguments: Arguments, caller: Caller, *, for_agent: bool
    ) -> Node | None:
        found = self._sweeps.find(entity, project, str(arguments.get("sweepName") or arguments.get("name")))
        if found is None:
            return None
        # Without `first` it is an agent that asks, or a client that would decide by itself: neither wants them all.
        wanted = json.dumps({"sweep": found.id})
        return {
            **self._sweeps.node(found, for_agent=for_agent),
            "agent": lambda inner: self._agent(found.id, (entity, project), str(inner.get("agentName")), caller),
            "runs": lambda inner: (
                self._listed_runs(self._runs.chosen(entity, project, wanted), inner, caller)
                if inner.get("first")
                else {"edges": []}
            ),
        }

    def _agent(self, sweep_id: str, path: tuple[str, str], name: str, caller: Caller) -> Node | None:
        """An agent of a sweep, and the runs that it was given."""
        found = self._sweeps.agent(sweep_id, name)
        if found is None:
            return None
        node, run_ids = found
        wanted = json.dumps({"$and": [{"sweep": sweep_id}, {"name": {"$in": run_ids}}]})
        return {**node, "runs": lambda inner: self._listed_runs(self._runs.chosen(*path, wanted), inner, caller)}

    def _listed_sweeps(self, entity: str, project: str, arguments: Arguments) -> Node:
        return numbered(self._sweeps.listed(entity, project), arguments, self._sweeps.node, _ALL_SWEEPS)

    def _run(self, entity: str, project: str, arguments: Arguments, caller: Caller) -> Node | None:
        found = self._runs.find(entity, project, str(arguments.get("name")))
        return None if found is None else self._nodes.node(found, caller)

    def _bucket(self, entity: str, project: str, arguments: Arguments, caller: Caller) -> Node | None:
        """The run to go on with; one that an agent was given and that has not begun is none yet."""
        found = self._tracker.find(entity, project, str(arguments.get("name")))
        if found is None:
            return None
        if "missingOk" in arguments:
            self._tracker.will_resume(found.id)
        return self._nodes.node(found, caller)

    def _listed_runs(self, chosen: Chosen, arguments: Arguments, caller: Caller) -> Node:
        runs = chosen.ordered(arguments.get("order"))
        return numbered(runs, arguments, lambda run: self._nodes.node(run, caller), largest=_MOST_RUNS)

"""W&B's protocol over one driver: its parts put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from besom.server.driver import Driver
from besom.server.wandb import addresses, transfers
from besom.server.wandb.agents import Agents
from besom.server.wandb.artifacts import (
    Shelf,
    artifact_fields_of_project,
    artifact_fields_of_run,
    artifact_mutations,
    artifact_queries,
    delete_logged,
)
from besom.server.wandb.caller import Caller
from besom.server.wandb.ends import Ends
from besom.server.wandb.files import RunFiles, file_mutations
from besom.server.wandb.graphql import Executor
from besom.server.wandb.projects import Projects
from besom.server.wandb.roots import Mutations, Queries
from besom.server.wandb.runnodes import RunNodes
from besom.server.wandb.runs import Runs
from besom.server.wandb.storage import Storage
from besom.server.wandb.stream import Chunk, Stream
from besom.server.wandb.sweeps import Sweeps
from besom.server.wandb.tracker import Tracker
from besom.tracked import TrackedRun


class Protocol:
    """Answers W&B's clients.

    Args:
        driver: The service that is behind it.
        folder: Where files that clients upload are kept.
        token: What links to files are signed with.
    """

    def __init__(self, driver: Driver, folder: Path, token: str | None = None) -> None:
        self._storage = Storage(folder, token or "", driver.now)
        self._shelf = Shelf(self._storage)
        tracker = Tracker(driver)
        ends = Ends(tracker)
        driver.before_ticks(ends.settle)
        runs, sweeps, agents = Runs(tracker), Sweeps(driver), Agents(tracker, ends)
        nodes = RunNodes(runs, self._fields_of_run)
        projects = Projects(tracker, runs, nodes, sweeps, self._shelf, self._fields_of_project)
        self._sweeps, self._runs = sweeps, runs
        self._stream = Stream(tracker, ends)
        mutations = {
            **Mutations(projects, tracker, agents, sweeps, self._clear).fields(),
            **file_mutations(self._storage),
            **artifact_mutations(self._shelf),
        }
        queries = {**Queries(projects, mutations).fields(), **artifact_queries(self._shelf)}
        self._executor = Executor(queries, mutations)

    def execute(self, document: str, variables: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The data that a document asks for. Raises BesomError."""
        return self._executor.execute(document, variables, caller)

    def stream(self, entity: str, project: str, run: str, chunk: Chunk) -> bool:
        """Keep what a run tells; whether it is to stop. Raises BesomError."""
        return self._stream.take(entity, project, run, chunk)

    def storage_routes(self) -> list[BaseRoute]:
        """Where files are put and fetched."""
        return list(transfers.routes(self._storage))

    def page_routes(self) -> list[BaseRoute]:
        """The addresses that clients print for people."""
        return addresses.routes(self._sweeps, self._runs)

    def _clear(self, run: TrackedRun, with_artifacts: bool) -> None:
        RunFiles(self._storage, run.entity, run.project, run.name).clear()
        if with_artifacts:
            delete_logged(self._shelf, (run.entity, run.project, run.name))

    def _fields_of_project(self, entity: str, project: str, caller: Caller) -> Mapping[str, Any]:
        return artifact_fields_of_project(self._shelf, caller, entity, project)

    def _fields_of_run(self, run: TrackedRun, caller: Caller) -> Mapping[str, Any]:
        files = RunFiles(self._storage, run.entity, run.project, run.name).fields(caller)
        return {**files, **artifact_fields_of_run(self._shelf, caller, (run.entity, run.project, run.name))}

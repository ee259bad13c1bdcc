"""W&B's protocol over one driver: its parts put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from besom.server.driver import Driver
from besom.server.wandb.agents import Agents
from besom.server.wandb.caller import Caller
from besom.server.wandb.graphql import Executor, Node
from besom.server.wandb.projects import Projects
from besom.server.wandb.roots import Mutations, Queries
from besom.server.wandb.runnodes import RunNodes
from besom.server.wandb.runs import Runs
from besom.server.wandb.stream import Chunk, Stream
from besom.server.wandb.sweeps import Sweeps
from besom.server.wandb.tracker import Tracker


class Protocol:
    """Answers W&B's clients.

    Args:
        driver: The service that is behind it.
        folder: Where files that clients upload are kept; without one they keep them themselves.
        token: What links to files are signed with.
    """

    def __init__(self, driver: Driver, folder: Path | None = None, token: str | None = None) -> None:
        tracker = Tracker(driver)
        runs, sweeps, agents = Runs(tracker), Sweeps(driver), Agents(tracker)
        projects = Projects(tracker, runs, RunNodes(runs), sweeps)
        self._stream = Stream(tracker)
        mutations: Node = Mutations(projects, tracker, agents, sweeps).fields()
        self._executor = Executor(Queries(projects, mutations).fields(), mutations)

    def execute(self, document: str, variables: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The data that a document asks for. Raises BesomError."""
        return self._executor.execute(document, variables, caller)

    def stream(self, entity: str, project: str, run: str, chunk: Chunk) -> bool:
        """Keep what a run tells; whether it is to stop. Raises BesomError."""
        return self._stream.take(entity, project, run, chunk)

    def storage_routes(self) -> list[BaseRoute]:
        return []

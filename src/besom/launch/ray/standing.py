"""How a sweep's agents stand: what their actors answer, and what besom has heard of them itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from besom.launch.ray.cluster import actors_of, answers
from besom.launch.ray.launches import agent_name, parts_of
from besom.records import Agent, Run

RUNNING = "running"
WAITING = "waiting"
"""Ray has no room for the actor yet, or is starting it, for the first time or again."""
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent whose actor there is.

    Attributes:
        launch: Its launch's token.
        index: Its number there.
        actor: What Ray knows it by, in the namespace `besom`.
        state: `running` or `waiting`.
        node: The machine that it runs on.
        restarts: How often it was started again; None before the first time.
        seen_at: When it was last heard of, UTC.
        trial: The trial that it works on.
    """

    launch: str
    index: int
    actor: str
    state: str
    node: str = ""
    restarts: int | None = None
    seen_at: float | None = None
    trial: int | None = None


def standings(sweep_id: str, agents: Iterable[Agent], running: Iterable[Run]) -> list[Standing]:
    """Each agent of the sweep that is in the cluster, which this process has joined.

    Args:
        sweep_id: The sweep.
        agents: Those that the server knows.
        running: Runs under way.
    """
    actors = actors_of(sweep_id)
    nodes = answers({name: actor.node.remote() for name, actor in actors.items()}, _PATIENCE_S)
    return joined(list(actors), nodes, agents, running)


def joined(
    actors: Iterable[str], nodes: Mapping[str, Any], agents: Iterable[Agent], running: Iterable[Run]
) -> list[Standing]:
    """The same from what is known already; `nodes` has what those actors answered that did, by name."""
    attempts: dict[str, list[Agent]] = {}
    for agent in sorted(agents, key=lambda agent: agent.started_at):
        attempts.setdefault(agent.name, []).append(agent)
    trials = {run.agent_id: run.trial for run in running}
    found = []
    for actor in actors:
        _, token, index = parts_of(actor)
        told = nodes.get(actor)
        node = told if isinstance(told, str) else ""
        own = attempts.get(agent_name(token, index), [])
        found.append(
            Standing(
                token,
                index,
                actor,
                RUNNING if node else WAITING,
                node,
                len(own) - 1 if own else None,
                own[-1].seen_at if own else None,
                trials.get(own[-1].id) if own else None,
            )
        )
    return found

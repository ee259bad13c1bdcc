"""From a sweep to its actors."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import Any

from besom.launch.ray.actor import AgentActor
from besom.launch.ray.cluster import RayError, answers, last_line, module
from besom.launch.ray.launches import NAMESPACE, Launch

MOST_RESTARTS = 1000
"""Of an actor, by Ray: its node died, or its process did. A bound, for whatever dies each time."""
_FIRST_WORD_S = 10.0
"""How long to wait until an actor has begun."""
_VERDICT_S = 20.0
"""How long one that has may try to reach the server."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A launch that Ray has taken."""

    launch: Launch
    has_begun: bool
    """An agent of it runs already. Otherwise none has room yet."""


def submit(launch: Launch) -> Submitted:
    """Hand a launch to the cluster that this process has joined; wait a moment for its first word.

    Raises:
        RayError: Its agents cannot work there; nothing is left of the launch.
    """
    launch.make()
    actors = {name: _start(launch, index, name) for index, name in enumerate(launch.actors)}
    told = _first_words(actors)
    why = next((word for word in told.values() if word), "")
    if why:
        for actor in actors.values():
            module().kill(actor)
        shutil.rmtree(launch.folder)
        reason = last_line(why) if isinstance(why, Exception) else why
        raise RayError(
            f"sweep {launch.sweep_id}: agents must start on the cluster's nodes, got: {reason}; "
            "see that each has the same Python with besom, and reaches the server."
        )
    return Submitted(launch, has_begun=bool(told))


def more_like(launch: Launch, agents: int, now: float) -> Launch:
    """Another launch of so many agents, with all else as in an earlier one."""
    return launch.more_like(replace(launch.options, agents=agents), now)


def _start(launch: Launch, index: int, name: str) -> Any:
    asked = launch.options
    wanted = {"num_cpus": asked.cpus, "num_gpus": asked.gpus}
    if asked.memory is not None:
        wanted["memory"] = asked.memory
    kind = module().remote(AgentActor)
    lasting = {"name": name, "namespace": NAMESPACE, "lifetime": "detached", "max_restarts": MOST_RESTARTS}
    return kind.options(**lasting, **wanted).remote(launch, index)


def _first_words(actors: dict[str, Any]) -> dict[str, Any]:
    """Why agents cannot work, from those that say so first; none where none has room yet."""
    ray = module()
    begun, _ = ray.wait([actor.node.remote() for actor in actors.values()], timeout=_FIRST_WORD_S)
    if not begun:
        return {}
    asked = {name: actor.why_not.remote() for name, actor in actors.items()}
    ray.wait(list(asked.values()), timeout=_VERDICT_S)
    return answers(asked, 0.0)

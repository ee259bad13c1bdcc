"""What was submitted for a sweep: a folder for each launch, and how its actors are called.

$BESOM_HOME/sweeps/SWEEP/ray/TOKEN/
    launch.json     what was asked for
    logs/3-1.log    the second attempt of agent 3, where nodes share the home
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from besom.launch.launches import ClusterLaunch
from besom.launch.ray.options import RayOptions

NAMESPACE = "besom"
"""Of all actors, so that their names meet nobody else's."""


@dataclass(frozen=True, slots=True)
class Launch(ClusterLaunch[RayOptions]):
    """Agents that were submitted together. Actors get it, so all of it can be pickled.

    Its token is what its actors are known by. Runs and checkpoints lie in its home; where nodes do not share it, each
    has its own.
    """

    kind: ClassVar = "ray"

    @property
    def actors(self) -> list[str]:
        """The names of its actors, in the order of their numbers."""
        return [actor_name(self.sweep_id, self.token, index) for index in range(self.options.agents)]

    @staticmethod
    def _written(options: RayOptions) -> dict[str, Any]:
        return asdict(options)

    @staticmethod
    def _options_of(written: Mapping[str, Any]) -> RayOptions:
        return RayOptions(**written)


def agent_name(token: str, index: int) -> str:
    """What an agent is called, in all its attempts; its heartbeats are known by it."""
    return f"ray-{token}-{index}"


def actor_name(sweep_id: str, token: str, index: int) -> str:
    """What Ray knows an agent's actor by."""
    return f"{sweep_id}.{token}.{index}"


def parts_of(name: str) -> tuple[str, str, int]:
    """Sweep, launch token and number of the agent with that name in Ray."""
    sweep_id, token, index = name.rsplit(".", 2)
    return sweep_id, token, int(index)

"""Runs of agents whose job SLURM has started anew: they are given back, and what the old agent still says is refused.

An agent whose node has lost SLURM's daemon alone works on, though SLURM has given its job to another node.
"""

from __future__ import annotations

from besom.errors import BesomError
from besom.launch.slurm.launches import Launch
from besom.records import Run
from besom.server.connect import connect
from besom.service import Service
from besom.wire import Finish


def take_back(launch: Launch, index: int, restart: int) -> list[str]:
    """The runs that earlier attempts of an agent held, given back now; none where no server can be asked.

    Where it cannot, the ends of their leases settle it.
    """
    try:
        with connect(launch.address, launch.server_token or None) as service:
            held = _held(service, launch, index, restart)
            for run in held:
                service.finish(Finish(run.id, run.lease, "lost"))
            return [run.id for run in held]
    except BesomError:
        return []


def _held(service: Service, launch: Launch, index: int, restart: int) -> list[Run]:
    names = {launch.agent_name(index, earlier) for earlier in range(restart)}
    agents = {agent.id for agent in service.agents() if agent.name in names}
    return [run for run in service.progress(launch.sweep_id).running if run.agent_id in agents]

"""How a sweep's agents stand: what SLURM says of their jobs, and what besom has heard of them itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from besom.launch.slurm import controller
from besom.launch.slurm.controller import ControllerUnreachable, Task
from besom.launch.slurm.launches import Launch
from besom.records import Agent, Run

UNKNOWN = "unknown"
"""The state of every job while the controller does not answer."""
FORGOTTEN = "forgotten"
"""SLURM does not list the job: it ended long ago, or was lost with its controller."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent of one launch.

    Attributes:
        launch: Its launch's token.
        index: Its number there.
        job: What SLURM's commands know its job by; empty where SLURM does not list it.
        state: SLURM's, in lower case; or `unknown`, or `forgotten`.
        reason: Why it waits, as SLURM says.
        node: Where it runs.
        is_alive: Whether it runs or will; None where that is not known.
        restarts: How often it was started again, as its last message told; None before the first.
        seen_at: When it was last heard of, UTC.
        trial: The trial that it works on.
    """

    launch: str
    index: int
    job: str
    state: str
    reason: str = ""
    node: str = ""
    is_alive: bool | None = None
    restarts: int | None = None
    seen_at: float | None = None
    trial: int | None = None


def standings(launches: Iterable[Launch], agents: Iterable[Agent], running: Iterable[Run]) -> list[Standing]:
    """Each agent of the launches. The controller's silence is no error: besom's own heartbeats tell what they can.

    Args:
        launches: The sweep's.
        agents: Those that the server knows.
        running: Runs under way.

    Raises:
        SlurmError: SLURM is not installed here.
    """
    launches = list(launches)
    try:
        tasks: list[Task] | None = controller.tasks()
    except ControllerUnreachable:
        tasks = None
    forgotten = [launch for launch in launches if launch.job and tasks is not None and _is_forgotten(launch, tasks)]
    past = controller.accounted(
        (launch.job or "" for launch in forgotten), min((launch.created_at for launch in forgotten), default=0.0)
    )
    return joined(launches, tasks, agents, running, past)


def _is_forgotten(launch: Launch, tasks: list[Task]) -> bool:
    """Whether the controller does not list all of a launch's jobs."""
    wanted = 1 if launch.options.packed else launch.options.agents
    return sum(task.comment == launch.comment for task in tasks) < wanted


def joined(
    launches: Iterable[Launch],
    tasks: list[Task] | None,
    agents: Iterable[Agent],
    running: Iterable[Run],
    past: Iterable[Task] = (),
) -> list[Standing]:
    """The same from what is known already.

    Args:
        launches: As above.
        tasks: The controller's word; None where it is silent.
        agents: As above.
        running: As above.
        past: Of jobs that the controller has forgotten: how they ended.
    """
    known = {(task.comment, task.index): task for task in tasks or ()}
    ended = {(task.array_id, task.index): task for task in past}
    named = {agent.name: agent for agent in agents}
    trials = {run.agent_id: run.trial for run in running}
    found = []
    for launch in launches:
        for index in range(launch.options.agents):
            number = None if launch.options.packed else index
            task = known.get((launch.comment, number)) or ended.get((launch.job or "", number))
            restart, agent = _newest(launch, index, named)
            found.append(
                Standing(
                    launch.token,
                    index,
                    task.name if task else "",
                    UNKNOWN if tasks is None else task.state.lower() if task else FORGOTTEN,
                    task.reason if task else "",
                    task.node if task else "",
                    None if tasks is None else task is not None and task.is_alive,
                    restart,
                    agent.seen_at if agent else None,
                    trials.get(agent.id) if agent else None,
                )
            )
    return found


def _newest(launch: Launch, index: int, named: dict[str, Agent]) -> tuple[int | None, Agent | None]:
    """The last attempt of an agent that was heard of, and its number."""
    prefix = launch.agent_name(index, 0).removesuffix("0")
    attempts = {name.removeprefix(prefix): agent for name, agent in named.items() if name.startswith(prefix)}
    numbers = [int(number) for number in attempts if number.isdigit()]
    return (max(numbers), attempts[str(max(numbers))]) if numbers else (None, None)

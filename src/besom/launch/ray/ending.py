"""Fewer agents, more of them, or none."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from besom.launch.ray.cluster import RayError, actors_of, answers, module, names_of
from besom.launch.ray.launches import Launch, agent_name, parts_of
from besom.launch.ray.standing import WAITING, Standing
from besom.launch.ray.submitting import Submitted, more_like, submit

_ANSWER_S = 3.0
_LOOK_S = 0.1
_AFTER_GRACE_S = 15.0
"""What an agent needs beyond its run's grace: to tell the server, and to be gone."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """What came of a wish for so many agents: a new launch, or cancelled ones, and those that are still too many."""

    submitted: Submitted | None = None
    cancelled: tuple[str, ...] = ()
    too_many: int = 0


def cancel(sweep_id: str, grace_s: float, known: Collection[str], names: Sequence[str] | None = None) -> list[str]:
    """End actors of a sweep, once their agents have given their runs back; the actors' names.

    Args:
        sweep_id: The sweep.
        grace_s: How long a run may take to end politely; soon after, what is still there is killed.
        known: The names of all agents that the server knows.
        names: Which; None for all.

    Raises:
        RayError: Some are still there.
    """
    actors = {name: actor for name, actor in actors_of(sweep_id).items() if names is None or name in names}
    told = answers({name: actor.stop.remote() for name, actor in actors.items()}, _ANSWER_S)
    for name in killed_at_once(actors, told, known):
        module().kill(actors[name])
    if _await_gone(sweep_id, actors, grace_s + _AFTER_GRACE_S):
        return list(actors)
    for name in actors.keys() & names_of(sweep_id):
        module().kill(actors[name])
    if not _await_gone(sweep_id, actors, _AFTER_GRACE_S):
        left = ", ".join(sorted(actors.keys() & names_of(sweep_id)))
        raise RayError(f"sweep {sweep_id}: killed actors must go, got still there: {left}; cancel again later.")
    return list(actors)


def killed_at_once(actors: Iterable[str], told: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Those that cannot have a run: Ray answers for them that they are dead, or no agent of theirs ever began.

    Args:
        actors: The names of actors that were told to stop.
        told: What came of that in time, by name.
        known: The names of agents that the server knows. Such a one may only be slow, or be started again just now.
    """
    silent = {name for name in actors if name not in told and agent_name(*parts_of(name)[1:]) not in known}
    return [name for name in actors if name in silent or told.get(name) is not None]


def scale(
    sweep_id: str,
    launches: Sequence[Launch],
    agents: int,
    standing: Sequence[Standing],
    grace_s: float,
    now: float,
) -> Scaled:
    """Have so many agents: start more as the last launch has them, or end those that wait or have nothing to do.

    What works on a trial is left to it.

    Raises:
        RayError: See `submit` and `cancel`.
    """
    if agents > len(standing):
        return Scaled(submit(more_like(launches[-1], agents - len(standing), now)))
    spare = [each for each in standing if each.trial is None]
    spare.sort(key=lambda each: (each.state == WAITING, each.index), reverse=True)
    known = {agent_name(each.launch, each.index) for each in standing if each.seen_at is not None}
    leaving = [each.actor for each in spare[: len(standing) - agents]]
    cancelled = cancel(sweep_id, grace_s, known, leaving) if leaving else []
    return Scaled(cancelled=tuple(cancelled), too_many=len(standing) - agents - len(leaving))


def _await_gone(sweep_id: str, actors: dict[str, object], seconds: float) -> bool:
    """Whether none of these is left within so many seconds."""
    until = time.monotonic() + seconds
    while actors.keys() & names_of(sweep_id):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_S)
    return True

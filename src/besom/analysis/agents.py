"""Agents as pages show them: alive or not, and what they run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from besom.analysis.facts import Fact, resource_facts
from besom.analysis.setaside import SetAsideView, set_aside_views
from besom.records import Agent, Run, RunState, Sweep

ALIVE_S = 120.0
"""An agent that was not heard of for longer is taken to be gone."""


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run under way, and what it takes of the machine."""

    sweep: str
    sweep_name: str
    trial: int
    run: str
    started_at: float
    resources: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent.

    Attributes:
        id, name, host, pid, gpus, started_at, seen_at, ended_at: As in `Agent`.
        is_alive: Whether it has not ended and was seen lately.
        seen_text: When it was last heard of: "3 s ago".
        runs_done: Runs of it that are over, however they ended.
        running: Those under way.
        set_aside: Sweeps that it works for, but has no further runs of, since its host is set aside.
    """

    id: str
    name: str
    host: str
    pid: int
    gpus: tuple[str, ...]
    started_at: float
    seen_at: float
    ended_at: float | None
    is_alive: bool
    seen_text: str
    runs_done: int
    running: tuple[RunningRun, ...]
    set_aside: tuple[SetAsideView, ...] = ()


def agent_views(
    agents: Sequence[Agent],
    runs: Mapping[str, Sequence[Run]],
    sweeps: Sequence[Sweep],
    now: float,
    alive_s: float = ALIVE_S,
    done_before: Mapping[str, int] | None = None,
    asked: Mapping[str, Collection[str]] | None = None,
) -> tuple[AgentView, ...]:
    """All agents, those alive first, then the one that started last.

    Args:
        agents: The agents.
        runs: Runs by the id of their sweep.
        sweeps: The sweeps, for their names and the hosts that they have set aside.
        now: The present instant.
        alive_s: How long one may be silent.
        done_before: Runs that are over and not among `runs`, by the id of their agent: how many.
        asked: Agents that asked for runs of a sweep, by its id.
    """
    names = {sweep.id: sweep.name for sweep in sweeps}
    done: Counter[str] = Counter(done_before or {})
    running: defaultdict[str, list[RunningRun]] = defaultdict(list)
    for sweep_id, its_runs in runs.items():
        for run in its_runs:
            if run.state is RunState.RUNNING:
                running[run.agent_id].append(_running(run, names.get(sweep_id, sweep_id)))
            else:
                done[run.agent_id] += 1
    asides = {sweep.id: set_aside_views(sweep) for sweep in sweeps if sweep.set_aside and sweep.id in runs}
    workers = {
        sweep_id: {run.agent_id for run in runs[sweep_id]}.union((asked or {}).get(sweep_id, ())) for sweep_id in asides
    }
    views = [
        AgentView(
            id=agent.id,
            name=agent.name,
            host=agent.host,
            pid=agent.pid,
            gpus=agent.gpus,
            started_at=agent.started_at,
            seen_at=agent.seen_at,
            ended_at=agent.ended_at,
            is_alive=agent.ended_at is None and now - agent.seen_at <= alive_s,
            seen_text=ago_text(now - agent.seen_at),
            runs_done=done[agent.id],
            running=tuple(sorted(running[agent.id], key=lambda run: (run.started_at, run.run))),
            set_aside=tuple(
                aside
                for sweep_id, some in asides.items()
                if agent.id in workers[sweep_id]
                for aside in some
                if aside.host == agent.host
            ),
        )
        for agent in agents
    ]
    return tuple(sorted(views, key=lambda view: (not view.is_alive, -view.started_at, view.id)))


def _running(run: Run, sweep_name: str) -> RunningRun:
    return RunningRun(run.sweep_id, sweep_name, run.trial, run.id, run.started_at, resource_facts(run.resources))


def ago_text(seconds: float) -> str:
    """How long ago in whole seconds, minutes, hours or days: "just now", "3 s ago", "2 d ago"."""
    whole = max(0, int(seconds))
    if whole < 1:
        return "just now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} ago"
    return f"{whole} s ago"

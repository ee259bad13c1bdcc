"""Runs that no agent works on any more, which nobody took back: where a kill ended the server too, none is there to."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace

from besom.records import Agent, Run, Trial, TrialState
from besom.service import Progress

_SILENCE_S = 15.0
"""Agents call every few seconds: one of this machine that is silent for longer, and has no process, is gone."""
_NAMED = 8


def lost_runs(progress: Progress, agents: Iterable[Agent], now: float) -> list[Run]:
    """Runs under way of which nothing is heard any more: their lease has ended, or their agent's process has.

    Args:
        progress: Where the sweep stands.
        agents: All agents that are known.
        now: Seconds since the epoch, UTC.
    """
    from besom.sweepfile import SweepFile

    lease_s = SweepFile.model_validate(dict(progress.sweep.file)).besom.lease
    known = {agent.id: agent for agent in agents}
    return [run for run in progress.running if _is_lost(run, known.get(run.agent_id), lease_s, now)]


def _is_lost(run: Run, agent: Agent | None, lease_s: float, now: float) -> bool:
    if now > run.lease_until:
        return True
    is_silent = now > run.lease_until - lease_s + _SILENCE_S
    return is_silent and agent is not None and agent.host == socket.gethostname() and not _has_process(agent.pid)


def _has_process(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def without(progress: Progress, lost: Sequence[Run]) -> Progress:
    """Where the sweep stands with these runs taken back: their trials wait, and their agents are gone."""
    ids, gone = {run.id for run in lost}, {run.agent_id for run in lost}
    running = [run for run in progress.running if run.id not in ids]
    waiting = len(waiting_trials(progress, lost))
    counts = dict(progress.counts)
    for state, more in ((TrialState.RUNNING, -waiting), (TrialState.WAITING, waiting)):
        counts[state] = counts.get(state, 0) + more
    return replace(
        progress,
        running=running,
        counts={state: count for state, count in counts.items() if count},
        agents=[agent for agent in progress.agents if agent.id not in gone],
        seconds_left=progress.seconds_left if running else None,
    )


def waiting_trials(progress: Progress, lost: Sequence[Run]) -> list[int]:
    """Numbers of the trials of which no other run is under way."""
    ids = {run.id for run in lost}
    return sorted({run.trial for run in lost} - {run.trial for run in progress.running if run.id not in ids})


def as_seen(trials: Iterable[Trial], progress: Progress, lost: Sequence[Run], now: float) -> list[Trial]:
    """The trials, those under way with the time taken so far, and those that have lost their agent waiting."""
    waiting = set(waiting_trials(progress, lost))
    live: dict[int, list[Run]] = {}
    for run in progress.running:
        live.setdefault(run.trial, []).append(run)
    return [
        replace(trial, state=TrialState.WAITING)
        if trial.number in waiting
        else with_elapsed(trial, live.get(trial.number, ()), now)
        for trial in trials
    ]


def with_elapsed(trial: Trial, runs: Iterable[Run], now: float) -> Trial:
    """The trial with the time of those of its runs that are under way; by itself it knows of those that have ended."""
    live = (run for run in runs if run.ended_at is None)
    seconds = sum(max(0.0, min(now, run.lease_until) - run.started_at - run.silent_s) for run in live)
    return replace(trial, seconds=trial.seconds + seconds) if seconds else trial


def loss_told(progress: Progress, lost: Sequence[Run]) -> str:
    """Which trials have lost their agent, and the next move, on one line."""
    numbers = sorted({run.trial for run in lost})
    named = ", ".join(map(str, numbers[:_NAMED])) + (", …" if len(numbers) > _NAMED else "")
    sweep = progress.sweep.id
    lost_it = f"trial {named} of sweep {sweep} has lost its agent and waits"
    if len(numbers) > 1:
        lost_it = f"trials {named} of sweep {sweep} have lost their agents and wait"
    return f"{lost_it}; go on with `besom run {sweep}`"

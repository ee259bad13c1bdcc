"""Everything about one trial that its page shows beside pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from besom.analysis.columns import TrialColumns
from besom.analysis.facts import Fact, resource_facts, summary_facts
from besom.analysis.settings import Setting, settings_of
from besom.analysis.values import why_unranked
from besom.analysis.why import Why, decisions, why_suggested
from besom.analysis.wording import counted, duration
from besom.escapes import harmless
from besom.records import Agent, Run, Trial
from besom.service import Progress


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run, and the name of the agent that executes it; its id where the agent is not known."""

    run: Run
    agent_name: str


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A file of a checkpoint, by its path in the checkpoint's folder."""

    name: str
    bytes: int
    modified_at: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a run left to be gone on from."""

    folder: str
    files: tuple[CheckpointFile, ...]


@dataclass(frozen=True, slots=True)
class TrialCard:
    """One trial.

    Attributes:
        trial: The trial.
        runs: Its runs in order.
        metrics: Names of the metrics that its runs logged.
        is_best: Whether it is the incumbent.
        rank: Its place among those that have a value, from 1; None where it has none.
        ranked: How many have one.
        unranked: Why its value is not ranked; empty where it is, or there is none.
        incumbent, baseline: Numbers of the best trial and of the user's baseline; None where there is none.
        settings: Its parameters beside theirs.
        why: Why it was suggested, then what was decided about it.
        failure_lines: What went wrong, a line each; empty where nothing did.
        checkpoint: Where its last one lies; None without one, or where that is not known.
        resources: What its runs took of the machine.
        summary: What it ended with: the last of each metric, and what its script set.
    """

    trial: Trial
    runs: tuple[NamedRun, ...]
    metrics: tuple[str, ...]
    is_best: bool
    rank: int | None
    ranked: int
    unranked: str
    incumbent: int | None
    baseline: int | None
    settings: tuple[Setting, ...]
    why: tuple[Why, ...]
    failure_lines: tuple[str, ...]
    checkpoint: Checkpoint | None
    resources: tuple[Fact, ...]
    summary: tuple[Fact, ...]


def trial_card(
    progress: Progress,
    trials: Sequence[Trial],
    trial: Trial,
    runs: Sequence[Run],
    agents: Sequence[Agent] = (),
    metrics: Sequence[str] = (),
    checkpoint: Checkpoint | None = None,
    columns: TrialColumns | None = None,
    summary: Mapping[str, Any] = MappingProxyType({}),
) -> TrialCard:
    """The card of one trial.

    Args:
        progress: Where the sweep stands.
        trials: All trials of the sweep.
        trial: One of them.
        runs: Its runs.
        agents: All that are known by name.
        metrics: Names of the metrics that its runs logged.
        checkpoint: Its last one, where that is known.
        columns: All trials as columns, where there are any already.
        summary: What it ended with, by name.
    """
    columns = columns or TrialColumns(trials, progress.goal)
    place = np.flatnonzero(columns.numbers[columns.ranked] == trial.number).tolist()
    named = {agent.id: agent.name for agent in agents}
    ordered = sorted(runs, key=lambda run: run.lease)
    best, baseline = progress.best, progress.baseline
    return TrialCard(
        trial=trial,
        runs=tuple(NamedRun(run, named.get(run.agent_id) or run.agent_id) for run in ordered),
        metrics=tuple(metrics),
        is_best=best is not None and best.number == trial.number,
        rank=place[0] + 1 if place else None,
        ranked=len(columns.ranked),
        unranked=why_unranked(trial),
        incumbent=best.number if best else None,
        baseline=baseline.number if baseline else None,
        settings=settings_of(trial, best, baseline),
        why=(why_suggested(trial, progress), *decisions(trial, ordered, progress)),
        failure_lines=failure_lines(trial),
        checkpoint=checkpoint,
        resources=resource_facts(trial.resources),
        summary=summary_facts(summary),
    )


def failure_lines(trial: Trial) -> tuple[str, ...]:
    """What went wrong with the trial: the cause, the message, how its program ended; empty where nothing did."""
    failure = trial.failure
    if failure is None:
        return ()
    lines = [failure.cause.value, *harmless(failure.message).strip().splitlines()]
    lines += [f"exit code {failure.exit_code}"] if failure.exit_code is not None else []
    lines += [f"signal {failure.signal}"] if failure.signal is not None else []
    lines += [f"after {duration(trial.seconds)}"] if trial.seconds else []
    lines += [f"tried again {counted(trial.retries, 'time')}"] if trial.retries else []
    return tuple(lines)

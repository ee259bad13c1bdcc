"""What a sweep must look like at its end, whatever was done to it."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator, Mapping, Sequence

import besom
from benchmarks.chaos.arena import Arena
from besom.records import Cause, Run, RunState, Trial

Rows = Sequence[Mapping[str, float]]
_FAIR = frozenset({Cause.SIGNAL, Cause.LOST})
"""What a trial may fail of here: its script or its agent was killed too often in a row."""


def wrongs(
    arena: Arena,
    content: dict[str, object],
    trials: Sequence[Trial],
    runs: Sequence[Run],
    kept: Mapping[str, Rows],
) -> list[str]:
    """What is not as it must be, a line each: of trials, of runs' rows, and of processes that are left."""
    return [
        *_of_trials(arena, content, trials, runs),
        *_of_rows(arena, runs, kept),
        *(f"left behind: {kind}" for kind in arena.left_behind()),
    ]


def _of_trials(arena: Arena, content: dict[str, object], trials: Sequence[Trial], runs: Sequence[Run]) -> Iterator[str]:
    spoilt = {run.trial for run in runs if run.id in arena.excused}  # a row that was cut off is nowhere else
    tuner = besom.Tuner(content)
    finished = collections.Counter(run.trial for run in runs if run.state is RunState.FINISHED)
    for number, trial in enumerate(trials, 1):
        if trial.number != number or not trial.state.has_ended:
            yield f"trial {trial.number}: is {trial.state}, place {number}"
        if finished[number] != (trial.state == "finished"):
            yield f"trial {number}: is {trial.state}, with {finished[number]} finished runs"
        if trial.failure is not None and trial.failure.cause not in _FAIR:
            yield f"trial {number}: failed by {trial.failure.cause}: {trial.failure.message}"
        if trial.state == "finished" and trial.value != trial.config["x"] / 20 and number not in spoilt:
            yield f"trial {number}: is worth {trial.value}, not {trial.config['x'] / 20}"
        if dict(trial.config) != dict(tuner.ask().config):
            yield f"trial {number}: another configuration than undisturbed"


def _of_rows(arena: Arena, runs: Sequence[Run], kept: Mapping[str, Rows]) -> Iterator[str]:
    """Of a run that finished every row is there; where its script was killed, its agent alive, all but the last."""
    known = {run.id: run for run in runs}
    for path in arena.folder.glob("told-*"):
        run = known.get(path.name[5:])
        told = [json.loads(line) for line in path.read_text().splitlines()]
        if run is None:
            yield f"run {path.name[5:]}: a script ran that the server does not know"
            continue
        rows = kept[run.id]
        missing = len(told) - len(rows)
        allowed = {RunState.FINISHED: 0, RunState.FAILED: 1}.get(run.state, len(told))
        if run.state is RunState.RUNNING:
            yield f"run {run.id}: is left running"
        if list(rows) != told[: len(rows)] or (missing > allowed and run.id not in arena.excused):
            yield f"run {run.id} ({run.state}): {len(rows)} rows kept of {len(told)}"

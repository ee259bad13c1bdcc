"""Hosts on which trials fail that do not fail elsewhere: they are set aside, and their trials are tried elsewhere.

A host is suspected by its latest runs: several trials in a row failed on it, so many that such a row would hardly come
about by chance at the rate at which runs fail on the other hosts meanwhile. What then becomes of the same trials
elsewhere decides: where they fail as well it was not the host, and it is put back.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from besom.engine.draft import Draft
from besom.engine.state import run_seconds
from besom.records import Cause, Run, RunState, SetAside, SweepState, TrialState

LEAST_TRIALS = 3
_ROWS_BY_CHANCE = 0.05
"""A host is set aside for a row of failures that chance gives less often than this in a sweep of that many runs."""
_OUTLIVED = 2.0
"""A run under way counts as one that did not fail once it is so many times as old as the failed ones mostly grew."""
_FAILED_ELSEWHERE = 2
_CAUSES_KEPT = 3
_OF_ITS_CONFIGURATION = frozenset(
    {
        Cause.CUDA_OUT_OF_MEMORY,
        Cause.HOST_OUT_OF_MEMORY,
        Cause.TIMEOUT,
        Cause.NOT_FINITE,
        Cause.LOST,
        Cause.TOLD,
    }
)
"""Causes that say nothing of the host."""


def is_set_aside(draft: Draft, host: str) -> bool:
    """Whether `host` gets no further runs."""
    return any(aside.host == host for aside in draft.sweep.set_aside)


def is_hosts_fault(draft: Draft, run: Run) -> bool:
    """Whether a run that failed is not held against its trial: it was on a host that is set aside."""
    return _may_be_hosts_fault(run) and is_set_aside(draft, run.host)


def weigh(draft: Draft, run: Run, now: float) -> None:
    """Take into account what a run that is over says of its host, and of those on which its trial failed before."""
    if not run.host:
        return
    if not is_set_aside(draft, run.host):
        _testify(draft, run)
        if _may_be_hosts_fault(run):
            _suspect(draft, run.host, now)
    elif _may_be_hosts_fault(run):
        _add(draft, run)


def put_back(draft: Draft, host: str) -> None:
    """Let `host` have runs again; what it did so far is not held against it any more."""
    others = tuple(aside for aside in draft.sweep.set_aside if aside.host != host)
    draft.put_sweep(set_aside=others, put_back={**draft.sweep.put_back, host: draft.last_lease})


def _may_be_hosts_fault(run: Run) -> bool:
    if run.state is not RunState.FAILED:
        return False
    return run.failure is None or run.failure.cause not in _OF_ITS_CONFIGURATION


def _has_worked(run: Run) -> bool:
    """Whether the script did what it should, to its end or until it was told to end."""
    return run.state is RunState.FINISHED or (
        run.state in (RunState.STOPPED, RunState.PAUSED) and run.value is not None
    )


def _testify(draft: Draft, run: Run) -> None:
    """Note how a trial that failed on a host set aside went on this one; two that fail here too acquit that host."""
    for aside in draft.sweep.set_aside:
        if run.trial not in aside.trials:
            continue
        if _has_worked(run):
            worked, failed = _with(aside.worked, run.trial), _without(aside.failed, run.trial)
        elif run.state is RunState.FAILED and run.trial not in aside.worked:
            worked, failed = aside.worked, _with(aside.failed, run.trial)
        else:
            continue
        _change(draft, replace(aside, worked=worked, failed=failed))
        if len(failed) >= _FAILED_ELSEWHERE and len(failed) > len(worked):
            put_back(draft, aside.host)


def _add(draft: Draft, run: Run) -> None:
    """Note one more run that failed on a host set aside, where it was still under way; its trial goes elsewhere too."""
    aside = next(aside for aside in draft.sweep.set_aside if aside.host == run.host)
    if _has_failed_elsewhere(draft, run):
        _change(draft, replace(aside, runs=aside.runs + 1))
    else:
        _change(draft, replace(aside, runs=aside.runs + 1, trials=_with(aside.trials, run.trial)))
        _forgive(draft, run.trial)


def _suspect(draft: Draft, host: str, now: float) -> None:
    """Set the host aside if so many failures in a row cannot well be chance."""
    if draft.sweep.state not in (SweepState.RUNNING, SweepState.PAUSED):
        return
    row = _failures_in_a_row(draft, host)
    trials = tuple(dict.fromkeys(run.trial for run in row if not _has_failed_elsewhere(draft, run)))
    if len(trials) < LEAST_TRIALS:
        return
    failed, not_failed = _elsewhere(draft, host, row, now)
    rate = (failed + 1) / (failed + not_failed + 2)
    if not not_failed or rate ** len(trials) * len(draft.runs) >= _ROWS_BY_CHANCE:
        return
    forgiven = sum(_forgive(draft, trial) for trial in trials)
    in_a_row = max(0, draft.sweep.failures_in_a_row - forgiven)
    gpus = {run.gpus for run in row}
    aside = SetAside(
        host=host,
        at=now,
        trials=trials,
        runs=len(row),
        causes=_causes(row),
        gpus=next(iter(gpus)) if len(gpus) == 1 else (),
        worked=tuple(trial for trial in trials if any(map(_has_worked, draft.runs_of(trial)))),
    )
    draft.put_sweep(set_aside=(*draft.sweep.set_aside, aside), failures_in_a_row=in_a_row)


def _failures_in_a_row(draft: Draft, host: str) -> list[Run]:
    """Runs that failed on the host since the last one there that worked, and since it was put back; latest first."""
    since = draft.sweep.put_back.get(host, 0)
    over = [run for run in draft.runs.values() if run.host == host and run.lease > since and run.ended_at is not None]
    row: list[Run] = []
    for run in sorted(over, key=lambda run: (run.ended_at, run.lease), reverse=True):
        if _has_worked(run):
            break
        if _may_be_hosts_fault(run):
            row.append(run)
    return row


def _has_failed_elsewhere(draft: Draft, run: Run) -> bool:
    """Whether the run's trial has also failed on a host that is not set aside."""
    others = (other for other in draft.runs_of(run.trial) if other.host != run.host)
    return any(other.state is RunState.FAILED and not is_set_aside(draft, other.host) for other in others)


def _elsewhere(draft: Draft, host: str, row: list[Run], now: float) -> tuple[int, int]:
    """How many runs failed and did not fail on other hosts, since the first of `row` began.

    A host where nothing but failures came of that time is no witness: it may be broken as well.
    """
    begun = min(run.started_at for run in row)
    age = _OUTLIVED * statistics.median(run_seconds(draft.plan, run, now) for run in row)
    failed: Counter[str] = Counter()
    not_failed: Counter[str] = Counter()
    left_out = {"", host, *(aside.host for aside in draft.sweep.set_aside)}
    for run in draft.runs.values():
        if run.host in left_out or (run.ended_at is not None and run.ended_at < begun):
            continue
        is_under_way = run.state is RunState.RUNNING
        if _may_be_hosts_fault(run):
            failed[run.host] += 1
        elif _has_worked(run) or (is_under_way and run_seconds(draft.plan, run, now) >= age):
            not_failed[run.host] += 1
    return sum(failed[witness] for witness in not_failed), not_failed.total()


def _forgive(draft: Draft, number: int) -> bool:
    """Let a trial go on as if it had not failed; whether it had ended by that."""
    trial = draft.trials[number]
    cause = trial.failure.cause if trial.failure is not None else None
    had_failed = trial.state is TrialState.FAILED and cause not in _OF_ITS_CONFIGURATION
    if had_failed or not trial.state.is_at_rest:
        state = draft.state_of_open(number)
        draft.change_trial(number, state=state, ended_at=None, failure=None, retries=0)
    return had_failed


def _causes(row: Iterable[Run]) -> tuple[str, ...]:
    """What the runs failed of, the most frequent first."""
    said = Counter(run.failure.message or run.failure.cause.value for run in row if run.failure is not None)
    return tuple(cause for cause, _ in said.most_common(_CAUSES_KEPT))


def _change(draft: Draft, changed: SetAside) -> None:
    asides = (changed if aside.host == changed.host else aside for aside in draft.sweep.set_aside)
    draft.put_sweep(set_aside=tuple(asides))


def _with(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    return numbers if number in numbers else (*numbers, number)


def _without(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    return tuple(each for each in numbers if each != number)

"""What becomes of a trial when a run of it is over."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from besom.engine.curves import last_finite
from besom.engine.draft import Draft
from besom.engine.ending import finish_if_spent, order_stop, pause_after_failures
from besom.engine.misnamed import missing
from besom.engine.repeats import reason_to_spare
from besom.engine.reporting import held_run, record, value_of_run
from besom.engine.state import gpu_seconds_of, run_seconds
from besom.engine.suspecting import is_hosts_fault, weigh
from besom.errors import LeaseLost, MessageError
from besom.records import OUT_OF_MEMORY, Cause, Failure, Reason, Run, RunState, Trial, TrialState
from besom.wire import Finish

LOSSES_BEFORE_FAILURE = 5
_WORTH_A_RETRY = frozenset({Cause.EXIT_CODE, Cause.SIGNAL, Cause.EXCEPTION})
"""Causes that another try may not meet. Out of memory, a time-out or a missing metric would only come again."""


_TRIAL_ENDED = "trial ended"


def finish(draft: Draft, message: Finish, now: float) -> None:
    """End a run as its agent says, and move its trial on. Saying so again changes nothing.

    Raises:
        LeaseLost, UnknownName: See `held_run`.
        MessageError: What it logged last is another run's.
        OutOfOrder: That would leave a gap.
    """
    if message.report is not None and (message.report.run_id, message.report.lease) != (message.run_id, message.lease):
        raise MessageError(f"report: must be of run {message.run_id}, which ends; send it by itself.")
    known = draft.runs.get(message.run_id)
    if known is not None and known.lease == message.lease and _is_repetition(draft, known, message):
        return
    held_run(draft, message)
    if message.report is not None:
        record(draft, message.report, now)
    run = draft.runs[message.run_id]
    value = value_of_run(draft, message, run.value)
    if value is None and run.first_fidelity > 0:
        # It went on from a checkpoint that was complete already, so it had nothing left to log.
        value = last_finite(draft.curves[run.id])
    logged = run.logged if value is None else ()
    run = replace(
        run,
        value=value,
        logged=logged,
        summary=dict(message.summary) or run.summary,
        resources=dict(message.resources) or run.resources,
    )
    failure = message.failure
    ended = message.ended
    if ended == "stopped" and _is_complete(draft, run):
        ended = "finished"
    if ended == "finished":
        failure = failure_of_value(draft, run)
        if failure is not None:
            ended = "failed"
        elif _ended_as_told(draft, run):
            ended = "stopped" if run.ordered == "stop" else "paused"
    end_run(draft, run, RunState(ended), failure, now, run.started_at + _seconds_of(run, message, now))


def _seconds_of(run: Run, message: Finish, now: float) -> float:
    """How long the run took: as its agent says, which may say so long after, but no longer than the clock allows."""
    since_start = now - run.started_at
    if message.seconds is None:
        return max(0.0, since_start)
    is_set_back = since_start < 0  # the clock, meanwhile
    return max(0.0, message.seconds if is_set_back else min(message.seconds, since_start))


def _is_repetition(draft: Draft, run: Run, message: Finish) -> bool:
    if run.state is RunState.RUNNING or run.state is RunState.LOST:
        return False
    if run.state.value == message.ended or (message.ended == "stopped" and run.state is RunState.FINISHED):
        return True
    if message.ended == "finished" and (run.state is RunState.FAILED or _ended_as_told(draft, run)):
        return True
    raise LeaseLost(f"run {run.id}: it is {run.state} already, got {message.ended}; nothing was recorded")


def _is_complete(draft: Draft, run: Run) -> bool:
    """Whether a run has trained to the end all the same that was told to stop: there was nothing left to stop."""
    most = draft.plan.fidelity_max
    return most is not None and draft.plan.repeats == 1 and run.fidelity >= most and run.value is not None


def _ended_as_told(draft: Draft, run: Run) -> bool:
    """Whether a script that ended by itself only did what it was told: to run so far, and be gone on with later.

    One that went further before it ended, by a point of its curve or more, came to its own end.
    """
    end = math.inf if draft.plan.fidelity_max is None else draft.plan.fidelity_max
    if not draft.plan.can_resume or run.until is None or not run.until <= run.fidelity or run.until >= end:
        return False
    return not any(run.until <= fidelity < run.fidelity for fidelity in draft.curves[run.id].fidelity)


def failure_of_value(draft: Draft, run: Run) -> Failure | None:
    """Why a run that ended well is a failure all the same: it has no usable objective."""
    metric = draft.plan.metric
    if metric is None:
        return None
    if run.value is None:
        return Failure(Cause.NO_METRIC, missing(metric, run.logged))
    if not math.isfinite(run.value):
        return Failure(Cause.NOT_FINITE, f"{metric} ended as {run.value}")
    return None


def end_run(draft: Draft, run: Run, state: RunState, failure: Failure | None, now: float, ended_at: float) -> None:
    """Close a run that was under way until `ended_at`, and let its trial go on, wait, or end."""
    run = draft.put_run(replace(run, state=state, failure=failure, ended_at=ended_at))
    if not draft.live:
        draft.put_sweep(idle_at=ended_at)
    weigh(draft, run, now)
    trial = _charge(draft, draft.trials[run.trial], run, now)
    move = {
        RunState.FINISHED: _finished,
        RunState.STOPPED: _stopped,
        RunState.PAUSED: _paused,
        RunState.FAILED: _failed,
        RunState.LOST: _lost,
    }[state]
    moved = move(draft, trial, run, now)
    draft.put_trial(moved)
    if moved.state.has_ended and not trial.state.has_ended:
        _count_failures(draft, moved)
        for other in draft.live_runs(moved.number):
            order_stop(draft, other.id, Reason(_TRIAL_ENDED, f"trial {moved.number} is {moved.state}"))
        pause_after_failures(draft, now)
    elif moved.state is TrialState.PAUSED:
        _count_failures(draft, moved)
    finish_if_spent(draft, now)


def _count_failures(draft: Draft, ended: Trial) -> None:
    in_a_row = draft.sweep.failures_in_a_row + 1 if ended.state is TrialState.FAILED else 0
    if in_a_row != draft.sweep.failures_in_a_row:
        draft.put_sweep(failures_in_a_row=in_a_row)


def _charge(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    seconds = run_seconds(draft.plan, run, now)
    return replace(
        trial,
        seconds=trial.seconds + seconds,
        gpu_seconds=trial.gpu_seconds + gpu_seconds_of(draft.plan, run, now),
        resources=_merged(trial.resources, trial.seconds, run.resources, seconds),
    )


def _merged(old: Mapping[str, float], old_s: float, new: Mapping[str, float], new_s: float) -> dict[str, float]:
    """Peaks and means over both; energy adds up."""
    merged = dict(old)
    for name, value in new.items():
        if name not in old:
            merged[name] = value
        elif name.endswith("_peak"):
            merged[name] = max(old[name], value)
        elif name.endswith("_kwh"):
            merged[name] = old[name] + value
        elif old_s + new_s > 0:
            merged[name] = (old[name] * old_s + value * new_s) / (old_s + new_s)
    return merged


def _finished(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    if trial.state.has_ended:
        return trial
    trial = replace(trial, losses=0, fidelity=max(trial.fidelity, run.fidelity), **measured(draft, trial))
    if trial.repeats_done < draft.plan.repeats:
        spared = reason_to_spare(draft, trial)
        if spared is not None:
            return replace(trial, state=TrialState.STOPPED, ended_at=now, ended_by=spared)
        # Its first repeat came to its end before anybody had to decide on it: the others may follow.
        return _waiting(draft, replace(trial, until=draft.plan.fidelity_max))
    return replace(trial, state=TrialState.FINISHED, ended_at=now)


def measured(draft: Draft, trial: Trial) -> dict[str, Any]:
    """What the finished repeats of a trial say of it: their number, mean and spread."""
    done = [run for run in draft.runs_of(trial.number) if run.state is RunState.FINISHED]
    values = [run.value for run in done if run.value is not None]
    if not values:
        return {"repeats_done": len(done)}
    return {
        "repeats_done": len(done),
        "value": statistics.fmean(values),
        "spread": statistics.stdev(values) if len(values) > 1 else None,
    }


def _stopped(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    if trial.state.has_ended:
        return trial
    reason = run.ordered_because or Reason("requested", "stopped by request")
    if reason.phase == _TRIAL_ENDED:
        return _waiting(draft, trial)  # the trial was brought back meanwhile
    return replace(trial, state=TrialState.STOPPED, ended_at=now, ended_by=reason, **measured(draft, trial))


def _paused(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    if trial.state.has_ended:
        return trial
    if run.ordered == "continue" and (trial.until is None or trial.until > run.fidelity):
        return _waiting(draft, replace(trial, losses=0))  # it did as told at its start, and is wanted further meanwhile
    reason = run.ordered_because or Reason("rung", f"ran to {run.fidelity:g} as asked")
    return replace(trial, state=TrialState.PAUSED, ended_by=reason, losses=0)


def _failed(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    failure = run.failure or Failure(Cause.EXIT_CODE)
    if trial.state.has_ended:
        return trial
    if is_hosts_fault(draft, run):
        return _waiting(draft, trial)
    if failure.cause in _WORTH_A_RETRY and trial.retries < draft.plan.file.besom.retries:
        return _waiting(draft, replace(trial, retries=trial.retries + 1, failure=failure))
    return replace(trial, state=TrialState.FAILED, ended_at=now, failure=failure)


def _lost(draft: Draft, trial: Trial, run: Run, now: float) -> Trial:
    if trial.state.has_ended:
        return trial
    # Cut off by one time limit after another it gets further each time: that is no agent vanishing in a row.
    before = [other.fidelity for other in draft.runs_of(trial.number) if other.repeat == run.repeat and other != run]
    has_got_further = draft.plan.can_resume and run.fidelity > max(before, default=0.0)
    trial = replace(trial, losses=1 if has_got_further else trial.losses + 1)
    if trial.losses > LOSSES_BEFORE_FAILURE:
        failure = run.failure
        if failure is None or failure.cause not in OUT_OF_MEMORY:  # of which an agent gives back what shared its place
            why = f", the last: {failure.message}" if failure is not None and failure.message else ""
            lines = failure.last_lines if failure is not None else ""
            failure = Failure(Cause.LOST, f"lost or given back {trial.losses} times in a row{why}", last_lines=lines)
        return replace(trial, state=TrialState.FAILED, ended_at=now, failure=failure)
    return _waiting(draft, trial)


def _waiting(draft: Draft, trial: Trial) -> Trial:
    """Still running where another run of it is under way, waiting for an agent otherwise."""
    if trial.state.has_ended:
        return trial
    return replace(trial, state=draft.state_of_open(trial.number))

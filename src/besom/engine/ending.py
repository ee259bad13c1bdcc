"""When a sweep ends or pauses by itself, and how its runs are told."""

from __future__ import annotations

from dataclasses import replace

from besom.engine.draft import Draft
from besom.records import Reason, SweepState, TrialState

FAILURES_BEFORE_PAUSE = 20
_RUNNING_BUDGETS = ("epochs", "hours", "gpu_hours")


def order_stop(draft: Draft, run_id: str, reason: Reason, order: str = "stop") -> None:
    """Tell a run to end; what it was told first stands."""
    run = draft.runs[run_id]
    if run.ordered == "continue":
        draft.put_run(replace(run, ordered=order, ordered_because=reason))


def end_early(draft: Draft, why: str, reason: Reason) -> None:
    """Give out nothing new and stop the runs under way, except those that a person brought back."""
    draft.put_sweep(state=SweepState.STOPPING, why=why)
    for run in draft.live_runs():
        if not draft.trials[run.trial].kept:
            order_stop(draft, run.id, reason)


def check_budgets(draft: Draft, now: float) -> None:
    """End the sweep early where a budget that running trials use up is spent."""
    if draft.sweep.state is not SweepState.RUNNING:
        return
    state = draft.state()
    unit = state.exceeded(now, _RUNNING_BUDGETS)
    if unit is None:
        return
    why = spent_text(draft, unit)
    if any(not draft.trials[run.trial].kept for run in draft.live_runs()):
        end_early(draft, why, Reason("budget", why))
    finish_if_nothing_is_left(draft, now, why)


def finish_if_nothing_is_left(draft: Draft, now: float, why: str = "") -> None:
    """End a sweep that has no run under way and wants none."""
    if draft.sweep.state.has_ended or draft.live:
        return
    is_stopping = draft.sweep.state is SweepState.STOPPING
    if draft.open and not is_stopping and not why:
        return
    why = why or draft.sweep.why
    for number in draft.open:
        if not draft.trials[number].kept or is_stopping:
            reason = Reason("sweep ended", f"the sweep ended before it could go on: {why}")
            draft.change_trial(number, state=TrialState.STOPPED, ended_at=now, ended_by=reason)
    if not draft.open:
        draft.put_sweep(state=SweepState.FINISHED, ended_at=now, why=why)


def finish_if_spent(draft: Draft, now: float) -> None:
    """End a sweep whose last run is over, if it is stopping or has spent its budget: no agent may be left to ask."""
    unit = draft.state().exceeded(now)
    if draft.sweep.state is SweepState.STOPPING:
        finish_if_nothing_is_left(draft, now)
        return
    is_idle = draft.sweep.state is SweepState.RUNNING and not draft.open
    if is_idle and unit is not None and not may_resume_still(draft, now):
        finish_if_nothing_is_left(draft, now, spent_text(draft, unit))


def may_resume_still(draft: Draft, now: float) -> bool:
    """Whether nothing but the number of trials is spent, so that paused ones of them may still be gone on with."""
    if not (draft.plan.can_stop and draft.plan.can_resume) or draft.state().exceeded(now, _RUNNING_BUDGETS) is not None:
        return False
    return any(trial.state is TrialState.PAUSED for trial in draft.trials.values())


def spent_text(draft: Draft, unit: str) -> str:
    """The sentence that a spent budget is told by."""
    allowed, name = draft.state().allowed()[unit], unit.replace("_", " ")
    return f"budget spent: {allowed:g} {name.removesuffix('s') if allowed == 1 else name}"


def pause_after_failures(draft: Draft, now: float) -> None:
    """Pause a sweep in which everything fails, before it has spent all its trials on it; again after as many more."""
    in_a_row = draft.sweep.failures_in_a_row
    if in_a_row == 0 or in_a_row % FAILURES_BEFORE_PAUSE or draft.sweep.state is not SweepState.RUNNING:
        return
    last = max((t for t in draft.trials.values() if t.failure), key=lambda t: t.ended_at or 0.0)
    cause = f"{last.failure.cause}: {last.failure.message}" if last.failure else "unknown"
    why = f"{in_a_row} trials in a row failed, trial {last.number} by {cause}; mend the cause, then go on"
    draft.put_sweep(state=SweepState.PAUSED, paused_at=now, why=why)

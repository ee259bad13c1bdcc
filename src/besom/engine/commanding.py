"""What a person asks of a sweep while it runs, or after."""

from __future__ import annotations

from besom.engine.asking import add_trial, complete
from besom.engine.draft import Draft
from besom.engine.ending import finish_if_nothing_is_left, finish_if_spent, order_stop
from besom.engine.importing import PHASE as IMPORTED
from besom.engine.plan import compile_plan
from besom.engine.suspecting import is_set_aside, put_back
from besom.errors import ConfigError, UnknownName, WrongState
from besom.records import Reason, Sweep, SweepState, Trial, TrialState
from besom.wire import Command

_UNITS = ("trials", "epochs", "hours", "gpu_hours")
_BY_REQUEST = Reason("requested", "stopped by request")


def carry_out(draft: Draft, command: Command, now: float) -> Sweep:
    """Do what the command says; the sweep as it is then.

    Raises:
        WrongState: The sweep or trial is in no state for it.
        UnknownName: There is no such trial.
        ConfigError: A configuration or budget that cannot be.
        SweepFileError: A sweep file that cannot be run.
    """
    {
        "pause": _pause,
        "resume": _resume,
        "stop": _stop,
        "cancel": _cancel,
        "stop_trial": _stop_trial,
        "resume_trial": _resume_trial,
        "resume_host": _resume_host,
        "enqueue": _enqueue,
        "set_budget": _set_budget,
        "set_file": _set_file,
    }[command.verb](draft, command, now)
    return draft.sweep


def _pause(draft: Draft, command: Command, now: float) -> None:
    _need_not_ended(draft, "paused")
    if draft.sweep.state is not SweepState.PAUSED:
        draft.put_sweep(state=SweepState.PAUSED, paused_at=now, why="paused by request")


def _resume(draft: Draft, command: Command, now: float) -> None:
    _need_something_to_run(draft)
    if draft.sweep.state is SweepState.CANCELLED:
        raise WrongState(f"sweep {draft.sweep.id}: is cancelled and cannot go on; start a new one from its file")
    if draft.sweep.state is SweepState.FINISHED:
        unit = draft.state().exceeded(now)
        if unit is not None:
            limit = draft.state().allowed()[unit]
            raise WrongState(
                f"sweep {draft.sweep.id}: has spent its budget of {limit:g} {unit}; raise it first: "
                f"besom budget {draft.sweep.id} --{unit.replace('_', '-')} N"
            )
    reopen(draft, now)


def _need_something_to_run(draft: Draft) -> None:
    """Refuse an import without a sweep file: its space was inferred, and nobody said what its trials would execute."""
    first = draft.trials.get(1)
    is_imported = first is not None and first.reason.phase == IMPORTED
    if is_imported and not draft.sweep.folder and not draft.plan.file.has_program:
        raise WrongState(
            f"sweep {draft.sweep.id}: was imported without a sweep file and has no program to go on with; "
            "import the runs by their file, `besom import wandb FILE... --sweep sweep.yaml`, and resume that sweep."
        )


def reopen(draft: Draft, now: float) -> None:
    """Let the sweep run again; time spent paused or ended does not count against budgets in hours."""
    since = draft.sweep.ended_at or draft.sweep.paused_at
    if since is not None and draft.sweep.idle_at is not None:
        since = min(since, draft.sweep.idle_at)
    pause = now - since if since is not None and draft.sweep.state is not SweepState.RUNNING else 0.0
    draft.put_sweep(
        state=SweepState.RUNNING,
        why="",
        ended_at=None,
        paused_at=None,
        paused_s=draft.sweep.paused_s + max(0.0, pause),
        idle_at=None if draft.live else now,
    )
    for trial in list(draft.trials.values()):
        if _was_cut_off(draft, trial):
            draft.change_trial(trial.number, state=TrialState.WAITING, ended_at=None, ended_by=None)


def _was_cut_off(draft: Draft, trial: Trial) -> bool:
    """Whether the sweep's end kept a trial from going on, and it can: it never began, or has a checkpoint."""
    if trial.state is not TrialState.STOPPED or trial.ended_by is None:
        return False
    return trial.ended_by.phase == "sweep ended" or (trial.ended_by.phase == "budget" and draft.plan.can_resume)


def _stop(draft: Draft, command: Command, now: float) -> None:
    _need_not_ended(draft, "stopped")
    draft.put_sweep(state=SweepState.STOPPING, why="stopped by request")
    finish_if_nothing_is_left(draft, now)


def _cancel(draft: Draft, command: Command, now: float) -> None:
    _need_not_ended(draft, "cancelled")
    reason = Reason("requested", "the sweep was cancelled")
    for run in draft.live_runs():
        order_stop(draft, run.id, reason)
    for number in draft.open:
        if not draft.live_runs(number):
            draft.change_trial(number, state=TrialState.STOPPED, ended_at=now, ended_by=reason)
    draft.put_sweep(state=SweepState.CANCELLED, ended_at=now, why="cancelled by request")


def _stop_trial(draft: Draft, command: Command, now: float) -> None:
    trial = _trial(draft, command)
    if trial.state.has_ended:
        raise WrongState(f"trial {trial.number}: is {trial.state} already")
    live = draft.live_runs(trial.number)
    for run in live:
        order_stop(draft, run.id, _BY_REQUEST)
    if not live:
        draft.change_trial(trial.number, state=TrialState.STOPPED, ended_at=now, ended_by=_BY_REQUEST)


def _resume_trial(draft: Draft, command: Command, now: float) -> None:
    trial = _trial(draft, command)
    if trial.state not in (TrialState.STOPPED, TrialState.PAUSED, TrialState.FAILED):
        raise WrongState(
            f"trial {trial.number}: is {trial.state}; only one that was stopped, paused or failed can be resumed"
        )
    if draft.sweep.state is SweepState.CANCELLED:
        raise WrongState(f"sweep {draft.sweep.id}: is cancelled; its trials cannot go on")
    _need_something_to_run(draft)
    if draft.sweep.state is not SweepState.RUNNING:
        reopen(draft, now)
    draft.change_trial(
        trial.number,
        state=TrialState.WAITING,
        kept=True,
        until=draft.plan.fidelity_max,
        ended_at=None,
        ended_by=None,
        failure=None,
        losses=0,
    )


def _resume_host(draft: Draft, command: Command, now: float) -> None:
    host = command.host or ""
    if not is_set_aside(draft, host):
        known = ", ".join(aside.host for aside in draft.sweep.set_aside) or "none"
        raise UnknownName(f"host {host}: must be one that sweep {draft.sweep.id} has set aside, which are: {known}")
    put_back(draft, host)


def _enqueue(draft: Draft, command: Command, now: float) -> None:
    _need_not_ended(draft, "given another trial")
    flat = draft.plan.space.flatten(command.config or {})
    whole = complete(draft, flat)
    draft.plan.space.validate(whole)
    add_trial(draft, whole, Reason("requested", "asked for by a person"), draft.plan.fidelity_max, now)


def _set_budget(draft: Draft, command: Command, now: float) -> None:
    budget = dict(command.budget or {})
    for unit, amount in budget.items():
        if unit not in _UNITS:
            raise ConfigError(f"budget.{unit}: no such unit; valid: {', '.join(_UNITS)}")
        if amount is not None:
            _need_amount(unit, amount)
    draft.put_sweep(budget={**draft.sweep.budget, **budget})
    _reopen_if_there_is_more(draft, now)
    finish_if_spent(draft, now)  # no agent may be left to ask


def _need_amount(unit: str, amount: float) -> None:
    if unit == "trials" and not (amount >= 1 and amount % 1 == 0):
        raise ConfigError(f"budget.trials: needs a whole number from 1, got {amount:g}")
    if not amount > 0:
        raise ConfigError(f"budget.{unit}: needs more than 0, got {amount:g}")


def _set_file(draft: Draft, command: Command, now: float) -> None:
    """Go on by another sweep file. Trials that do not belong to its space stay, but the search no longer sees them."""
    plan = compile_plan(command.file or {})
    for what, name in (("metric", "metric"), ("fidelity", "fidelity_metric")):
        before, after = getattr(draft.plan, name), getattr(plan, name)
        if draft.trials and before != after:
            raise WrongState(
                f"sweep {draft.sweep.id}: keeps the {what} that its trials were measured by, {before}, got {after}; "
                "start a new sweep for that."
            )
    draft.put_sweep(file=dict(command.file or {}))
    draft.replan(plan)
    _reopen_if_there_is_more(draft, now)


def _reopen_if_there_is_more(draft: Draft, now: float) -> None:
    was_spent = draft.sweep.state is SweepState.FINISHED and draft.sweep.why.startswith("budget spent")
    if was_spent and draft.state().exceeded(now) is None:
        reopen(draft, now)


def _trial(draft: Draft, command: Command) -> Trial:
    trial = draft.trials.get(command.trial or 0)
    if trial is None:
        raise UnknownName(f"trial {command.trial}: sweep {draft.sweep.id} has trials 1 to {len(draft.trials)}")
    return trial


def _need_not_ended(draft: Draft, done: str) -> None:
    if draft.sweep.state.has_ended:
        raise WrongState(f"sweep {draft.sweep.id}: is {draft.sweep.state} and cannot be {done}")

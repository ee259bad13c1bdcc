"""Whether a running trial goes on: target, strategy and stopping rule have their say on what it has shown."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from besom.engine.draft import Draft
from besom.engine.ending import end_early, order_stop
from besom.engine.history import history_of
from besom.engine.state import is_on_probation
from besom.records import Reason, Run, SweepState, Trial
from besom.search.contract import Reviewer
from besom.stopping.contract import CONTINUE, Decision


def decide(draft: Draft, run: Run) -> None:
    """Act on the run's new points: end the sweep at its target, end the run, audit the trial, or let it go on."""
    plan, trial = draft.plan, draft.trials[run.trial]
    if trial.value is not None and plan.reaches_target(trial.value) and draft.sweep.state is SweepState.RUNNING:
        assert plan.file.metric is not None
        target = plan.file.metric.target
        why = f"target reached: {plan.metric} {trial.value:g} in trial {trial.number} (target {target:g})"
        end_early(draft, why, Reason("target", why))
        return
    if run.ordered != "continue" or trial.kept or trial.audited is not None or trial.number not in draft.observations:
        return
    decision = _rule(draft, trial) if plan.rule is not None else _review(draft, run, trial)
    if decision.order == "continue":
        return
    reason = plan.shown(decision.reason or Reason("rule"))
    if _is_drawn_for_audit(draft, trial.number):
        _audit(draft, run, reason)
    else:
        order_stop(draft, run.id, reason, decision.order if plan.can_resume else "stop")


def _rule(draft: Draft, trial: Trial) -> Decision:
    assert draft.plan.rule is not None
    return draft.plan.rule.decide(draft.observations[trial.number], draft.others(trial.number))


def _review(draft: Draft, run: Run, trial: Trial) -> Decision:
    """What the strategy says of a trial that got to where it sent it; a trial passes once, not in each repeat."""
    plan = draft.plan
    if run.repeat > 0 or not is_on_probation(plan, trial) or trial.until is None or run.fidelity < trial.until:
        return CONTINUE
    if not isinstance(plan.strategy, Reviewer):
        return Decision("pause", Reason("rung", f"ran to {trial.until:g} as asked"))
    decision = plan.strategy.review(history_of(draft), trial.number)
    if decision.order == "continue":
        until = plan.fidelity_max if decision.until is None else decision.until
        draft.change_trial(trial.number, until=until)
        reason = plan.shown(decision.reason or Reason("review", "The search lets it go on."))
        passed = replace(reason, details={"rung": run.fidelity, **reason.details})
        draft.change_run(run.id, passed=(*run.passed, passed))
    return decision


def _is_drawn_for_audit(draft: Draft, trial: int) -> bool:
    """Whether the trial is one of those that are let finish; the same for the same sweep and number."""
    share = draft.plan.file.besom.audit
    drawn = int.from_bytes(hashlib.sha256(f"audit/{draft.sweep.seed}/{trial}".encode()).digest()[:8])
    return drawn < share * 2**64


def _audit(draft: Draft, run: Run, reason: Reason) -> None:
    """Let the trial finish, and note why it would not have, and what it would have had to beat."""
    number = draft.incumbent_number
    incumbent = {} if number is None else {"incumbent": draft.trials[number].value}
    noted = replace(reason, details={**reason.details, "at": run.fidelity, **incumbent})
    draft.change_trial(run.trial, audited=noted, until=draft.plan.fidelity_max)

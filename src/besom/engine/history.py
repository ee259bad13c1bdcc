"""What a strategy gets to know of a sweep."""

from __future__ import annotations

import math

from besom.engine.draft import Draft
from besom.engine.state import fidelity_spent
from besom.search.contract import History, StopWhen


def history_of(draft: Draft) -> History:
    """Everything that the strategy may decide by: the same whenever the records are, whatever the time."""
    plan, allowed = draft.plan, draft.state().allowed()
    fidelity = plan.file.besom.fidelity
    # The running total grows in the order in which runs ended, which a restart does not know: only this sum is exact.
    spent = math.fsum(fidelity_spent(run) for run in draft.runs.values()) if "epochs" in allowed else 0.0
    in_seconds = "epochs" not in allowed and ("hours" in allowed or "gpu_hours" in allowed)
    return History(
        space=plan.space,
        observations=list(map(draft.observations.__getitem__, sorted(draft.observations))),
        seed=draft.sweep.seed,
        until_min=fidelity.min if fidelity else 1.0,
        until_max=plan.fidelity_max,
        can_stop=plan.can_stop,
        can_resume=plan.can_resume,
        fidelity_left=max(0.0, allowed["epochs"] - spent) if "epochs" in allowed else None,
        trials_left=max(0, int(allowed["trials"]) - len(draft.trials)) if "trials" in allowed else None,
        cost="seconds" if in_seconds else "fidelity",
        has_repeats=plan.repeats > 1,
        stop_when=_stop_when(draft, has_budget=bool(allowed)),
    )


def _stop_when(draft: Draft, *, has_budget: bool) -> StopWhen | None:
    """What the file says; without it a budget is there to be spent, and without a budget bayes ends in the noise."""
    given = draft.plan.file.besom.stop_when
    if given is None:
        return StopWhen() if draft.plan.file.method == "bayes" and not has_budget else None
    if given.gain == "never":
        return None
    return StopWhen(None if given.gain == "noise" else given.gain, given.decisions)

"""Who deserves another repeat: a trial that is behind by more than chance does not."""

from __future__ import annotations

import math

from besom.engine.draft import Draft
from besom.records import Reason, Trial

_STANDARD_ERRORS = 2.0
_LEAST_FREEDOM = 4  # degrees of freedom that the spread between repeats must be known by


def reason_to_spare(draft: Draft, trial: Trial) -> Reason | None:
    """Why the remaining repeats of `trial` are not worth running; None while they are.

    It is held against the incumbent, with the spread between repeats pooled over all trials.

    Source:
        Maron & Moore 1994, Hoeffding races; Hutter et al. 2009, ParamILS (the incumbent gets the most runs).
    """
    incumbent = draft.trials[draft.incumbent_number] if draft.incumbent_number is not None else None
    is_held = trial.kept or not draft.plan.file.besom.repeats.race
    if incumbent is None or incumbent.number == trial.number or is_held:
        return None
    if trial.value is None or incumbent.value is None:
        return None
    spread = _pooled_spread(draft)
    if spread is None:
        return None
    behind = abs(trial.value - incumbent.value)
    error = spread * math.sqrt(1 / max(trial.repeats_done, 1) + 1 / max(incumbent.repeats_done, 1))
    if draft.plan.is_better(trial.value, incumbent.value) or behind <= _STANDARD_ERRORS * error:
        return None
    text = (
        f"{trial.repeats_done} of {trial.repeats} repeats: behind trial {incumbent.number} by {behind:.3g}, "
        f"more than {_STANDARD_ERRORS:g} standard errors of {error:.2g}"
    )
    return Reason("repeats", text, {"value": trial.value, "best": incumbent.value, "error": error})


def _pooled_spread(draft: Draft) -> float | None:
    """Standard deviation between repeats of one configuration, over all trials; None while too little is known."""
    known = [(t.spread, t.repeats_done - 1) for t in draft.trials.values() if t.spread is not None]
    freedom = sum(count for _, count in known)
    if freedom < _LEAST_FREEDOM:
        return None
    return math.sqrt(sum(count * spread**2 for spread, count in known) / freedom)

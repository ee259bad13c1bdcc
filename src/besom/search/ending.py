"""When a search has nothing more to gain, by its own account."""

from __future__ import annotations

from besom.records import Reason
from besom.search.contract import History


def reason_to_end(history: History, reason: Reason, noise: float) -> str | None:
    """Why the search ends now; None while it goes on.

    Args:
        history: Its `stop_when` says what is too small, and for how many suggestions in a row.
        reason: Of the next suggestion; its `expected_gain` is in the objective's units.
        noise: Standard deviation of the objective's noise, in its units.

    Source:
        Makarova et al. 2022, Automatic termination for hyperparameter optimization (stop below the noise).
    """
    rule = history.stop_when
    gain = reason.details.get("expected_gain")
    if rule is None or gain is None:
        return None
    limit = noise if rule.gain is None else rule.gain
    latest = history.observations[len(history.observations) - rule.decisions + 1 :]
    gains = [*(o.details.get("expected_gain") for o in latest), gain]
    if len(gains) < rule.decisions or not all(g is not None and g < limit for g in gains):
        return None
    what = f"the noise ({limit:.2g})" if rule.gain is None else f"the {limit:g} asked for"
    return f"the expected gain was below {what} in {rule.decisions} suggestions in a row, now {gain:.2g}"

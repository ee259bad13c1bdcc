"""What the model does not choose: trials, and trainings to the end, that find what it cannot imagine.

Source:
    Interleaved random configurations: Hutter et al. 2011 (SMAC). Here they come from the design, and seldom.
"""

from __future__ import annotations

import math
from dataclasses import replace

from besom.records import Config, Reason
from besom.search.contract import History, Suggestion
from besom.search.design import next_of_design
from besom.search.failures import Failures
from besom.search.tried import Tried

_EVERY = 4  # new trials, where one costs a short look only
_PER_WHOLE = 4.0  # trainings' worth of fidelity for each that must have been followed to its end

PHASE = "exploration"
_IN_TURN = (
    f"One new trial in {_EVERY} looks where nobody has looked: the model may be wrong about the rest of the space."
)
_AT_A_TIE = (
    "The latest trial came out exactly as the best one: what was changed does not matter there, so look elsewhere."
)
_TO_THE_END = (
    "Too few trainings were followed to their end to know what becomes of one: the best that waits goes all the way."
)


def in_turn(history: History, tried: Tried, failures: Failures, chosen: Reason) -> Suggestion | None:
    """A point of the design, where it is exploration's turn; None otherwise.

    Args:
        history: What is known.
        tried: Configurations that are not new.
        failures: What configurations risk.
        chosen: Why the model chose what would be run instead.
    """
    return _explore(history, tried, failures, chosen, _IN_TURN) if _is_turn(history) else None


def at_a_tie(history: History, tried: Tried, failures: Failures, chosen: Reason) -> Suggestion | None:
    """A point of the design, where the latest result is exactly the best one over again; None otherwise."""
    return _explore(history, tried, failures, chosen, _AT_A_TIE) if _is_tie(history) else None


def owes_a_training(history: History, most: float) -> bool:
    """Whether too few trials were trained to the `most` fidelity for the model to know how curves go on."""
    spent = sum(o.fidelity for o in history.observations)
    whole = sum(o.fidelity >= most for o in history.observations)
    return whole < math.floor(spent / most / _PER_WHOLE)


def to_the_end(config: Config, resume: int, chosen: Reason) -> Suggestion:
    """Trial `resume` to its end."""
    details = {"expected_gain": chosen.details["expected_gain"]}
    return Suggestion(config, Reason(PHASE, _TO_THE_END, details), resume=resume)


def _is_turn(history: History) -> bool:
    return len(history.observations) % _EVERY == _EVERY - 1


def _is_tie(history: History) -> bool:
    values = [o.value for o in history.observations if o.value is not None]
    return len(values) > 1 and values[-1] == min(values) and values[-1] in values[:-1]


def _explore(history: History, tried: Tried, failures: Failures, chosen: Reason, why: str) -> Suggestion | None:
    suggestion = next_of_design(history, tried)
    if suggestion is None or failures.rule_out(history.space.encode([suggestion.config]))[0]:
        return None
    # What the model would have gained goes on to say when the search ends.
    details = {**suggestion.reason.details, "expected_gain": chosen.details["expected_gain"]}
    return replace(suggestion, reason=Reason(PHASE, why, details))

"""What successive halving would send on: the model may be wrong about what becomes of a training.

Source:
    Li et al. 2020, arXiv:1810.05934 (asynchronous successive halving).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

from besom.records import Observation
from besom.search.contract import History
from besom.search.shown import ROUNDING, Ladder
from besom.search.steps import may_go_on
from besom.search.twins import leaders

_RUNGS = (1 / 17, 3 / 17, 9 / 17, 1.0)  # parts of the most fidelity
_OF = 9  # trials that came to a rung, for each that must go on


def next_promoted(history: History, ladder: Ladder) -> tuple[Observation, float] | None:
    """The trial that waits although it stands out at its rung, and the rung to go on to; None where there is none.

    Who can go furthest comes first.
    """
    told_of = leaders(history.observations)
    seen = [o for o in history.observations if o.curve and o.trial not in told_of]
    rungs = sorted({ladder.rung(part) for part in _RUNGS})
    for rung, following in reversed(list(pairwise(rungs))):
        for outstanding in _outstanding(seen, rung):
            if outstanding.fidelity * (1 + ROUNDING) < following and may_go_on(outstanding):
                return outstanding, following
    return None


def _outstanding(observations: Sequence[Observation], rung: float) -> list[Observation]:
    """The best ninth of those that came to the `rung`, by what they had shown there; best first, and no tie cut."""
    came = [(_value_at(o, rung), o) for o in observations if o.fidelity * (1 + ROUNDING) >= rung]
    came.sort(key=itemgetter(0))
    count = int(len(came) / _OF)
    while count and came[count - 1][0] == came[count][0]:
        count -= 1
    return [o for _, o in came[:count]]


def _value_at(observation: Observation, rung: float) -> float:
    """The last finite value up to the `rung`; infinite where there is none."""
    fidelity, values = observation.curve.usable
    count = int(fidelity.searchsorted(rung * (1 + ROUNDING), side="right"))
    return float(values[count - 1]) if count else float("inf")

"""What a stopping rule is: observations in, a decision out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from besom.records import Observation, Reason
from besom.wire import Order


@dataclass(frozen=True, slots=True)
class Decision:
    """What a running trial shall do, and why.

    Attributes:
        order: "continue", "pause" or "stop".
        reason: Why; of "continue" it is kept only where a strategy reviewed the trial.
        until: With "continue", the fidelity at which to decide again; None for as far as the script goes.
    """

    order: Order
    reason: Reason | None = None
    until: float | None = None


CONTINUE = Decision("continue")


class StoppingRule(Protocol):
    """Decides on a running trial each time that it reports.

    Built-ins are named in `besom.stopping.RULES`; others come by the entry point `besom.stopping_rules`.
    """

    def decide(self, running: Observation, others: Sequence[Observation]) -> Decision:
        """Whether `running` goes on, given all the other trials of the sweep. The objective is minimised."""
        ...

"""What a strategy is: observations in, one suggestion out. Stateless and deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from besom.records import Config, Observation, Reason
from besom.space import Space


@dataclass(frozen=True, slots=True)
class History:
    """All that a strategy may know.

    Attributes:
        space: The search space.
        observations: Every trial so far in order of its number, pending ones included; the objective is minimised.
        seed: The sweep's seed. Same seed and same observations: same suggestion.
        until_max: The most fidelity a trial can get; None without a fidelity.
        can_resume: Whether a paused trial goes on from a checkpoint.
        options: The strategy's own options from the sweep file.
    """

    space: Space
    observations: Sequence[Observation]
    seed: int
    until_max: float | None = None
    can_resume: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Start a new trial with `config` (flat, active parameters only), or go on with the paused trial `resume`."""

    config: Config
    reason: Reason
    until: float | None = None
    resume: int | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """There is nothing left to try, and why."""

    why: str


class Strategy(Protocol):
    """A search method.

    Built-ins are named in `besom.search.STRATEGIES`; others come by the entry point `besom.strategies`.
    """

    def ask(self, history: History) -> Suggestion | Exhausted:
        """What to run next, given everything so far.

        Never raises on any history; never suggests a pending configuration again unless the space leaves no other.
        """
        ...

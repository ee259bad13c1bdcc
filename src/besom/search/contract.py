"""What a strategy is: observations in, one suggestion out. Stateless and deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from besom.records import Config, Observation, Reason
from besom.space import Space
from besom.stopping.contract import Decision


@dataclass(frozen=True, slots=True)
class StopWhen:
    """When a search ends by itself: the expected gain was too small in so many suggestions in a row.

    Attributes:
        gain: Too small is less than this, in the objective's units; None for less than the noise.
        decisions: How many in a row.
    """

    gain: float | None = None
    decisions: int = 5


@dataclass(frozen=True, slots=True)
class History:
    """All that a strategy may know.

    Attributes:
        space: The search space.
        observations: Every trial so far in order of its number, pending ones included; the objective is minimised.
        seed: The sweep's seed. Same seed and same observations: same suggestion.
        until_min: The least fidelity at which a trial shows anything of use.
        until_max: The most fidelity a trial can get; None without a fidelity.
        can_stop: Whether the strategy may stop or pause trials: there is a fidelity, and no other stopping rule.
        can_resume: Whether a paused trial goes on from a checkpoint; otherwise it can only be started again.
        fidelity_left: What is left of a budget in fidelity (epochs); None without one.
        trials_left: What is left of a budget in trials; None without one.
        cost: What a budget is counted in, and the search spares: fidelity, or seconds (hours and GPU-hours).
        has_repeats: Whether a trial's value is the mean of several runs.
        stop_when: When to end by itself; None for never.
        options: The strategy's own options from the sweep file.
    """

    space: Space
    observations: Sequence[Observation]
    seed: int
    until_min: float = 1.0
    until_max: float | None = None
    can_stop: bool = True
    can_resume: bool = False
    fidelity_left: float | None = None
    trials_left: int | None = None
    cost: Literal["fidelity", "seconds"] = "fidelity"
    has_repeats: bool = False
    stop_when: StopWhen | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Start a new trial with `config` (flat, active parameters only), or go on with a paused or stopped one, `resume`.

    Attributes:
        config: The configuration, of `resume` where that is given.
        reason: Why.
        until: The fidelity to run to before the strategy reviews it; None for as far as the script goes.
        resume: The trial to go on with: from its checkpoint where `can_resume`, from the start otherwise.
    """

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


@runtime_checkable
class Reviewer(Protocol):
    """A strategy that also decides on trials under way, when they get to the fidelity that it sent them to."""

    def review(self, history: History, trial: int) -> Decision:
        """Whether the pending `trial` of the history goes on ("continue", until `Decision.until`), pauses or stops."""
        ...

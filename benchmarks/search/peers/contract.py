"""What a peer is: configurations out, measurements in. It runs in an environment of its own: numpy, itself, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Order = Literal["continue", "pause", "stop"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What an optimiser is told of a task.

    Attributes:
        space: A W&B sweep's `parameters` block.
        goal: "minimize" or "maximize".
        max_epochs: The most epochs that a trial gets; 1 without a learning curve.
        budget: Trials (protocol A) or epochs (protocol B) that will be spent.
        seed: For whatever is random in the optimiser.
        has_curve: Whether values are reported epoch by epoch (protocol B), or at the end alone (protocol A).
    """

    space: Mapping[str, Mapping[str, Any]]
    goal: Literal["minimize", "maximize"]
    max_epochs: int
    budget: int
    seed: int
    has_curve: bool


@dataclass(frozen=True, slots=True)
class Job:
    """Train `config` up to epoch `until`.

    The same `id` again means: go on with that trial from where it was, which costs the further epochs alone.
    """

    id: int
    config: Mapping[str, Any]
    until: int


class Peer(Protocol):
    """An optimiser behind ask and tell; `roster` says how a module makes one known.

    Values are the task's own, in the direction of its goal: a peer turns them as it needs. `ask` may be called again
    before the job asked for first was told.
    """

    def ask(self) -> Job | None:
        """What to train next; None when the optimiser has ended."""
        ...

    def report(self, job: Job, epoch: int, value: float) -> Order:
        """Whether the trial goes on after it showed `value` at `epoch`: each epoch and the last, under B alone."""
        ...

    def tell(self, job: Job, value: float) -> None:
        """The job is over and showed `value` last: it got to `job.until`, or was told to stop or pause."""
        ...

"""Strategies that do as a test says, and sweeps that are driven with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from driven_sweep import Driven, sweep_file

from besom.records import Reason
from besom.search.contract import Exhausted, History, Suggestion
from besom.stopping.contract import Decision


@dataclass
class Sender:
    """Sends each trial to `until`, or goes on with the trial `resume`; keeps what it was shown."""

    until: float | None = 2.0
    resume: int | None = None
    ends: bool = False
    seen: list[History] = field(default_factory=list)

    def ask(self, history: History) -> Suggestion | Exhausted:
        self.seen.append(history)
        if self.ends:
            return Exhausted("nothing more to gain")
        return Suggestion({"lr": 0.5, "layers": 1}, Reason("test"), self.until, self.resume)


@dataclass
class Scripted(Sender):
    """Gives the decisions of `script` in turn; keeps which trial was reviewed at which fidelity."""

    script: list[Decision] = field(default_factory=list)
    reviews: list[tuple[int, float]] = field(default_factory=list)

    def review(self, history: History, trial: int) -> Decision:
        self.seen.append(history)
        curve = next(o.curve for o in history.observations if o.trial == trial)
        self.reviews.append((trial, curve[-1][0]))
        return self.script.pop(0)


def sweep(strategy: Any, *, checkpoints: bool = False, **changes: Any) -> Driven:
    besom = {"fidelity": {"metric": "epoch", "max": 9}, "checkpoints": checkpoints, **changes.pop("besom", {})}
    return Driven(sweep_file(besom=besom, **changes)).play(strategy)


def epochs(sweep: Driven, run: Any, first: int, last: int, value: float = 1.0) -> list[str]:
    name = sweep.state.plan.metric
    return [sweep.report(run, {"epoch": e, name: value / e}).order for e in range(first, last + 1)]

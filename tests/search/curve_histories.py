"""Sweeps with learning curves, played on by a strategy as the engine does, and histories made by hand."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from besom.records import Config, Curve, Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History, Suggestion
from besom.space import Space
from besom.stopping.contract import Decision

MOST = 27.0
PLANE = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}
Training = Callable[[Config, int], float]


def history(space: Space, observations: Sequence[Observation], **known: Any) -> History:
    return History(space, observations, known.pop("seed", 0), until_max=MOST, **known)


def ask(space: Space, observations: Sequence[Observation], **known: Any) -> Suggestion | Exhausted:
    return load_strategy("bayes").ask(history(space, observations, **known))


def review(space: Space, observations: Sequence[Observation], trial: int, **known: Any) -> Decision:
    return load_strategy("bayes").review(history(space, observations, **known), trial)


def seen(trial: int, config: Config, values: Sequence[float], status: Status, **more: Any) -> Observation:
    """A trial that has shown `values` at fidelity 1, 2, …; its latest finite one is its value."""
    finite = [value for value in values if math.isfinite(value)]
    curve = Curve((float(t + 1), value) for t, value in enumerate(values))
    facts = {"value": finite[-1] if finite else None, "curve": curve, "fidelity": float(len(values))}
    return Observation(trial, config, status, **{**facts, "seconds": float(len(values)), **more})


def rebuilt(observations: Sequence[Observation]) -> list[Observation]:
    """Equal observations that share no object, as after a restart."""
    return [
        replace(o, config=dict(o.config), curve=Curve([o.curve[i] for i in range(len(o.curve))])) for o in observations
    ]


def training(config: Config, t: int) -> float:
    """Falls to a floor that is lowest at (0.3, 0.6); the better, the slower at first."""
    floor = (config["x"] - 0.3) ** 2 + (config["y"] - 0.6) ** 2
    return floor + (0.5 - 0.2 * floor) * math.exp(-t / 5)


class Play:
    """One agent and one strategy: what is asked is trained, what gets to its fidelity is reviewed."""

    def __init__(self, space: Space, training: Training, **known: Any) -> None:
        self.space, self.training, self.known = space, training, known
        self.observations: list[Observation] = []
        self.resumed: list[int] = []
        self.ended: str | None = None

    def run(self, steps: int) -> "Play":
        for _ in range(steps):
            suggestion = ask(self.space, self.observations, **self.known)
            if isinstance(suggestion, Exhausted):
                self.ended = suggestion.why
                break
            self._train(self._begun(suggestion), suggestion.until)
        return self

    def spent(self) -> float:
        return sum(o.fidelity for o in self.observations)

    def _begun(self, suggestion: Suggestion) -> int:
        if suggestion.resume is None:
            self.space.validate(suggestion.config)
            number, reason = len(self.observations), suggestion.reason
            assert suggestion.config not in [o.config for o in self.observations]
            begun = seen(number, suggestion.config, [], Status.PENDING, phase=reason.phase, details=reason.details)
            self.observations.append(begun)
            return number
        before = self.observations[suggestion.resume]
        assert before.status in (Status.PAUSED, Status.STOPPED)
        assert suggestion.until is None or suggestion.until > before.fidelity
        self.resumed.append(suggestion.resume)
        return suggestion.resume

    def _train(self, number: int, until: float | None) -> None:
        while True:
            o = self.observations[number]
            reached = int(MOST if until is None else until)
            values = [*o.curve.values, *(self.training(o.config, t) for t in range(len(o.curve) + 1, reached + 1))]
            is_over = reached >= MOST
            status = Status.FINISHED if is_over else Status.PENDING
            self._put(seen(number, o.config, values, status, phase=o.phase, details=o.details))
            if is_over:
                return
            decision = review(self.space, self.observations, number, **self.known)
            if decision.order != "continue":
                assert decision.reason is not None
                assert decision.reason.text
                left = Status.PAUSED if decision.order == "pause" else Status.STOPPED
                self._put(replace(self.observations[number], status=left))
                return
            assert decision.until is None or decision.until > reached
            until = decision.until

    def _put(self, observation: Observation) -> None:
        self.observations[observation.trial] = observation

"""What every strategy keeps to. Subclass `StrategySuite` in a test file and name the strategy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from besom.records import Cause, Curve, Failure, Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History, Suggestion
from besom.space import Space

SMALL_GRID = {"a": {"values": ["x", "y", "z"]}, "b": {"values": [1, 2, 4, 8]}, "c": {"value": 3}}
BIG_GRID = {f"p{i}": {"values": list(range(10))} for i in range(4)}
MIXED = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "layers": {"min": 1, "max": 6},
    "width": {"values": [16, 32, 64, 128]},
    "optimizer": {"values": ["sgd", "adam", None]},
    "model": {"parameters": {"dropout": {"min": 0.0, "max": 0.9}, "flag": {"values": [True, False]}}},
    "shift": {"distribution": "normal", "mu": 0, "sigma": 2},
    "fixed": {"value": [1, {"a": 2}]},
}
CURVE_WITH_ANYTHING = Curve([(1, math.nan), (1, math.inf), (0, -math.inf), (5, 1e300)])
FAILURE = Failure(Cause.EXIT_CODE, "exit code 1", exit_code=1)

Outcome = Callable[[int], dict[str, Any]]
OUTCOMES: dict[str, Outcome] = {
    "all failed": lambda _: {"status": Status.FAILED, "failure": FAILURE},
    "all finished without a value": lambda _: {"status": Status.FINISHED, "curve": CURVE_WITH_ANYTHING},
    "all equal": lambda _: {"status": Status.FINISHED, "value": 0.25},
    "all pending": lambda _: {"status": Status.PENDING},
    "pending with curves": lambda _: {"status": Status.PENDING, "value": 1.0, "curve": CURVE_WITH_ANYTHING},
    "paused": lambda i: {"status": Status.PAUSED, "value": float(i) if i % 2 else None, "fidelity": 3.0},
    "scale of a million": lambda i: {"status": Status.FINISHED, "value": 1e6 * (-1.5) ** i},
    "largest floats": lambda i: {"status": Status.FINISHED, "value": 1.7e308 * (-1) ** i},
    "smallest floats": lambda i: {"status": Status.FINISHED, "value": 5e-324 * i},
    "differences of the last bit": lambda i: {"status": Status.FINISHED, "value": 1.0 + i * 2.3e-16},
    "one finite among failures": lambda i: {"status": Status.FINISHED if i == 0 else Status.FAILED, "value": 1.0},
    "stopped and diverged": lambda i: {"status": Status.STOPPED, "value": 10.0 ** min(i * 5, 300)},
    "every third failed, every fourth pending": lambda i: (
        {"status": Status.FAILED, "failure": FAILURE}
        if i % 3 == 0
        else {"status": Status.PENDING}
        if i % 4 == 0
        else {"status": Status.FINISHED, "value": math.sin(i)}
    ),
}


def finished_with(value: Callable[[int], float]) -> Outcome:
    """Every trial finishes; its number decides on the value."""
    return lambda i: {"status": Status.FINISHED, "value": float(value(i))}


def observed(suggestion: Suggestion, trial: int, **outcome: Any) -> Observation:
    """The observation of a suggestion, as the engine makes it."""
    return Observation(
        trial, suggestion.config, phase=suggestion.reason.phase, details=suggestion.reason.details, **outcome
    )


class StrategySuite:
    """Subclasses name the strategy and a large and a small space that it can search."""

    name: ClassVar[str]
    large: ClassVar[dict[str, Any]] = MIXED
    small: ClassVar[dict[str, Any]] = SMALL_GRID

    def ask(self, space: Space, observations: Sequence[Observation], seed: int = 0) -> Suggestion | Exhausted:
        return load_strategy(self.name).ask(History(space, observations, seed))

    def played(self, space: Space, n: int, outcome: Outcome, seed: int = 0) -> list[Observation]:
        """What `n` asks lead to, each with its outcome."""
        observations: list[Observation] = []
        for i in range(n):
            suggestion = self.ask(space, observations, seed)
            if isinstance(suggestion, Exhausted):
                break
            space.validate(suggestion.config)
            assert space.is_feasible(suggestion.config)
            observations.append(observed(suggestion, i, **outcome(i)))
        return observations

    @pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES.keys())
    def test_every_outcome_leads_to_valid_configurations(self, outcome: Outcome) -> None:
        assert len(self.played(Space.from_file(self.large), 12, outcome)) == 12

    def test_the_same_history_gives_the_same_suggestion(self) -> None:
        space = Space.from_file(self.large)
        observations = self.played(space, 9, OUTCOMES["every third failed, every fourth pending"])
        again = [replace(observation, config=dict(observation.config)) for observation in observations]
        assert self.ask(space, observations) == self.ask(Space.from_file(self.large), again)

    def test_a_sweep_played_again_is_the_same_sweep(self) -> None:
        space = Space.from_file(self.large)
        first = self.played(space, 10, finished_with(lambda i: i % 4), seed=7)
        assert first == self.played(Space.from_file(self.large), 10, finished_with(lambda i: i % 4), seed=7)

    def test_sixteen_pending_trials_differ(self) -> None:
        space = Space.from_file(self.large)
        told = self.played(space, 6, finished_with(float))
        observations = list(told)
        for i in range(6, 22):
            suggestion = self.ask(space, observations)
            assert isinstance(suggestion, Suggestion)
            observations.append(observed(suggestion, i, status=Status.PENDING))
        assert len({space.key(observation.config) for observation in observations}) == 22

    def test_a_small_space_is_gone_through_before_anything_is_repeated(self) -> None:
        space = Space.from_file(self.small)
        observations = self.played(space, space.cells, finished_with(math.cos))
        assert len({space.key(observation.config) for observation in observations}) == space.cells

    def test_a_space_of_one_configuration_is_no_trouble(self) -> None:
        space = Space.from_file({"a": {"value": 1}, "b": {"values": ["only"]}})
        assert self.played(space, 1, OUTCOMES["all pending"])[0].config == {"a": 1, "b": "only"}
        self.ask(space, [Observation(0, {"a": 1, "b": "only"}, Status.FINISHED, value=1.0)] * 20)

    def test_conditions_and_constraints_are_kept(self) -> None:
        space = Space.from_file(
            {"kind": {"values": ["a", "b"]}, "x": {"values": [1, 2, 3, 4]}, "y": {"values": [1, 2, 3, 4]}},
            when={"y": {"kind": "b"}},
            constraints=["x + y <= 5"],
        )
        observations = self.played(space, space.cells, finished_with(lambda i: i % 5))
        assert any("y" not in observation.config for observation in observations)
        assert len({space.key(observation.config) for observation in observations}) == space.cells

    def test_every_suggestion_says_why(self) -> None:
        for observation in self.played(Space.from_file(self.large), 8, finished_with(lambda i: 1 / (i + 1))):
            assert observation.phase in {"grid", "random", "initial design", "model", "exploration"}

    def test_baselines_and_requested_trials_are_part_of_the_history(self) -> None:
        space = Space.from_file(self.small)
        baseline = Observation(0, space.cell(2), Status.FINISHED, value=0.0, phase="baseline")
        observations = [baseline]
        for i in range(1, space.cells):
            suggestion = self.ask(space, observations)
            assert isinstance(suggestion, Suggestion)
            observations.append(observed(suggestion, i, status=Status.FINISHED, value=float(i)))
        assert len({space.key(observation.config) for observation in observations}) == space.cells

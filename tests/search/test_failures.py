import math

import numpy as np
import pytest

from besom.records import Cause, Config, Curve, Failure, Observation, Status
from besom.search.failures import Failures
from besom.search.moves import categories_of
from besom.space import Space

SPACE = Space.from_file({"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b", "c"]}})
CRASH = Failure(Cause.EXIT_CODE, "exit code 1", exit_code=1)


def told(n: int, fails, failure: Failure | None = CRASH) -> list[Observation]:
    configs = SPACE.sample(np.random.default_rng(0), n)
    return [
        Observation(i, config, Status.FAILED, failure=failure)
        if fails(config)
        else Observation(i, config, Status.FINISHED, value=1.0)
        for i, config in enumerate(configs)
    ]


def chance(observations: list[Observation], *configs: Config) -> np.ndarray:
    return np.exp(Failures(SPACE, observations, categories_of(SPACE)).log_chance(SPACE.encode(configs)))


def test_a_region_that_crashes_has_little_chance_and_the_rest_a_good_one() -> None:
    low, high = chance(told(40, lambda c: c["x"] > 0.7), {"x": 0.2, "kind": "a"}, {"x": 0.95, "kind": "a"})
    assert low > 0.8
    assert high < 0.2


def test_a_category_that_crashes_has_little_chance() -> None:
    good, bad = chance(told(40, lambda c: c["kind"] == "b"), {"x": 0.5, "kind": "a"}, {"x": 0.5, "kind": "b"})
    assert good > 0.8
    assert bad < 0.2


@pytest.mark.parametrize("status", [Status.STOPPED, Status.PAUSED])
def test_a_training_left_because_it_diverged_has_failed_too(status: Status) -> None:
    observations = [
        Observation(o.trial, o.config, status, value=2.0, curve=Curve([(1, 2.0), (2, math.nan)]))
        if o.status is Status.FAILED
        else o
        for o in told(40, lambda c: c["x"] > 0.7)
    ]
    low, high = chance(observations, {"x": 0.2, "kind": "a"}, {"x": 0.95, "kind": "a"})
    assert low > 0.8
    assert high < 0.2


@pytest.mark.parametrize("fails", [lambda c: False, lambda c: True])
def test_where_all_or_none_failed_there_is_nothing_to_tell_apart(fails) -> None:
    assert chance(told(9, fails), {"x": 0.5, "kind": "a"}) == 1.0


@pytest.mark.parametrize("cause", [Cause.LOST, Cause.NOT_STARTED])
def test_what_is_no_fault_of_the_configuration_is_not_held_against_it(cause: Cause) -> None:
    assert chance(told(20, lambda c: c["x"] > 0.7, Failure(cause)), {"x": 0.95, "kind": "a"}) == 1.0


def test_a_failure_without_a_cause_counts_as_one() -> None:
    assert chance(told(40, lambda c: c["x"] > 0.7, None), {"x": 0.95, "kind": "a"}) < 0.3


def test_trials_under_way_without_a_result_say_nothing() -> None:
    open_ = [Observation(i, {"x": 0.9, "kind": "a"}, Status.PENDING) for i in range(40, 60)]
    observations = told(40, lambda c: c["x"] > 0.7)
    at = {"x": 0.9, "kind": "a"}
    assert chance([*observations, *open_], at) == chance(observations, at)


def test_where_failing_is_likely_the_chance_counts_as_next_to_none_and_its_log_stays_finite() -> None:
    observations = told(200, lambda c: c["x"] > 0.5)
    failures = Failures(SPACE, observations, categories_of(SPACE))
    log_chance = failures.log_chance(SPACE.encode([{"x": 1.0, "kind": "a"}, {"x": 0.1, "kind": "a"}]))
    assert np.isfinite(log_chance).all()
    assert log_chance[0] < -1000
    assert log_chance[1] > -0.5


def test_the_same_configuration_that_failed_and_did_not_is_no_trouble() -> None:
    at = {"x": 0.5, "kind": "a"}
    both = [
        Observation(i, at, Status.FAILED if i % 2 else Status.FINISHED, value=None if i % 2 else 1.0) for i in range(20)
    ]
    assert np.isfinite(Failures(SPACE, both, categories_of(SPACE)).log_chance(SPACE.encode([at]))).all()

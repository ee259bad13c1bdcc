import math
import warnings
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_suite import RuleSuite

from besom.records import Curve, Observation, Status
from besom.stopping.hyperband import Hyperband
from besom.sweepfile.model import HyperbandOptions

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from sweeps import RunState, SweepRun
    from sweeps.hyperband_stopping import hyperband_stop_runs

by_count = st.fixed_dictionaries(
    {
        "type": st.just("hyperband"),
        "min_iter": st.integers(1, 6),
        "eta": st.one_of(st.integers(2, 4), st.floats(1.05, 4)),
        "strict": st.booleans(),
    }
)
by_end = st.fixed_dictionaries(
    {
        "type": st.just("hyperband"),
        "max_iter": st.integers(5, 60),
        "s": st.integers(1, 4),
        "eta": st.one_of(st.integers(2, 4), st.floats(1.05, 4)),
        "strict": st.booleans(),
    }
)
logged = st.one_of(st.integers(-5, 5).map(float), st.sampled_from([math.nan, math.inf, -math.inf]), st.floats(-1, 1))
histories = st.lists(st.lists(logged, max_size=30), min_size=1, max_size=8)


def observation(trial: int, values: list[float], status: Status = Status.PENDING) -> Observation:
    return Observation(trial, {}, status, curve=Curve(enumerate(values, 1)))


def stopped_by_wandb(options: dict[str, object], history: list[list[float]], goal: str = "minimize") -> set[int]:
    runs = [
        SweepRun(name=str(i), state=RunState.running, history=[{"loss": value} for value in values])
        for i, values in enumerate(history)
    ]
    config = {"metric": {"name": "loss", "goal": goal}, "early_terminate": options, "parameters": {"a": {"value": 1}}}
    return {int(run.name) for run in hyperband_stop_runs(runs, config)}


def stopped_by_us(rule: Hyperband, observations: list[Observation]) -> set[int]:
    return {
        running.trial
        for running in observations
        if rule.decide(running, [o for o in observations if o is not running]).order == "stop"
    }


@settings(max_examples=400, deadline=None)
@given(st.one_of(by_count, by_end), histories)
def test_stops_the_very_runs_that_wandbs_engine_stops(options: dict[str, object], history: list[list[float]]) -> None:
    rule = Hyperband(HyperbandOptions(**options))
    assert stopped_by_us(rule, [observation(i, values) for i, values in enumerate(history)]) == stopped_by_wandb(
        options, history
    )


@settings(max_examples=100, deadline=None)
@given(st.one_of(by_count, by_end), histories)
def test_a_maximised_metric_negated_is_decided_as_wandb_decides_it(
    options: dict[str, object], history: list[list[float]]
) -> None:
    rule = Hyperband(HyperbandOptions(**options))
    negated = [observation(i, [-value for value in values]) for i, values in enumerate(history)]
    assert stopped_by_us(rule, negated) == stopped_by_wandb(options, history, "maximize")


@settings(max_examples=200, deadline=None)
@given(by_count, histories)
def test_a_fidelity_that_counts_each_logged_value_changes_nothing(
    options: dict[str, object], history: list[list[float]]
) -> None:
    finite = [[value for value in values if math.isfinite(value)] for values in history]
    observations = [observation(i, values) for i, values in enumerate(finite)]
    counting = Hyperband(HyperbandOptions(**options), fidelity_counts=True)
    assert stopped_by_us(counting, observations) == stopped_by_wandb(options, finite)


def test_the_reason_has_rung_value_and_threshold() -> None:
    rule = Hyperband(HyperbandOptions(type="hyperband", min_iter=2, eta=2))
    others = [observation(1, [3.0, 1.0]), observation(2, [3.0, 2.0])]
    decision = rule.decide(observation(0, [5.0, 4.0, 4.5]), others)
    assert decision.order == "stop"
    assert decision.reason is not None
    assert decision.reason.phase == "hyperband"
    assert decision.reason.details == {"rung": 2, "value": 4.0, "threshold": 2.0, "trials": 3}


def test_strict_judges_the_value_at_the_rung_and_not_the_best() -> None:
    others = [observation(1, [3.0, 1.0]), observation(2, [3.0, 2.0])]
    running = observation(0, [1.5, 4.0])
    orders = [
        Hyperband(HyperbandOptions(type="hyperband", min_iter=2, eta=2, strict=strict)).decide(running, others).order
        for strict in (False, True)
    ]
    assert orders == ["continue", "stop"]


def test_with_a_fidelity_the_rung_shows_the_last_value_at_no_more_of_it() -> None:
    rule = Hyperband(HyperbandOptions(type="hyperband", min_iter=4, eta=2), fidelity_counts=True)
    # Ten values an epoch: the fortieth is the one at epoch 4, and the best of epoch 5 is no excuse to compare with.
    other = Observation(1, {}, Status.FINISHED, curve=Curve((1 + i // 10, 50.0 - i) for i in range(50)))
    running = Observation(0, {}, Status.PENDING, curve=Curve([(1, 20.0), (4, 12.0)]))
    third = Observation(2, {}, Status.FINISHED, curve=Curve([(3.5, 10.0), (6, 1.0)]))
    decision = rule.decide(running, [other, third])
    assert decision.reason is not None
    assert decision.reason.details["threshold"] == 11.0


def test_below_the_first_rung_nothing_is_stopped() -> None:
    rule = Hyperband(HyperbandOptions(type="hyperband", min_iter=4, eta=2), fidelity_counts=True)
    running = Observation(0, {}, Status.PENDING, curve=Curve((3, 100.0 + i) for i in range(50)))
    assert rule.decide(running, [observation(1, [1.0] * 50)]).order == "continue"


def test_a_trial_at_the_end_of_the_fidelity_is_done_and_not_stopped() -> None:
    options = HyperbandOptions(type="hyperband", min_iter=2, eta=2)
    others = [observation(1, [1.0] * 8), observation(2, [2.0] * 8)]
    running = observation(0, [9.0] * 8)
    assert Hyperband(options, fidelity_max=8, fidelity_counts=True).decide(running, others).order == "continue"
    assert Hyperband(options, fidelity_max=9, fidelity_counts=True).decide(running, others).order == "stop"


class TestHyperband(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "hyperband", "min_iter": 1, "eta": 2}


class TestHyperbandByBest(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "hyperband", "max_iter": 81, "s": 4, "strict": False}

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from rule_suite import RuleSuite, trial_of

from besom.records import Curve as Logged
from besom.records import Observation, Status
from besom.stopping.contract import CONTINUE
from besom.stopping.curve import Curve
from besom.sweepfile.model import CurveOptions

EPOCHS = 30


class TestCurve(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "curve", "min_iter": 1}


class TestCurveThatIsBold(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "curve", "min_iter": 2, "probability": 0.3}


def rule(end: float | None = EPOCHS, can_resume: bool = False, **options: Any) -> Curve:
    return Curve(
        CurveOptions(type="curve", **options), fidelity_max=end, fidelity_counts=end is not None, can_resume=can_resume
    )


def power_law(final: float, start: float, rate: float, epochs: int = EPOCHS) -> list[float]:
    """A loss that falls from `start` towards somewhat below `final`."""
    t = np.arange(1, EPOCHS + 1)
    shape = (t**-rate - EPOCHS**-rate) / (1 - EPOCHS**-rate)
    return (final + (start - final) * shape)[:epochs].tolist()


def power_laws(count: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    finals = np.linspace(0.2, 0.8, count)
    return [
        trial_of(i + 1, power_law(final, final + rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.2)))
        for i, final in enumerate(finals)
    ]


def test_a_power_law_that_ends_far_behind_is_stopped_and_one_that_ends_ahead_goes_on() -> None:
    others = power_laws(12)
    behind = trial_of(0, power_law(1.2, 2.2, 0.8, 10), Status.PENDING)
    ahead = trial_of(0, power_law(0.1, 1.1, 0.8, 10), Status.PENDING)
    assert rule().decide(behind, others).order == "stop"
    assert rule().decide(ahead, others) == CONTINUE


def test_what_it_predicts_is_near_what_a_power_law_comes_to() -> None:
    decision = rule().decide(trial_of(0, power_law(0.7, 1.5, 0.8, 15), Status.PENDING), power_laws(12))
    assert decision.reason is not None
    details = decision.reason.details
    assert set(details) == {"predicted", "sd", "best", "probability", "rung"}
    assert abs(details["predicted"] - 0.7) < max(2 * details["sd"], 0.05)
    assert details["sd"] < 0.15
    assert details["best"] == pytest.approx(0.2)
    assert details["rung"] == 15
    assert 0 <= details["probability"] < 0.05
    assert decision.reason.text.endswith("judged at rung 15")


def test_the_incumbent_goes_on_though_it_got_worse() -> None:
    others = power_laws(12)
    overfitting = [*power_law(0.7, 1.5, 0.8, 8), 0.1, 2.0, 3.0, 4.0, 5.0]
    assert rule().decide(trial_of(0, overfitting, Status.PENDING), others) == CONTINUE
    overfitting[8] = 0.5
    assert rule().decide(trial_of(0, overfitting, Status.PENDING), others).order == "stop"


def test_before_min_iter_and_at_the_end_nothing_is_stopped() -> None:
    others = power_laws(12)
    for epochs, order in ((4, "continue"), (5, "stop"), (EPOCHS - 1, "stop"), (EPOCHS, "continue")):
        running = trial_of(0, power_law(3.0, 4.0, 0.8, epochs), Status.PENDING)
        assert rule(min_iter=5).decide(running, others).order == order


def test_without_a_maximum_the_longest_finished_trial_is_the_measure() -> None:
    running = trial_of(0, power_law(3.0, 4.0, 0.8, 9), Status.PENDING)
    finished = power_laws(12)
    stopped = [trial_of(o.trial, o.curve.values[:12], Status.STOPPED) for o in finished]
    assert rule(end=None).decide(running, finished).order == "stop"
    assert rule(end=None).decide(running, stopped) == CONTINUE


def test_with_few_others_nothing_is_stopped() -> None:
    running = trial_of(0, power_law(3.0, 4.0, 0.8, 9), Status.PENDING)
    others = power_laws(4)
    assert rule().decide(running, others[:3]) == CONTINUE
    assert rule().decide(running, others).order == "stop"
    failed = Observation(9, {}, Status.FAILED, 0.0, Logged([(1, 0.0)]))
    assert rule().decide(running, [*others[:3], failed]) == CONTINUE


def test_values_that_are_not_finite_are_passed_over() -> None:
    others = [*power_laws(12), trial_of(20, [math.nan] * EPOCHS), trial_of(21, [math.inf, *power_law(0.5, 1.0, 1.0)])]
    nothing = trial_of(0, [math.nan] * 9, Status.PENDING)
    behind = trial_of(0, [math.nan, 1e300, math.inf, *power_law(3.0, 4.0, 0.8, 9)], Status.PENDING)
    assert rule().decide(nothing, others) == CONTINUE
    assert rule().decide(behind, others).order == "stop"


def test_a_trial_that_can_go_on_later_is_paused() -> None:
    running = trial_of(0, power_law(3.0, 4.0, 0.8, 9), Status.PENDING)
    assert rule(can_resume=True).decide(running, power_laws(12)).order == "pause"


def test_units_of_the_objective_do_not_matter() -> None:
    def scaled(trial: Observation, factor: float, shift: float) -> Observation:
        return trial_of(trial.trial, [factor * value + shift for value in trial.curve.values], trial.status)

    running, others = trial_of(0, power_law(0.7, 1.5, 0.8, 15), Status.PENDING), power_laws(12)
    plain = rule().decide(running, others).reason
    for factor, shift in ((1e6, -3e6), (1e-6, 1e-6)):
        other = rule().decide(scaled(running, factor, shift), [scaled(o, factor, shift) for o in others]).reason
        assert plain is not None
        assert other is not None
        assert other.details["probability"] == pytest.approx(plain.details["probability"], rel=0.2, abs=1e-4)
        assert (other.details["predicted"] - shift) / factor == pytest.approx(plain.details["predicted"], rel=0.02)

from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_suite import RuleSuite, trial_of

from besom.records import Curve, Observation, Status
from besom.stopping.asha import Asha
from besom.stopping.contract import CONTINUE
from besom.sweepfile.model import AshaOptions


class TestAsha(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "asha"}


class TestAshaWithUnevenRungs(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "asha", "min_iter": 1, "max_iter": 100, "eta": 1.4}


def rule(can_resume: bool = False, **options: Any) -> Asha:
    return Asha(AshaOptions(type="asha", **options), can_resume=can_resume)


def is_promoted(value: float, at_rung: list[float], eta: int) -> bool:
    """Algorithm 2 of Li et al. 2020, the best of a rung's first ones included; `at_rung` has `value` too."""
    top = sorted(at_rung)[: max(1, len(at_rung) // eta)]
    return value <= top[-1]


values = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(values, min_size=1, max_size=15), st.integers(1, 3), st.integers(2, 4))
def test_a_trial_goes_on_while_it_is_among_the_best_that_reached_its_rung(
    curves: list[list[float]], min_iter: int, eta: int
) -> None:
    trials = [trial_of(i, curve) for i, curve in enumerate(curves)]
    decision = rule(min_iter=min_iter, eta=eta).decide(trials[0], trials[1:])
    rungs = [min_iter * eta**k for k in range(5) if min_iter * eta**k <= len(curves[0])]
    is_best = min(curves[0]) <= min((curve[-1] for curve in curves[1:]), default=10.0)
    if not rungs or is_best:
        assert decision == CONTINUE
        return
    at_rung = [curve[rungs[-1] - 1] for curve in curves if len(curve) >= rungs[-1]]
    assert (decision == CONTINUE) == is_promoted(curves[0][rungs[-1] - 1], at_rung, eta)


def test_of_the_first_at_a_rung_the_best_goes_on() -> None:
    first, second = trial_of(1, [3.0]), trial_of(2, [2.0])
    incumbent = trial_of(3, [], Status.FINISHED)
    assert rule().decide(first, [incumbent]) == CONTINUE
    assert rule().decide(second, [first]) == CONTINUE
    assert rule().decide(first, [second]).order == "stop"


def test_the_incumbent_goes_on_though_its_value_at_the_rung_is_behind() -> None:
    others = [trial_of(i, [1.0, 5.0]) for i in range(1, 9)]
    behind = trial_of(0, [9.0, 6.0], Status.PENDING)
    best = trial_of(0, [9.0, 4.0], Status.PENDING)
    assert rule().decide(behind, others).order == "stop"
    assert rule().decide(best, others) == CONTINUE
    failed = Observation(9, {}, Status.FAILED, 0.0, Curve([(1, 0.0)]))
    assert rule().decide(best, [*others, failed]) == CONTINUE


def test_where_trials_save_checkpoints_they_are_paused() -> None:
    others = [trial_of(i, [1.0]) for i in range(1, 4)]
    running = trial_of(0, [2.0], Status.PENDING)
    assert rule(can_resume=True).decide(running, others).order == "pause"
    assert rule(can_resume=False).decide(running, others).order == "stop"


def test_a_paused_trial_goes_on_once_enough_worse_ones_have_come_to_its_rung() -> None:
    better = [trial_of(i, [1.0]) for i in range(1, 3)]
    paused = trial_of(0, [2.0], Status.PAUSED)
    worse = [trial_of(i, [3.0], Status.PAUSED) for i in range(3, 9)]
    assert rule(can_resume=True).decide(paused, better).order == "pause"
    assert rule(can_resume=True).decide(paused, [*better, *worse]) == CONTINUE


def test_from_max_iter_on_nothing_is_stopped() -> None:
    others = [trial_of(i, [1.0] * 9) for i in range(1, 9)]
    nearly, done = trial_of(0, [2.0] * 8), trial_of(0, [2.0] * 9)
    assert rule(max_iter=9).decide(nearly, others).order == "stop"
    assert rule(max_iter=9).decide(done, others) == CONTINUE
    assert rule().decide(done, others).order == "stop"


def test_a_trial_that_diverges_before_its_first_value_is_behind_one_that_does_not() -> None:
    diverged = trial_of(0, [float("nan")] * 4, Status.PENDING)
    decision = rule().decide(diverged, [trial_of(1, [9.0] * 4)])
    assert decision.order == "stop"
    assert decision.reason is not None
    assert decision.reason.details == {"rung": 3, "threshold": 9.0, "trials": 2}


def test_the_reason_has_rung_value_and_threshold() -> None:
    others = [trial_of(i, [float(i), float(i)]) for i in range(1, 6)]
    decision = rule(eta=2).decide(trial_of(0, [9.0, 7.0, 8.0]), others)
    assert decision.reason is not None
    assert decision.reason.details == {"rung": 2, "value": 7.0, "threshold": 3.0, "trials": 6}
    assert decision.reason.text == "outside the best 1/2 of 6 trials at rung 2"


def test_a_trial_that_logs_more_seldom_is_judged_at_the_first_rung_before_which_it_has_shown_something() -> None:
    by_epoch = Asha(AshaOptions(type="asha"), fidelity_counts=True)
    often = [trial_of(i, [5.0] * 9) for i in range(1, 5)]
    at_5 = Observation(0, {}, Status.PENDING, 9.0, Curve([(5, 9.0)]))
    at_9 = Observation(0, {}, Status.PENDING, 9.0, Curve([(5, 9.0), (9, 9.0)]))
    assert by_epoch.decide(at_5, often) == CONTINUE
    assert by_epoch.decide(at_9, often).order == "stop"

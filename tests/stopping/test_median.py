import statistics
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_suite import RuleSuite, trial_of

from besom.records import Curve, Observation, Status
from besom.stopping.contract import CONTINUE
from besom.stopping.median import Median
from besom.sweepfile.model import MedianOptions


class TestMedian(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "median", "min_trials": 1}


class TestMedianAsItComes(RuleSuite):
    options: ClassVar[dict[str, Any]] = {"type": "median"}


def rule(**options: Any) -> Median:
    return Median(MedianOptions(type="median", **options))


curves = st.lists(st.integers(0, 99).map(float), min_size=1, max_size=8)
statuses = st.sampled_from(Status)


@settings(max_examples=300, deadline=None)
@given(curves, st.lists(st.tuples(curves, statuses), max_size=15), st.integers(1, 4), st.integers(1, 4))
def test_a_trial_is_stopped_when_its_best_is_worse_than_the_median_of_running_averages(
    shown: list[float], told: list[tuple[list[float], Status]], min_iter: int, min_trials: int
) -> None:
    others = [trial_of(i, curve, status) for i, (curve, status) in enumerate(told, 1)]
    decision = rule(min_iter=min_iter, min_trials=min_trials).decide(trial_of(0, shown, Status.PENDING), others)
    step = len(shown)
    over = [curve for curve, status in told if status not in (Status.PENDING, Status.FAILED)]
    averages = [statistics.fmean(curve[:step]) for curve in over if len(curve) >= step]
    finals = [curve[-1] for curve, status in told if status is not Status.FAILED]
    is_incumbent = min(shown) <= min(finals, default=100.0)
    is_judged = step >= min_iter and len(averages) >= min_trials
    if not is_judged or is_incumbent:
        assert decision == CONTINUE
    elif abs(min(shown) - statistics.median(averages)) > 1e-9:
        assert (decision.order == "stop") == (min(shown) > statistics.median(averages))


def test_it_waits_for_enough_others_that_are_over_and_got_as_far() -> None:
    running = trial_of(0, [9.0, 9.0], Status.PENDING)
    others = [trial_of(i, [1.0, 1.0]) for i in range(1, 5)]
    short, under_way = trial_of(5, [1.0]), trial_of(6, [1.0, 1.0], Status.PENDING)
    failed = trial_of(7, [1.0, 1.0], Status.FAILED)
    assert rule().decide(running, [*others, short, under_way, failed]) == CONTINUE
    for status in (Status.STOPPED, Status.PAUSED, Status.FINISHED):
        assert rule().decide(running, [*others, trial_of(8, [1.0, 1.0], status)]).order == "stop"


def test_before_min_iter_nothing_is_stopped() -> None:
    others = [trial_of(i, [1.0] * 9) for i in range(1, 9)]
    assert rule(min_iter=4).decide(trial_of(0, [9.0] * 3), others) == CONTINUE
    assert rule(min_iter=4).decide(trial_of(0, [9.0] * 4), others).order == "stop"


@given(st.floats(-8e307, 8e307), st.integers(1, 60))
def test_a_value_equal_to_the_median_is_good_enough(value: float, steps: int) -> None:
    worse = value + max(abs(value), 1e-300)
    best = trial_of(9, [value - max(abs(value), 1e-300)] * steps)
    others = [best, *(trial_of(i, [value] * steps) for i in range(1, 6))]
    assert rule().decide(trial_of(0, [value] * steps), others) == CONTINUE
    assert rule().decide(trial_of(0, [worse] * steps), others).order == "stop"


def test_the_incumbent_goes_on_though_others_were_better_on_the_way() -> None:
    others = [trial_of(i, [1.0, 1.0, 7.0]) for i in range(1, 7)]
    assert rule().decide(trial_of(0, [8.0, 8.0], Status.PENDING), others).order == "stop"
    assert rule().decide(trial_of(0, [8.0, 6.0], Status.PENDING), others) == CONTINUE


def test_with_a_fidelity_averages_go_up_to_the_level_that_the_trial_is_at() -> None:
    by_epoch = Median(MedianOptions(type="median", min_trials=1), fidelity_counts=True)
    # Ten values an epoch: those of the first two epochs average 2, the later ones do not count.
    other = Observation(1, {}, Status.FINISHED, 0.0, Curve((1 + i // 10, 2.0 if i < 20 else 0.0) for i in range(90)))
    decision = by_epoch.decide(Observation(0, {}, Status.PENDING, 3.0, Curve([(2, 3.0)])), [other])
    assert decision.reason is not None
    assert decision.reason.details == {"progress": 2.0, "best": 3.0, "threshold": 2.0, "trials": 1}
    assert decision.reason.text.endswith("worse than the median of the others' running averages at 2 (1)")


def test_a_trial_that_diverges_before_its_first_value_is_stopped() -> None:
    others = [trial_of(i, [float(i)] * 4) for i in range(1, 6)]
    decision = rule().decide(trial_of(0, [float("nan")] * 2, Status.PENDING), others)
    assert decision.reason is not None
    assert decision.reason.details == {"progress": 2.0, "threshold": 3.0, "trials": 5}

"""What every stopping rule keeps to. Subclass `RuleSuite` in a test file and name the rule's options."""

import copy
import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from besom.records import Curve, Observation, Status
from besom.stopping import load_rule
from besom.stopping.contract import CONTINUE, Decision, StoppingRule
from besom.sweepfile import parse

LARGEST = 1.7e308
# Every rule draws its own examples of a test that it inherits; none is replayed from another's.
drawn = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors], database=None)
any_float = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([math.nan, math.inf, -math.inf, LARGEST, -LARGEST, 5e-324, 0.1]),
    st.floats(allow_nan=True, allow_infinity=True),
)
any_level = st.one_of(st.integers(0, 12).map(float), st.floats(allow_nan=True, allow_infinity=True))
counted_curves = st.lists(any_float, max_size=12).map(lambda values: Curve(enumerate(values, 1)))
wild_curves = st.lists(st.tuples(any_level, any_float), max_size=12).map(Curve)
finite_curves = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=12).map(
    lambda values: Curve(enumerate(values, 1))
)


def sweeps_of(curves: st.SearchStrategy[Curve], most: int = 12) -> st.SearchStrategy[list[Observation]]:
    """Sweeps of at least one trial, the first of which is running."""
    value = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
    trial = st.tuples(curves, st.sampled_from(Status), value)

    def sweep(drawn: list[tuple[Curve, Status, float | None]]) -> list[Observation]:
        others = [Observation(i, {}, status, value, curve) for i, (curve, status, value) in enumerate(drawn)]
        return [replace(others[0], status=Status.PENDING), *others[1:]]

    return st.lists(trial, min_size=1, max_size=most).map(sweep)


def trial_of(number: int, values: Sequence[float], status: Status = Status.FINISHED) -> Observation:
    """A trial that logged these values, one at each step, and is worth the last finite one."""
    value = next((value for value in reversed(values) if math.isfinite(value)), None)
    return Observation(number, {}, status, value, Curve(enumerate(values, 1)))


class RuleSuite:
    """Subclasses name the options of a rule that compares trials from their first step on."""

    options: ClassVar[dict[str, Any]]

    def rule(self, **settings: Any) -> StoppingRule:
        """A fresh rule, made from a sweep file's section as the engine makes it."""
        section = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"value": 1}}}
        rule = load_rule(parse(section | {"early_terminate": self.options}).early_terminate, **settings)
        assert rule is not None
        return rule

    def decide(self, sweep: Sequence[Observation], **settings: Any) -> Decision:
        return self.rule(**settings).decide(sweep[0], sweep[1:])

    @drawn
    @given(
        sweeps_of(st.one_of(counted_curves, wild_curves)), st.booleans(), st.booleans(), st.sampled_from([None, 8.0])
    )
    def test_whatever_was_logged_there_is_a_decision_and_its_reason(
        self, sweep: list[Observation], by_fidelity: bool, can_resume: bool, end: float | None
    ) -> None:
        decision = self.decide(sweep, fidelity_counts=by_fidelity, can_resume=can_resume, fidelity_max=end)
        if decision.order == "continue":
            assert decision.reason is None
            return
        assert decision.order in ("stop", "pause")
        assert decision.order == "stop" or can_resume
        assert decision.reason is not None
        assert decision.reason.phase == self.options["type"]
        assert decision.reason.text
        assert all(math.isfinite(number) for number in decision.reason.details.values())

    @drawn
    @given(st.lists(sweeps_of(st.one_of(counted_curves, wild_curves)), min_size=2, max_size=4), st.booleans())
    def test_what_a_rule_remembers_changes_no_decision(
        self, played: list[list[Observation]], by_fidelity: bool
    ) -> None:
        used = self.rule(fidelity_counts=by_fidelity)
        for sweep in [*played, played[0]]:
            fresh = self.rule(fidelity_counts=by_fidelity)
            assert used.decide(sweep[0], sweep[1:]) == fresh.decide(sweep[0], sweep[1:])

    @drawn
    @given(sweeps_of(wild_curves), st.booleans(), st.randoms(use_true_random=False))
    def test_the_order_of_the_others_does_not_matter_and_nothing_given_is_changed(
        self, sweep: list[Observation], by_fidelity: bool, rng: random.Random
    ) -> None:
        others = sweep[1:]
        shuffled = rng.sample(others, len(others))
        before = repr(copy.deepcopy([sweep[0], *shuffled]))
        rule = self.rule(fidelity_counts=by_fidelity)
        assert rule.decide(sweep[0], others) == rule.decide(sweep[0], shuffled)
        assert repr([sweep[0], *shuffled]) == before

    @drawn
    @given(sweeps_of(finite_curves), st.booleans(), st.integers(1, 50))
    def test_a_trial_that_is_stopped_would_be_stopped_if_it_were_worse(
        self, sweep: list[Observation], by_fidelity: bool, worse: int
    ) -> None:
        if self.decide(sweep, fidelity_counts=by_fidelity) == CONTINUE:
            return
        lifted = Curve((level, value + worse) for level, value in zip(*columns_of(sweep[0].curve), strict=True))
        assert self.decide([replace(sweep[0], curve=lifted), *sweep[1:]], fidelity_counts=by_fidelity) != CONTINUE

    @drawn
    @given(sweeps_of(finite_curves), st.booleans())
    def test_a_trial_that_is_better_than_all_others_at_each_step_goes_on(
        self, sweep: list[Observation], by_fidelity: bool
    ) -> None:
        better = Curve((level, value - 100) for level, value in zip(*columns_of(sweep[0].curve), strict=True))
        assert self.decide([replace(sweep[0], curve=better), *sweep[1:]], fidelity_counts=by_fidelity) == CONTINUE

    @pytest.mark.parametrize("by_fidelity", [False, True])
    def test_a_trial_that_falls_behind_is_stopped(self, by_fidelity: bool) -> None:
        sweep = [trial_of(0, [50.0, 49.0, 48.0], Status.PENDING), *(trial_of(i, [3.0, 2.0, 1.0]) for i in range(1, 12))]
        assert self.decide(sweep, fidelity_counts=by_fidelity).order == "stop"

    @pytest.mark.parametrize("by_fidelity", [False, True])
    def test_a_trial_that_logs_nothing_finite_does_no_harm(self, by_fidelity: bool) -> None:
        diverged = [trial_of(i, [math.nan, math.inf, -math.inf] * 4) for i in range(12)]
        good = trial_of(20, [2.0, 1.0, 0.5], Status.PENDING)
        assert self.decide([good, *diverged], fidelity_counts=by_fidelity) == CONTINUE
        assert self.decide(diverged, fidelity_counts=by_fidelity) == CONTINUE

    def test_trials_that_are_all_the_same_all_go_on(self) -> None:
        sweep = [trial_of(i, [0.1] * 49) for i in range(30)]
        assert self.decide(sweep) == CONTINUE

    @drawn
    @given(st.one_of(counted_curves, wild_curves), st.booleans())
    def test_a_trial_that_is_alone_goes_on(self, curve: Curve, by_fidelity: bool) -> None:
        assert self.decide([Observation(0, {}, Status.PENDING, curve=curve)], fidelity_counts=by_fidelity) == CONTINUE

    def test_a_trial_that_has_shown_nothing_goes_on(self) -> None:
        others = [trial_of(i, [float(i)] * 20) for i in range(1, 12)]
        assert self.decide([Observation(0, {}, Status.PENDING), *others]) == CONTINUE
        assert self.decide([trial_of(0, [9.0], Status.PENDING), *(trial_of(i, []) for i in range(1, 12))]) == CONTINUE

    def test_a_trial_at_the_end_of_the_fidelity_goes_on(self) -> None:
        sweep = [trial_of(0, [50.0] * 8, Status.PENDING), *(trial_of(i, [1.0] * 8) for i in range(1, 12))]
        assert self.decide(sweep, fidelity_max=9.0, fidelity_counts=True) != CONTINUE
        assert self.decide(sweep, fidelity_max=8.0, fidelity_counts=True) == CONTINUE

    def test_ten_thousand_others_are_no_trouble(self) -> None:
        sweep = [trial_of(i, [math.sin(i), math.cos(i)]) for i in range(10_001)]
        worst = trial_of(20_000, [5.0, 5.0], Status.PENDING)
        assert self.decide([worst, *sweep]).order == "stop"

    @pytest.mark.parametrize("by_fidelity", [False, True])
    def test_a_thousand_others_are_not_read_again_for_each_value_of_a_growing_curve(self, by_fidelity: bool) -> None:
        others = [trial_of(i, [float(i + j) for j in range(100)]) for i in range(1, 1001)]
        curve = Curve((step, 5000.0) for step in range(1, 60))
        rule = self.rule(fidelity_counts=by_fidelity)
        at_first = seconds_of_stopping(rule, curve, others)
        later = []
        for step in range(60, 80):
            curve = curve.extended([(step, 5000.0)])
            later.append(seconds_of_stopping(rule, curve, others))
        assert min(later) < at_first / 3  # a thirtieth on a quiet machine


def seconds_of_stopping(rule: StoppingRule, curve: Curve, others: Sequence[Observation]) -> float:
    """CPU seconds of one decision, which must be to stop."""
    began = time.process_time()
    decision = rule.decide(Observation(0, {}, Status.PENDING, curve=curve), others)
    taken = time.process_time() - began
    assert decision.order == "stop"
    return taken


def columns_of(curve: Curve) -> tuple[Sequence[float], Sequence[float]]:
    """Fidelities and values."""
    return curve.fidelity, curve.values

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.known_shares import ALL, Known
from besom.analysis.importance import Importance, importance
from besom.analysis.slices import most_telling
from besom.records import Cause, Failure, Reason, Trial, TrialState
from besom.space import Space


def trials_of(space, value, count, seed=0):
    configs = space.sample(np.random.default_rng(seed), count)
    return [
        Trial("s", number, space.nest(config), Reason("random"), 0.0, state=TrialState.FINISHED, value=value(config))
        for number, config in enumerate(configs)
    ]


def shares_of(found):
    return {share.names: share.share for share in (*found.parameters, *found.pairs)}


def a_sweep(count=60):
    """A mixed space, and trials whose value depends on three of its four parameters."""
    known = ALL["mixed"]()
    space = Space.from_file(known.parameters)
    return known, space, trials_of(space, known.value, count)


@pytest.mark.parametrize(
    ("name", "count", "tolerance"),
    [
        ("Ishigami", 300, 0.05),
        ("g-function", 150, 0.05),
        ("additive", 60, 0.02),
        ("interaction", 60, 0.02),
        ("mixed", 60, 0.02),
    ],
)
def test_shares_are_sobols_indices(name, count, tolerance):
    known: Known = ALL[name]()
    space = Space.from_file(known.parameters)
    found = importance(trials_of(space, known.value, count), space, "minimize")
    shares = shares_of(found)
    for names, share in known.shares.items():
        assert shares.get(names, shares.get(names[::-1], 0.0)) == pytest.approx(share, abs=tolerance), names
    assert all(0 <= share.share <= 1 and share.error >= 0 for share in (*found.parameters, *found.pairs))
    assert len(found.parameters) == len(space.free)


def test_most_true_shares_lie_within_two_errors():
    hits = []
    for name in ("Ishigami", "g-function"):
        known = ALL[name]()
        space = Space.from_file(known.parameters)
        for seed in range(4):
            found = importance(trials_of(space, known.value, 60, seed), space, "minimize")
            for share in (*found.parameters, *found.pairs):
                true = known.shares.get(share.names, known.shares.get(share.names[::-1], 0.0))
                hits.append(abs(share.share - true) <= 2 * share.error + 0.001)
    assert len(hits) > 30
    assert np.mean(hits) >= 0.8


def test_a_parameter_that_is_active_under_a_condition_counts_only_there():
    space = Space.from_file(
        {"optimizer": {"values": ["sgd", "adam"]}, "momentum": {"min": 0.0, "max": 1.0}},
        when={"momentum": {"optimizer": "sgd"}},
    )
    # Both optimizers are equally good on average: alone, momentum explains half, and the other half is the pair's.
    found = importance(trials_of(space, lambda c: 2 * c.get("momentum", 0.5), 80), space, "minimize")
    shares = shares_of(found)
    assert shares[("momentum",)] == pytest.approx(0.5, abs=0.03)
    assert shares[("optimizer",)] == pytest.approx(0.0, abs=0.03)
    assert shares[("momentum", "optimizer")] == pytest.approx(0.5, abs=0.03)


def test_many_deciding_values_are_drawn_from():
    space = Space.from_file(
        {"a": {"min": 0.0, "max": 1.0}, "b": {"min": 0, "max": 30}, "c": {"min": 0.0, "max": 1.0}},
        when={"c": "a > 0.5 and b > 10"},
    )
    found = importance(trials_of(space, lambda c: c["a"] + c.get("c", 0.0), 120), space, "minimize")
    shares = shares_of(found)
    assert found.parameters[0].names == ("a",)
    assert shares[("b",)] < shares[("a",)]
    assert all(math.isfinite(share) for share in shares.values())


def test_nothing_can_be_told_of_noise():
    space = Space.from_file({f"x{i}": {"min": 0.0, "max": 1.0} for i in range(6)})
    told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = importance(trials_of(space, lambda _, rng=rng: float(rng.standard_normal()), 30, seed), space, "")
        told += found.is_telling
        if not found.is_telling:
            why = "a model of half of the 30 trials guesses the others no better than their average would"
            assert str(found) == f"Too few trials to tell: {why}."
            assert found.parameters == ()
    assert told <= 1


@pytest.mark.parametrize(
    ("count", "value", "words"),
    [
        (0, 0.0, "0 trials have a value, 6 are needed"),
        (1, 0.0, "1 trial has a value, 6 are needed"),
        (20, 0.5, "all trials reached the same value"),
        (20, 1e300, "all trials reached the same value"),
    ],
)
def test_with_too_little_it_says_why(count, value, words):
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
    found = importance(trials_of(space, lambda _: value, count), space, "minimize")
    assert not found.is_telling
    assert words in found.why


def test_a_space_in_which_nothing_varies_has_no_importance():
    space = Space.from_file({"x": {"value": 3}})
    assert importance(trials_of(space, lambda _: 1.0, 10), space, "").why == "no parameter varies"


def test_failed_trials_and_those_without_a_finite_value_are_left_out():
    _, space, trials = a_sweep()
    failure = Failure(Cause.NOT_FINITE)
    others = [
        replace(trials[0], number=100, state=TrialState.FAILED, value=None, failure=failure),
        replace(trials[1], number=101, value=math.nan),
        replace(trials[2], number=102, state=TrialState.RUNNING),
        replace(trials[3], number=103, config={"lr": 0.1, "of": "another file"}),
    ]
    assert importance([*others, *trials], space, "minimize") == importance(trials, space, "minimize")


def test_a_few_trials_that_diverged_do_not_hide_the_rest():
    _, space, trials = a_sweep(80)
    trials = [replace(trial, value=10.0**120 * trial.number) if trial.number % 40 == 7 else trial for trial in trials]
    found = importance(trials, space, "minimize")
    assert found.is_by_rank
    assert {share.names[0] for share in found.parameters[:2]} == {"lr", "optimizer"}
    assert shares_of(found)[("seed",)] < 0.1


def test_a_trial_that_was_stopped_early_counts_at_the_fidelity_it_got_to():
    known, space, trials = a_sweep(80)
    stopped = [
        replace(trial, state=TrialState.STOPPED, fidelity=3.0, value=trial.value + 20)
        if trial.number % 3
        else replace(trial, fidelity=27.0)
        for trial in trials
    ]
    shares = shares_of(importance(stopped, space, "minimize"))
    for names, share in known.shares.items():
        assert shares[names] == pytest.approx(share, abs=0.05)


def test_the_order_of_trials_and_parameters_changes_nothing():
    known, space, trials = a_sweep()
    expected = importance(trials, space, "minimize")
    assert importance(trials[::-1], space, "minimize") == expected
    turned = Space.from_file(dict(reversed(known.parameters.items())))
    assert importance(trials, turned, "minimize") == expected


def close(found: Importance, expected: Importance) -> bool:
    ours, theirs = shares_of(found), shares_of(expected)
    return ours == pytest.approx(theirs, abs=0.01)


@settings(max_examples=8)
@given(scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3), is_maximized=st.booleans())
def test_units_and_direction_of_the_objective_change_nothing(scale, shift, is_maximized):
    _, space, trials = a_sweep(30)
    sign = -1.0 if is_maximized else 1.0
    turned = [replace(trial, value=scale * (sign * trial.value + shift)) for trial in trials]
    found = importance(turned, space, "maximize" if is_maximized else "minimize")
    assert close(found, importance(trials, space, "minimize"))


def test_units_of_a_parameter_change_nothing():
    known, space, trials = a_sweep()
    thousandfold = {**known.parameters, "lr": {**known.parameters["lr"], "min": 1e-2, "max": 1e2}}
    turned = [replace(trial, config={**trial.config, "lr": 1e3 * trial.config["lr"]}) for trial in trials]
    assert close(importance(turned, Space.from_file(thousandfold), "minimize"), importance(trials, space, "minimize"))


def test_nested_names_and_lists_are_parameters_too():
    space = Space.from_file(
        {
            "net": {"parameters": {"sizes": {"values": [[8], [64, 32]]}, "depth": {"min": 1, "max": 3}}},
            "on": {"values": [True, False]},
        }
    )
    found = importance(trials_of(space, lambda c: len(c["net.sizes"]) + 0.5 * c["on"], 40), space, "minimize")
    shares = shares_of(found)
    assert shares[("net.sizes",)] == pytest.approx(0.8, abs=0.02)
    assert shares[("on",)] == pytest.approx(0.2, abs=0.02)


def test_the_most_telling_parameters_count_what_they_do_in_pairs():
    known = ALL["interaction"]()
    space = Space.from_file(known.parameters)
    found = importance(trials_of(space, known.value, 60), space, "minimize")
    assert set(most_telling(found, 3)) == {"a", "b"}
    assert found.pairs[0].label == "a \u00d7 b"
    assert json.dumps(shares_of(found)[("a", "b")])

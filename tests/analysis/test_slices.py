import numpy as np
import pytest

from besom.analysis.slices import contour, slices, values_along
from besom.analysis.surrogate import surrogate_of
from besom.errors import ConfigError
from besom.records import Reason, Trial, TrialState
from besom.space import Space

SPACE = Space.from_file(
    {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
        "layers": {"min": 1, "max": 4},
        "kind": {"values": ["b", "a", "c"]},
        "width": {"distribution": "normal", "mu": 0.0, "sigma": 1.0},
    }
)


def value(config):
    return (np.log10(config["lr"]) + 2) ** 2 + config["layers"] + (config["kind"] == "a")


def trials_of(count=60):
    return [
        Trial("s", number, config, Reason("random"), 0.0, state=TrialState.FINISHED, value=float(value(config)))
        for number, config in enumerate(SPACE.sample(np.random.default_rng(0), count))
    ]


def test_a_slice_is_the_function_along_one_parameter_with_the_others_at_the_incumbent():
    trials = trials_of()
    best = min(trials, key=lambda trial: trial.value).config
    (lr, layers, kind) = slices(surrogate_of(trials, SPACE, "minimize"), trials, "minimize", ["lr", "layers", "kind"])
    expected = [value({**best, "lr": at}) for at in lr.at]
    assert lr.mean == pytest.approx(expected, abs=0.2)
    assert all(low <= mean <= high for low, mean, high in zip(lr.low, lr.mean, lr.high, strict=True))
    assert layers.at == (1, 2, 3, 4)
    assert kind.at == ("b", "a", "c")
    assert kind.mean[1] - kind.mean[0] == pytest.approx(1, abs=0.2)
    assert lr.incumbent == best["lr"]
    assert len(lr.marks.numbers) == 60
    assert lr.marks.at[0][5] == trials[5].config["lr"]
    assert lr.marks.values[5] == trials[5].value


def test_a_slice_of_a_maximised_objective_is_the_minimised_one_upside_down():
    trials = trials_of()
    turned = [Trial("s", t.number, t.config, t.reason, 0.0, state=t.state, value=-t.value) for t in trials]
    (up,) = slices(surrogate_of(turned, SPACE, "maximize"), turned, "maximize", ["lr"])
    (down,) = slices(surrogate_of(trials, SPACE, "minimize"), trials, "minimize", ["lr"])
    assert up.mean == pytest.approx([-mean for mean in down.mean], abs=1e-6)
    assert up.low == pytest.approx([-high for high in down.high], abs=1e-6)


def test_a_contour_has_a_row_for_each_value_of_its_second_parameter():
    trials = trials_of()
    best = min(trials, key=lambda trial: trial.value).config
    area = contour(surrogate_of(trials, SPACE, "minimize"), trials, "minimize", "lr", "kind")
    assert np.shape(area.mean) == (3, len(area.x_at))
    assert area.mean[1][0] == pytest.approx(value({**best, "lr": 1e-4, "kind": "a"}), abs=0.6)
    assert area.marks.at[1][0] == trials[0].config["kind"]


def test_a_parameter_that_is_inactive_in_the_incumbent_has_no_slice():
    space = Space.from_file(
        {"optimizer": {"values": ["sgd", "adam"]}, "momentum": {"min": 0.0, "max": 1.0}},
        when={"momentum": {"optimizer": "sgd"}},
    )
    trials = [
        Trial("s", number, config, Reason("random"), 0.0, state=TrialState.FINISHED, value=config.get("momentum", -1.0))
        for number, config in enumerate(space.sample(np.random.default_rng(0), 30))
    ]
    found = surrogate_of(trials, space, "minimize")
    (only,) = slices(found, trials, "minimize", ["momentum", "optimizer"])
    assert only.parameter.name == "optimizer"
    assert only.mean[0] == pytest.approx(0.5, abs=0.1)  # with the momentum in the middle
    assert contour(found, trials, "minimize", "optimizer", "momentum") is None


def test_an_unknown_parameter_is_told_with_the_nearest_names():
    trials = trials_of(20)
    with pytest.raises(ConfigError, match="lr"):
        slices(surrogate_of(trials, SPACE, ""), trials, "", ["lrr"])


def test_values_go_from_end_to_end_or_over_all_that_a_prior_without_ends_is_likely_to_give():
    at = {parameter.name: values_along(parameter, 11) for parameter in SPACE.parameters}
    assert (at["lr"][0], at["lr"][5], at["lr"][-1]) == pytest.approx((1e-4, 1e-2, 1.0))
    assert -3 < at["width"][0] < -2 < 2 < at["width"][-1] < 3
    many = Space.from_file({"n": {"min": 1, "max": 1000}}).parameters[0]
    assert values_along(many, 4) == (1, 334, 667, 1000)
    steps = Space.from_file({"q": {"distribution": "q_uniform", "min": 0.0, "max": 10.0, "q": 0.25}}).parameters[0]
    assert values_along(steps, 5) == (0.0, 2.5, 5.0, 7.5, 10.0)

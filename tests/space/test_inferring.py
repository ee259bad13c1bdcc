"""The space that configurations seem to come from: it holds them all, and says what a person would."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.space import Space
from besom.space.inferring import infer


def block(*values: Any) -> Any:
    return infer([{"p": value} for value in values]).parameters["p"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 3, 3], {"value": 3}),
        ([1, 1.0], {"value": 1}),
        ([True, False], {"values": [False, True]}),
        (["sgd", "adam", "sgd"], {"values": ["adam", "sgd"]}),
        ([[8], [64, 32]], {"values": [[8], [64, 32]]}),
        ([None, 1, 2], {"values": [None, 1, 2]}),
        ([16, 64, 32], {"values": [16, 32, 64]}),
        ([0.1, 0.5, 0.1, 0.5], {"values": [0.1, 0.5]}),
        ([3, 9, 5], {"min": 3, "max": 9}),
        ([0.123456, 0.4567, 0.3], {"distribution": "uniform", "min": 0.12, "max": 0.46}),
        ([-0.1234, 0.0, 0.3], {"distribution": "uniform", "min": -0.13, "max": 0.3}),
        ([1e-5, 3.21e-3, 2e-4], {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.0033}),
        ([0.1, 0.001], {"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}),
        ([10, 33, 101, 1003], {"distribution": "q_log_uniform_values", "q": 1, "min": 10, "max": 1003}),
        ([0.01, 0.3, 0.5, 0.7, 0.9], {"distribution": "uniform", "min": 0.01, "max": 0.9}),
    ],
)
def test_what_values_look_like(values: list[Any], expected: Any) -> None:
    assert block(*values) == expected


@pytest.mark.parametrize("seed", range(5))
def test_draws_of_a_log_uniform_are_told_from_those_of_a_uniform(seed: int) -> None:
    rng = random.Random(seed)
    logs, plain = [10 ** rng.uniform(-5, -1) for _ in range(30)], [rng.uniform(0, 0.5) for _ in range(30)]
    assert block(*logs)["distribution"] == "log_uniform_values"
    assert block(*plain)["distribution"] == "uniform"


def test_a_parameter_that_goes_with_some_values_of_another_is_conditional() -> None:
    configs = [{"optimizer": "sgd", "momentum": 0.1 * n} if n % 2 else {"optimizer": "adam"} for n in range(6)]
    found = infer(configs)
    assert found.when == {"momentum": {"optimizer": ["sgd"]}}
    space = Space.from_file(found.parameters, found.when)
    for config in configs:
        space.validate(config)


def test_names_of_runs_rare_and_unusable_ones_are_no_parameters() -> None:
    configs: list[dict[str, Any]] = [{"lr": n, "run": f"run-{n}", "a b": 1} for n in range(8)]
    configs[0]["rare"] = 1
    configs[1]["wild"] = math.inf
    found = infer(configs)
    assert list(found.parameters) == ["lr"]
    assert set(found.left_out) == {"run", "a b", "rare", "wild"}


def test_groups_are_nested_and_other_dots_are_kept() -> None:
    configs = [{"net.deep.units": n, "net.act": "relu", "opt.lr": n} for n in (3, 5, 6)]
    found = infer(configs, {"net", "net.deep"})
    assert found.parameters == {
        "net": {"parameters": {"deep": {"parameters": {"units": {"min": 3, "max": 6}}}, "act": {"value": "relu"}}},
        "opt.lr": {"min": 3, "max": 6},
    }


VALUES = (
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.none()
    | st.text(max_size=3)
    | st.lists(st.integers(0, 3), max_size=2)
)


@given(
    st.lists(st.fixed_dictionaries({"a": VALUES, "b": st.floats(1e-9, 1e9), "c": st.integers(1, 10**6)}), min_size=1)
)
def test_every_configuration_lies_in_the_space(configs: list[dict[str, Any]]) -> None:
    found = infer(configs)
    space = Space.from_file(found.parameters, found.when)
    for config in configs:
        known = {name: value for name, value in config.items() if name in found.parameters}
        space.validate(known)
        assert space.outside(known) == []

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from besom.errors import ConfigError, SweepFileError
from besom.space import Space

PARAMETERS = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
    "dropout": {"min": 0.0, "max": 0.5},
    "layers": {"min": 1, "max": 8},
    "batch": {"values": [64, 16, 256]},
    "act": {"values": ["relu", "tanh", None, True, [1, 2], {"a": 1}]},
    "width": {"distribution": "q_log_uniform_values", "min": 16, "max": 512, "q": 16},
    "noise": {"distribution": "q_normal", "mu": 0, "sigma": 2, "q": 0.25},
    "seed": {"min": 0, "max": 2**31},
    "mix": {"distribution": "beta", "a": 2, "b": 2},
    "model.dim": {"value": 64},
    "opt": {"parameters": {"name": {"values": ["sgd", "adam"]}, "momentum": {"min": 0.0, "max": 0.99}}},
}
WHEN = {"opt.momentum": {"opt.name": "sgd"}, "noise": "layers > 3 and act == 'relu'"}
SPACE = Space.from_file(PARAMETERS, WHEN, ["layers * width <= 2048", "opt.momentum < 0.95"])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_decoding_an_encoding_gives_the_configuration_back(seed):
    for config in SPACE.sample(np.random.default_rng(seed), 3):
        decoded = SPACE.decode(SPACE.encode([config])[0])
        assert decoded.keys() == config.keys()
        for name, value in config.items():
            assert decoded[name] == (pytest.approx(value, rel=1e-9, abs=1e-12) if type(value) is float else value)


@pytest.mark.parametrize("space", [SPACE, Space.from_file(PARAMETERS)], ids=["conditional", "plain"])
def test_encoded_draws_are_the_draws_encoded(space):
    draws = space.sample(np.random.default_rng(5), 200)
    encoded = space.sample_encoded(np.random.default_rng(5), 200)
    np.testing.assert_allclose(encoded, space.encode(draws), rtol=1e-9, atol=1e-9)
    assert space.decode_all(encoded) == [space.decode(row) for row in encoded]


def test_under_a_constraint_that_few_draws_fulfil_encoded_draws_are_few_but_not_endless():
    space = Space.from_file({"a": {"min": 1, "max": 200}, "b": {"min": 1, "max": 200}}, None, ["a * b == 3600"])
    encoded = space.sample_encoded(np.random.default_rng(0), 600)
    assert 1 <= len(encoded) < 100
    assert all(config["a"] * config["b"] == 3600 for config in space.decode_all(encoded))


@settings(max_examples=60, deadline=None)
@example([5e-324] * len(SPACE.free))
@given(st.lists(st.floats(-0.5, 6), min_size=len(SPACE.free), max_size=len(SPACE.free)))
def test_any_position_decodes_to_a_configuration_that_only_constraints_may_refuse(x):
    config = SPACE.decode(np.asarray(x))
    assert SPACE.active_names(config) == tuple(config)
    assert SPACE.outside(config) == []
    if SPACE.is_feasible(config):
        SPACE.validate(config)


def test_draws_are_valid_feasible_reproducible_and_inside():
    first = SPACE.sample(np.random.default_rng(3), 300)
    assert first == SPACE.sample(np.random.default_rng(3), 300)
    for config in first:
        SPACE.validate(config)
        assert SPACE.outside(config) == []
        assert ("opt.momentum" in config) == (config["opt.name"] == "sgd")
    encoded = SPACE.encode(first)
    assert encoded.shape == (300, len(SPACE.free))
    momentum = [parameter.name for parameter in SPACE.free].index("opt.momentum")
    inactive = np.asarray(["opt.momentum" not in config for config in first])
    assert 0 < inactive.sum() < len(first)
    assert (encoded[inactive, momentum] == 0.5).all()


def test_positions_of_draws_are_uniform_for_every_ordinal_parameter():
    space = Space.from_file({name: block for name, block in PARAMETERS.items() if name not in ("act", "opt")})
    encoded = np.sort(space.encode(space.sample(np.random.default_rng(0), 2000)), axis=0)
    expected = (np.arange(2000) + 0.5)[:, None] / 2000
    for column, parameter in enumerate(space.free):
        # A level stands at the middle of its mass, which may be half a mass away.
        slack = 0 if parameter.levels is None else 0.5 / min(len(parameter.levels), 8) + 0.12
        assert np.abs(encoded[:, column] - expected[:, 0]).max() < 0.04 + slack, parameter.name


def test_lists_of_numbers_are_ordered_and_others_are_categories():
    batch, act = SPACE.parameter("batch"), SPACE.parameter("act")
    assert (batch.kind, batch.is_ordinal, batch.levels) == ("int", True, (16, 64, 256))
    assert [batch.to_unit(value) for value in (16, 64, 256)] == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    assert (act.kind, act.is_ordinal) == ("categorical", False)
    x = SPACE.encode([{**SPACE.sample(np.random.default_rng(0), 1)[0], "act": True}])
    assert x[0, [parameter.name for parameter in SPACE.free].index("act")] == 3


def test_kinds_levels_and_logs_are_as_the_distribution_says():
    kinds = {parameter.name: (parameter.kind, parameter.is_log) for parameter in SPACE.parameters}
    assert kinds["lr"] == ("float", True)
    assert kinds["width"] == ("int", True)
    assert kinds["noise"] == ("float", False)
    assert kinds["model.dim"] == ("constant", False)
    assert SPACE.parameter("layers").levels == tuple(range(1, 9))
    assert SPACE.parameter("width").levels == tuple(range(16, 513, 16))
    assert SPACE.parameter("seed").levels is None
    assert SPACE.parameter("seed").count == 2**31 + 1
    assert SPACE.parameter("noise").levels is None
    assert SPACE.size is None


def test_values_of_a_duplicate_or_of_no_probability_are_one_or_none():
    space = Space.from_file(
        {"a": {"values": [1, 1.0, 2]}, "b": {"values": ["x", "y", "z"], "probabilities": [0.5, 0, 0.5]}}
    )
    assert space.parameter("a").levels == (1, 2)
    assert space.parameter("a").to_unit(1) == pytest.approx(1 / 3)
    assert space.parameter("b").levels == ("x", "z")
    assert space.size == 4


def test_nesting_gives_the_script_what_the_file_nests_and_keeps_dots_in_names():
    config = SPACE.sample(np.random.default_rng(1), 1)[0]
    nested = SPACE.nest(config)
    assert nested["model.dim"] == 64
    assert nested["opt"]["name"] == config["opt.name"]
    assert SPACE.flatten(nested) == config == SPACE.flatten(config)


def test_completing_keeps_what_is_given_and_draws_the_rest():
    rng = np.random.default_rng(0)
    for _ in range(20):
        config = SPACE.complete({"lr": 0.5, "opt": {"momentum": 0.5}, "width": 512}, rng)
        SPACE.validate(config)
        assert (config["lr"], config["opt.name"], config["width"]) == (0.5, "sgd", 512)
        assert config["layers"] <= 4
    assert SPACE.outside(config) == ["lr has a number in [1e-05, 0.1], got 0.5"]


@pytest.mark.parametrize(
    ("partial", "message"),
    [
        ({"lrr": 1}, r"lrr: needs a parameter of the sweep; did you mean lr\?"),
        ({"opt": {"nme": "sgd"}}, r"opt\.nme: .* did you mean opt\.name\?"),
        ({"layers": 2.5}, r"layers: needs a whole number in \[1, 8\], got 2\.5"),
        ({"act": "rel"}, r"act: needs one of 'relu', .*got 'rel'"),
        ({"model.dim": 32}, r"model\.dim: needs 64, got 32"),
        ({"lr": "0.1"}, r"lr: needs a number .*got '0\.1'"),
        ({"layers": 8, "width": 512}, "they break a constraint"),
        ({"opt.name": "adam", "opt.momentum": 0.5}, r"besom\.when makes some of them inactive"),
    ],
)
def test_a_configuration_that_cannot_be_completed_says_why(partial, message):
    with pytest.raises(ConfigError, match=message):
        SPACE.complete(partial, np.random.default_rng(0))


def test_validation_names_what_is_missing_inactive_or_forbidden():
    config = SPACE.complete({"opt.name": "adam"}, np.random.default_rng(0))
    with pytest.raises(ConfigError, match=r"opt\.momentum: is inactive here"):
        SPACE.validate({**config, "opt.momentum": 0.5})
    with pytest.raises(ConfigError, match="lr: needs a value, got none"):
        SPACE.validate({name: value for name, value in config.items() if name != "lr"})
    with pytest.raises(ConfigError, match=r"needs layers \* width <= 2048, got layers=8, width=512"):
        SPACE.validate({**config, "layers": 8, "width": 512})


def test_what_depends_on_an_inactive_parameter_is_inactive():
    parameters = {name: {"values": [1, 2]} for name in "abc"}
    space = Space.from_file(parameters, {"b": {"a": 1}, "c": "b < 3 or a == 2"})
    assert space.active_names({"a": 1, "b": 1, "c": 1}) == ("a", "b", "c")
    assert space.active_names({"a": 2, "b": 1, "c": 1}) == ("a",)
    assert space.size == 5


def test_a_condition_on_a_group_holds_for_all_in_it():
    space = Space.from_file(PARAMETERS, {"opt": {"layers": [1, 2]}})
    assert "opt.name" not in space.active_names(dict.fromkeys([p.name for p in space.parameters], 3))
    assert "opt.name" in space.active_names(dict.fromkeys([p.name for p in space.parameters], 2))


def test_keys_are_equal_for_equal_configurations_only():
    space = Space.from_file({"a": {"values": [1, True, "1", [1], {"x": 1}]}, "b": {"min": 0.0, "max": 1.0}})
    keys = {space.key({"a": value, "b": 0.5}) for value in space.parameter("a").levels}
    assert len(keys) == 5
    assert space.key({"b": 0.5, "a": 1.0}) == space.key({"a": 1, "b": 0.5})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"when": {"a": {"b": 1}, "b": {"a": 1}}},
            r"besom\.when\.\w: needs conditions without a circle, got \w → \w → \w",
        ),
        ({"when": {"a": {"b": 9}}}, r"besom\.when\.a\.b: b needs one of 1, 2, got 9, which it never is"),
        ({"when": {"x": {"b": 1}}}, r"besom\.when\.x: needs a parameter, or a group"),
        ({"when": {"a": "b >"}}, r"besom\.when\.a: .*column 4"),
        ({"constraints": ["a + c < 3"]}, r"besom\.constraints\[0\]: needs names of parameters, got 'c' \(column 5\)"),
        ({"constraints": ["a.__class__"]}, "needs names of parameters"),
        ({"constraints": ["open('x')"]}, "needs a known function"),
        ({"constraints": ["[i for i in a]"]}, "needs parameters, numbers, texts"),
        ({"constraints": ["lambda: a"]}, "needs parameters, numbers, texts"),
        ({"constraints": ["a > 5"]}, "none in 10,000 draws"),
        ({"constraints": ["a > 1", "a < 2"]}, "all constraints together"),
        ({"constraints": ["a > 'x'"]}, r"can be worked out, got TypeError .* for \{'a'"),
        ({"constraints": ["1 / (a - a) > 1"]}, "ZeroDivisionError"),
        ({"constraints": ["9 ** 9 ** 9 ** 9 > a"]}, "OverflowError"),
        ({"constraints": ["'a' * 10 ** 10 == 'b'"]}, "takes numbers"),
    ],
)
def test_wrong_conditions_and_constraints_are_told_with_place_and_law(arguments, message):
    with pytest.raises(SweepFileError, match=message):
        Space.from_file({"a": {"values": [1, 2]}, "b": {"values": [1, 2]}}, **arguments)


def test_names_that_are_no_python_stand_between_backquotes():
    parameters = {
        "learning-rate": {"min": 0.0, "max": 1.0},
        "lambda": {"min": 0.0, "max": 1.0},
        "m.x": {"values": [1, 2]},
    }
    space = Space.from_file(parameters, constraints=["`learning-rate` < `lambda`", "m.x == 1 or `lambda` > 0.5"])
    for config in space.sample(np.random.default_rng(0), 50):
        assert config["learning-rate"] < config["lambda"]
    with pytest.raises(SweepFileError, match="write `learning-rate` between backquotes"):
        Space.from_file(parameters, constraints=["learning-rate < 0.5"])


def test_all_problems_are_told_at_once():
    with pytest.raises(SweepFileError) as caught:
        Space.from_file(
            {
                "1st": {"value": 1},
                "a": {"min": 3, "max": 1},
                "b": {"distribution": "unifrm", "min": 0, "max": 1},
                "c": {"values": []},
                "d": {"lr": {"value": 1}},
                "e.f": {"value": 1},
                "e": {"parameters": {"f": {"value": 1}}},
                "g": {"min": "1", "max": 2},
            }
        )
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "parameters.1st",
        "parameters.a",
        "parameters.b.distribution",
        "parameters.c.values",
        "parameters.d",
        "parameters.e.parameters.f",
        "parameters.g.min",
    ]
    assert "did you mean uniform?" in caught.value.problems[2]
    assert "which parameters.e.f has too" in caught.value.problems[5]

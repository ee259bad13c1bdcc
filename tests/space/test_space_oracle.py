"""W&B's own engine, PyPI's `sweeps`, says what is valid, what a draw means and how a grid goes."""

import itertools
import logging
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from besom.errors import SweepFileError
from besom.space import LAWS, Space

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from sweeps import grid_search as sweeps_grid
    from sweeps import params as sweeps_params
    from sweeps.config import schema as sweeps_schema

NUMBERS = st.one_of(st.integers(-40, 40), st.floats(-40, 40).map(lambda x: round(x, 3)))
SCALARS = st.one_of(NUMBERS, st.booleans(), st.none(), st.sampled_from(["relu", "tanh", "", "0.1"]))
VALUES = st.one_of(SCALARS, st.lists(NUMBERS, max_size=2), st.dictionaries(st.sampled_from("xyz"), SCALARS, max_size=2))


@st.composite
def blocks(draw):
    """Parameter blocks, most of them nearly right."""
    block = {}
    distribution = draw(st.sampled_from([None, *LAWS, "unifrom"]))
    if distribution is not None:
        block["distribution"] = distribution
    keys = (
        list(LAWS[distribution].settings)
        if distribution in LAWS
        else draw(st.sampled_from([["value"], ["values"], ["min", "max"], ["values", "probabilities"], []]))
    )
    keys = [key for key in keys if draw(st.integers(0, 19))]
    if not draw(st.integers(0, 9)):
        keys.append(draw(st.sampled_from(["q", "mu", "min", "value", "vlaues"])))
    for key in keys:
        if key == "values":
            block[key] = draw(st.lists(VALUES, max_size=4))
        elif key == "probabilities":
            n = len(block.get("values", [0]))
            block[key] = [1 / n] * n if n and draw(st.booleans()) else draw(st.lists(st.floats(-0.1, 1), max_size=3))
        else:
            block[key] = draw(VALUES if key == "value" or not draw(st.integers(0, 9)) else NUMBERS)
    if "min" in block and "max" in block and draw(st.integers(0, 4)):
        low, high = block["min"], block["max"]
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            block["min"], block["max"] = high, low
    return block


def wandb_takes(block):
    """Whether W&B's engine takes the block, and draws numbers from it that are numbers."""
    if type(block.get("q")) is int:
        # Rounded to whole numbers, what is no number would look like one.
        block = block | {"q": float(block["q"])}
    try:
        sweeps_schema.validate_categorical_prob("p", block)
        parameter = sweeps_params.HyperParameter("p", block)
        with np.errstate(all="ignore"):
            drawn = [parameter.ppf(u) for u in (1e-9, 0.5, 1 - 1e-9)]
    except Exception:  # noqa: BLE001 - it raises whatever it meets first
        return False
    return not any(isinstance(value, float) and not math.isfinite(value) for value in drawn)


@settings(max_examples=600, deadline=None)
@given(blocks())
def test_what_wandb_takes_is_taken_and_what_it_refuses_is_refused(block):
    try:
        Space.from_file({"p": block})
        taken = True
    except SweepFileError:
        taken = False
    assert taken == wandb_takes(block)


DRAWN = {
    "int_uniform": {"min": -3, "max": 9},
    "uniform": {"min": -1.5, "max": 4},
    "q_uniform": {"min": 1, "max": 10, "q": 2},
    "log_uniform": {"min": -9, "max": -2},
    "log_uniform_values": {"min": 1e-5, "max": 0.1},
    "q_log_uniform": {"min": 2, "max": 5, "q": 4},
    "q_log_uniform_values": {"min": 16, "max": 512, "q": 16},
    "inv_log_uniform": {"min": 2, "max": 9},
    "inv_log_uniform_values": {"min": 1e-4, "max": 0.1},
    "normal": {"mu": 2, "sigma": 0.5},
    "q_normal": {"mu": 2, "sigma": 3, "q": 0.25},
    "log_normal": {"mu": -1, "sigma": 0.7},
    "q_log_normal": {"mu": 3, "sigma": 1, "q": 5},
    "beta": {"a": 2, "b": 5},
    "q_beta": {"a": 2, "b": 5, "q": 0.1},
    "categorical": {"values": ["a", None, True, {"x": 1}, [1, 2]]},
    "categorical_w_probabilities": {"values": ["a", "b", "c"], "probabilities": [0.2, 0.5, 0.3]},
}


@pytest.mark.parametrize("distribution", DRAWN)
@settings(max_examples=60, deadline=None)
@given(u=st.floats(0.001, 0.999).filter(lambda u: abs(10 * u - round(10 * u)) > 1e-9))  # edges are a matter of rounding
def test_a_position_means_the_value_that_wandb_draws_there(distribution, u):
    block = {"distribution": distribution, **DRAWN[distribution]}
    theirs = sweeps_params.HyperParameter("p", block).ppf(u)
    ours = Space.from_file({"p": block}).parameters[0].from_unit(u)
    if isinstance(ours, float):
        assert ours == pytest.approx(float(theirs), rel=1e-9, abs=1e-12)
    else:
        assert ours == theirs
        assert type(ours) is type(theirs) or isinstance(theirs, np.integer)


@pytest.mark.parametrize("distribution", [name for name in LAWS if name not in DRAWN])
def test_every_other_distribution_is_the_constant(distribution):
    assert distribution == "constant"


GRID_BLOCKS = st.one_of(
    st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"values": values}),
    st.tuples(st.integers(-3, 3), st.integers(1, 3)).map(lambda p: {"min": p[0], "max": p[0] + p[1]}),
    SCALARS.map(lambda value: {"value": value}),
    st.tuples(st.integers(0, 3), st.sampled_from([1, 0.5, 0.7])).map(
        lambda p: {"distribution": "q_uniform", "min": p[0], "max": p[0] + 2, "q": p[1]}
    ),
)
GRIDS = st.dictionaries(
    st.sampled_from(["b", "a", "a.x", "B_", "z-1"]),
    st.one_of(
        GRID_BLOCKS, st.dictionaries(st.sampled_from("pq"), GRID_BLOCKS, min_size=1).map(lambda p: {"parameters": p})
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=120, deadline=None)
@given(GRIDS)
def test_the_grid_is_wandbs_in_its_order_and_each_cell_once(parameters):
    space = Space.from_file(parameters)
    values = [value for p in space.parameters for value in (p.grid or ())]
    # 0.2.0 holds 1 and 1.0 for two values, which its successor no longer does.
    assume(not any(isinstance(value, float) and value.is_integer() for value in values))
    assume(space.cells <= 200)
    logging.disable(logging.WARNING)
    try:  # asked for one run more than there are, it ends its answer with None
        runs = sweeps_grid.grid_search_next_runs([], {"method": "grid", "parameters": parameters}, n=space.cells + 1)
    finally:
        logging.disable(logging.NOTSET)
    theirs = [{key: item["value"] for key, item in run.config.items()} for run in runs if run is not None]
    ours = [space.nest(space.cell(index)) for index in range(space.cells)]
    assert list(map(repr, map(_sorted, ours))) == list(map(repr, map(_sorted, theirs)))
    assert len({space.key(space.cell(index)) for index in range(space.cells)}) == space.cells


def _sorted(config):
    return {key: _sorted(config[key]) for key in sorted(config)} if isinstance(config, dict) else config


def test_a_million_cells_are_reached_without_listing_them():
    space = Space.from_file({name: {"values": list(range(10))} for name in "abcdef"})
    assert space.cells == space.size == 10**6
    assert space.cell(123456) == dict(zip("abcdef", range(1, 7), strict=True))
    for index in np.random.default_rng(0).integers(10**6, size=50).tolist():
        assert space.cell(index) == dict(zip("abcdef", map(int, f"{index:06d}"), strict=True))


@pytest.mark.parametrize("outside", [-1, 6])
def test_a_cell_beyond_the_grid_is_an_index_error(outside):
    space = Space.from_file({"a": {"values": [1, 2]}, "b": {"values": [1, 2, 3]}})
    with pytest.raises(IndexError, match="0 <= index < 6"):
        space.cell(outside)


def test_conditional_grids_hold_each_distinct_configuration_once_and_only_feasible_ones():
    parameters = {
        "opt": {"values": ["sgd", "adam"]},
        "momentum": {"values": [0, 0.9]},
        "beta": {"min": 1, "max": 3},
        "nesterov": {"values": [True, False]},
    }
    when = {"momentum": {"opt": "sgd"}, "beta": "opt == 'adam'", "nesterov": {"momentum": 0.9}}
    space = Space.from_file(parameters, when, ["beta != 2"])
    cells = [space.cell(index) for index in range(space.cells)]
    products = itertools.product(["sgd", "adam"], [0, 0.9], [1, 2, 3], [True, False])
    expected = set()
    for opt, momentum, beta, nesterov in products:
        config = {"opt": opt}
        if opt == "sgd":
            config |= {"momentum": momentum} | ({"nesterov": nesterov} if momentum else {})
        elif beta != 2:
            config |= {"beta": beta}
        else:
            continue
        expected.add(space.key(config))
    assert {space.key(cell) for cell in cells} == expected
    assert len(cells) == len(expected) == space.size == 5
    # names sorted, last fastest: beta, momentum, nesterov, opt
    assert cells[:2] == [{"opt": "sgd", "momentum": 0}, {"opt": "adam", "beta": 1}]


def test_a_parameter_without_a_grid_is_named():
    space = Space.from_file({"m": {"parameters": {"lr": {"min": 0.0, "max": 1.0}}}})
    with pytest.raises(SweepFileError, match=r"parameters\.m\.parameters\.lr: grid needs .*got uniform; give values"):
        _ = space.cells

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategy_suite import MIXED

from besom.search.moves import Moves, categories_of
from besom.space import Space

CONDITIONAL = {"kind": {"values": ["a", "b"]}, "x": {"min": 0.0, "max": 1.0}, "y": {"min": 1, "max": 90}}


def mutated(space: Space, seed: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    moves = Moves(space)
    parents = moves.draw(rng, 60)
    return parents, moves.mutate(rng, parents, np.full(60, scale))


@given(st.integers(0, 1000), st.floats(1e-4, 1))
def test_every_child_is_a_configuration_that_decoding_leaves_as_it_is(seed: int, scale: float) -> None:
    space = Space.from_file(MIXED)
    _, children = mutated(space, seed, scale)
    np.testing.assert_allclose(space.encode([space.decode(child) for child in children]), children, atol=1e-6)


@given(st.integers(0, 1000))
def test_every_child_differs_from_its_parent_in_a_space_of_lists(seed: int) -> None:
    space = Space.from_file({"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}, "c": {"min": 0, "max": 50}})
    parents, children = mutated(space, seed, 1e-3)
    assert (parents != children).any(axis=1).all()


@given(st.integers(0, 1000))
def test_children_keep_conditions_and_constraints(seed: int) -> None:
    space = Space.from_file(CONDITIONAL, when={"y": {"kind": "b"}}, constraints=["x * y <= 20"])
    _, children = mutated(space, seed, 0.2)
    for child in children:
        config = space.decode(child)
        assert space.is_feasible(config)
        assert ("y" in config) == (config["kind"] == "b")
        if "y" not in config:
            assert child[2] == 0.5


def test_a_prior_whose_levels_all_lie_in_its_tail_is_no_trouble() -> None:
    space = Space.from_file(
        {"q": {"distribution": "q_normal", "mu": 0, "sigma": 0.01, "q": 1}, "x": {"min": 0.0, "max": 1.0}}
    )
    _, children = mutated(space, 0, 0.1)
    assert len(children) == 60


def test_only_unordered_parameters_are_categories() -> None:
    space = Space.from_file(MIXED)
    assert dict(zip((p.name for p in space.free), categories_of(space), strict=True)) == {
        "lr": 0,
        "layers": 0,
        "width": 0,
        "optimizer": 3,
        "model.dropout": 0,
        "model.flag": 2,
        "shift": 0,
    }

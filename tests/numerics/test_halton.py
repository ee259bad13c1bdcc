import numpy as np
import pytest

from besom.numerics.halton import halton


@pytest.mark.parametrize("d", [1, 2, 7, 50])
def test_points_lie_in_the_unit_cube_and_differ(d: int) -> None:
    points = halton(100, d, np.random.default_rng(0))
    assert points.shape == (100, d)
    assert (points >= 0).all()
    assert (points < 1).all()
    assert len(np.unique(points.round(9), axis=0)) == 100


def test_each_dimension_fills_its_strata() -> None:
    points = halton(8, 1, np.random.default_rng(1))
    assert sorted((points[:, 0] * 8).astype(int)) == list(range(8))
    assert sorted((halton(9, 2, np.random.default_rng(1))[:, 1] * 9).astype(int)) == list(range(9))


def test_a_longer_sequence_begins_with_the_shorter_one() -> None:
    short, long = (halton(n, 5, np.random.default_rng(2)) for n in (4, 30))
    np.testing.assert_array_equal(short, long[:4])


def test_another_seed_gives_other_points() -> None:
    assert not np.allclose(halton(5, 3, np.random.default_rng(0)), halton(5, 3, np.random.default_rng(1)))


def test_a_mean_over_few_points_is_closer_than_by_independent_draws() -> None:
    def error(points: np.ndarray) -> float:
        return float(abs(points.prod(axis=1).mean() - 0.125))

    ours = np.mean([error(halton(64, 3, np.random.default_rng(seed))) for seed in range(30)])
    theirs = np.mean([error(np.random.default_rng(seed).random((64, 3))) for seed in range(30)])
    assert ours < theirs / 2

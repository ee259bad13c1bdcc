from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from besom.numerics.warp import half_rank, half_rank_of_curves

anything = arrays(np.float64, st.integers(1, 40), elements=st.floats(allow_nan=False, allow_infinity=False))
ordinary = arrays(np.float64, st.integers(2, 40), elements=st.integers(-1000, 1000).map(float))


@given(anything)
def test_any_finite_values_become_standard_ones(y: np.ndarray) -> None:
    z = half_rank(y).z
    assert np.isfinite(z).all()
    assert abs(z.mean()) < 1e-6
    assert z.std() == pytest.approx(1) or z.std() < 1e-6


@given(ordinary)
def test_the_order_and_the_ties_are_kept(y: np.ndarray) -> None:
    z = half_rank(y).z
    for (y1, z1), (y2, z2) in pairwise(zip(y, z, strict=True)):
        assert z1 == z2 if y1 == y2 else (z1 < z2) == (y1 < y2)


@given(ordinary)
def test_the_inverse_gives_the_values_back(y: np.ndarray) -> None:
    warp = half_rank(y)
    np.testing.assert_allclose(warp.inverse(warp.z), y, atol=1e-6 * max(1, np.abs(y).max()))


def test_differences_among_the_good_are_proportional() -> None:
    warp = half_rank(np.array([1.0, 2.0, 4.0, 5.0, 9.0, 30.0, 40.0]))
    z = warp.z
    assert (z[2] - z[1]) / (z[1] - z[0]) == pytest.approx(2)
    assert (z[1] - z[0]) * warp.unit == pytest.approx(1)


def test_how_bad_the_worst_is_does_not_matter() -> None:
    mild, wild = (half_rank(np.array([1.0, 2.0, 3.0, 4.0, worst])).z for worst in (5.0, 1e300))
    np.testing.assert_allclose(mild, wild)


@pytest.mark.parametrize("y", [[], [1.0, np.nan], [np.inf]])
def test_nothing_and_values_that_are_not_finite_are_refused(y: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        half_rank(np.array(y))


@given(ordinary)
def test_forward_gives_what_the_warp_was_fitted_to(y: np.ndarray) -> None:
    warp = half_rank(y)
    np.testing.assert_allclose(warp.forward(y), warp.z, atol=1e-9)


@given(anything, anything)
def test_forward_of_any_finite_values_is_finite_and_ordered(y: np.ndarray, others: np.ndarray) -> None:
    z = half_rank(y).forward(np.sort(others))
    assert np.isfinite(z).all()
    assert (np.diff(z) >= -1e-9 * np.maximum(1.0, np.abs(z[1:]))).all()  # but for rounding
    assert np.isfinite(z @ z)


@given(anything, anything)
def test_any_finite_curves_become_finite_numbers(latest: np.ndarray, earlier: np.ndarray) -> None:
    shown = np.concatenate([latest, earlier])
    z = half_rank_of_curves(latest, shown).forward(np.sort(shown))
    assert np.isfinite(z @ z)
    assert (np.diff(z) >= -1e-9 * np.maximum(1.0, np.abs(z[1:]))).all()  # but for rounding


def test_early_values_of_curves_are_ranked_among_each_other_and_do_not_squeeze_the_late_ones() -> None:
    latest = np.array([1.0, 2.0, 3.0, 4.0])
    mild = half_rank_of_curves(latest, np.concatenate([latest, [10.0, 20.0, 30.0]]))
    wild = half_rank_of_curves(latest, np.concatenate([latest, [1e3, 1e9, 1e30]]))
    np.testing.assert_allclose(mild.forward(latest), wild.forward(latest))
    early = mild.forward(np.array([10.0, 20.0, 30.0]))
    assert early[0] < early[1] < early[2] < mild.forward(latest)[0] + 5
    assert mild.forward(latest)[:2] == pytest.approx(half_rank(latest).z[:2])


@given(ordinary, ordinary)
def test_what_curves_have_shown_comes_back_from_its_warp(latest: np.ndarray, earlier: np.ndarray) -> None:
    shown = np.concatenate([latest, earlier])
    warp = half_rank_of_curves(latest, shown)
    np.testing.assert_allclose(warp.inverse(warp.forward(shown)), shown, atol=1e-6 * max(1, np.abs(shown).max()))

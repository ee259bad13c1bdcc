import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.analysis.curves import curves_by_trial, mean_curve, thin
from besom.service import MetricCurve

values = st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1, max_size=400)


@given(values, st.integers(5, 60))
def test_thinning_keeps_ends_extremes_and_gaps_within_the_number_of_points(y, points):
    x = list(range(len(y)))
    thin_x, thin_y = thin(x, y, points)
    assert len(thin_x) == len(thin_y) <= max(points, min(len(y), points))
    assert (thin_x[0], thin_x[-1]) == (x[0], x[-1])
    assert np.all(np.diff(thin_x) > 0)
    assert all(np.array_equal(y[int(at)], value, equal_nan=True) for at, value in zip(thin_x, thin_y, strict=True))
    if not np.isnan(y).all():
        assert np.nanmax(thin_y) == np.nanmax(y)
        assert np.nanmin(thin_y) == np.nanmin(y)
    assert np.isnan(thin_y).any() == np.isnan(y).any()


def test_a_gap_in_the_middle_of_a_long_curve_stays_where_it_was():
    y = np.sin(np.arange(10_000.0))
    y[4000:6000] = np.nan
    thin_x, thin_y = thin(np.arange(10_000), y, 100)
    inside = (thin_x >= 4000) & (thin_x < 6000)
    assert inside.sum() >= 5
    assert np.isnan(thin_y[inside]).all()
    assert np.isfinite(thin_y[~inside]).all()


def test_a_short_curve_is_left_as_it_is_and_wrong_arguments_are_refused():
    assert thin([1, 2], [3, 4], 5)[1].tolist() == [3, 4]
    with pytest.raises(ValueError, match="one length"):
        thin([1, 2], [3], 5)
    with pytest.raises(ValueError, match="at least 5"):
        thin([1], [3], 4)


def test_attempts_of_a_repeat_are_joined_at_the_point_where_the_next_began():
    first = MetricCurve("a", 3, 0, 0, (1, 2, 3), (0.1, 0.2, 0.3))
    resumed = MetricCurve("b", 3, 0, 1, (3, 4), (0.35, 0.4))
    (curves,) = curves_by_trial([resumed, first])
    (repeat,) = curves.repeats
    assert repeat.x == (1, 2, 3, 4)
    assert repeat.y == (0.1, 0.2, 0.35, 0.4)
    assert curves.mean_x == ()


def test_a_retry_from_nothing_replaces_the_attempt_before():
    (curves,) = curves_by_trial([MetricCurve("a", 0, 0, 0, (1, 2), (9, 9)), MetricCurve("b", 0, 0, 1, (1,), (5,))])
    assert curves.repeats[0].y == (5,)


def test_repeats_stay_apart_and_their_mean_covers_what_all_of_them_cover():
    curves = [MetricCurve("a", 0, 0, 0, (1, 2, 3), (0, 2, 4)), MetricCurve("b", 0, 1, 0, (1, 3), (2, 6))]
    (trial,) = curves_by_trial([*curves, MetricCurve("c", 1, 0, 0)])
    assert [repeat.repeat for repeat in trial.repeats] == [0, 1]
    assert trial.mean_x == (1, 2, 3)
    assert trial.mean_y == (1, 3, 5)


def test_the_mean_ends_where_the_shortest_curve_ends_and_nan_is_left_out():
    assert mean_curve([((1, 2, 3), (1, math.nan, 3)), ((1, 2), (3, 4))]) == ((1.0, 2.0), (2.0, 3.0))
    assert mean_curve([((1, 2), (1, 1)), ((5, 6), (1, 1))]) == ((), ())
    assert mean_curve([((1,), (math.nan,)), ((1,), (1,))]) == ((), ())

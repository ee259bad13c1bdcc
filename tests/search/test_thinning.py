"""Which results a model sees, and how long a fit lasts."""

import numpy as np
from curve_histories import review, seen
from hypothesis import given
from hypothesis import strategies as st

from besom.records import Status
from besom.search.curve_model import _fitted, _is_marked
from besom.search.shown import Points
from besom.search.thinning import best_and_even, in_steps
from besom.space import Space

LINE = Space.from_file({"x": {"min": 0.0, "max": 1.0}})


@given(st.integers(0, 5_000))
def test_hyperparameters_are_fitted_to_nearly_all_results(n: int) -> None:
    assert n / 1.2 - 1 <= in_steps(n) <= n
    assert in_steps(n) <= in_steps(n + 1)
    if n <= 30:
        assert in_steps(n) == n


def test_a_fit_lasts_while_results_come_in() -> None:
    assert len({in_steps(n) for n in range(100, 1000)}) < 20


@given(st.lists(st.floats(-1e9, 1e9), max_size=60), st.integers(2, 40))
def test_the_best_half_is_always_among_what_a_model_sees(values: list[float], most: int) -> None:
    y = np.array(values)
    kept = best_and_even(y, most)
    assert len(kept) == min(len(y), most)
    assert (np.diff(kept) > 0).all()
    if len(y) > most:
        assert set(np.argsort(y, kind="stable")[: most // 2]) <= set(kept)


def test_a_fit_sees_a_growing_curve_up_to_the_last_mark_that_it_passed() -> None:
    points = Points(np.array([0, 0, 0, 0, 1, 2, 2]), np.array([0.0, 0.2, 0.6, 0.7, 0.1, 0.3, 1.0]), np.zeros(7))
    assert _is_marked(points).tolist() == [True, True, False, False, True, True, True]


def test_a_trial_under_review_is_judged_by_the_hyperparameters_of_the_others() -> None:
    others = [
        seen(i, {"x": i / 60}, [(i / 60 - 0.47) ** 2 + 0.3 / t for t in range(1, 2 + i % 26)], Status.PAUSED)
        for i in range(60)
    ]
    _fitted.cache_clear()
    for length in range(1, 25):
        growing = seen(20, {"x": 0.31}, [0.3 / t for t in range(1, 1 + length)], Status.PENDING)
        review(LINE, [*others[:20], growing, *others[21:]], 20, can_resume=True)
    assert _fitted.cache_info().misses == 1
    others[0] = seen(0, {"x": 0.1}, [0.9] * 27, Status.FINISHED)
    review(LINE, [*others[:20], growing, *others[21:]], 20, can_resume=True)
    assert _fitted.cache_info().misses == 2

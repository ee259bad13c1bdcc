import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from besom.numerics.threads import one_thread


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_one_thread_inside_and_the_setting_before_afterwards() -> None:
    scipy.linalg.cholesky(np.eye(3))
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        assert before
        with one_thread():
            assert set(blas_threads()) == {1}
        assert blas_threads() == before


def test_an_error_inside_gives_the_setting_back_too() -> None:
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(np.linalg.LinAlgError), one_thread():
            np.linalg.inv(np.zeros((2, 2)))
        assert blas_threads() == before


def test_it_may_be_entered_inside_itself() -> None:
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with one_thread():
            with one_thread():
                pass
            assert set(blas_threads()) == {1}
        assert blas_threads() == before

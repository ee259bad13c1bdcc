"""One thread for the small matrices of a decision: more only wait for each other, worst where the machine is busy."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


def one_thread() -> AbstractContextManager[object]:
    """While it is entered, BLAS uses one thread in this process; the setting before comes back afterwards."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    """Found once: looking for the libraries that are loaded takes milliseconds."""
    import scipy.linalg  # noqa: F401 - loads the second BLAS, which would be missed otherwise

    return ThreadpoolController()

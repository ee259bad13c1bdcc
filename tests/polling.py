"""Waiting for what other threads and processes bring about: one looks again and again, until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(truth: Callable[[], Any], what: str = "it", *, within_s: float = 20.0, every_s: float = 0.02) -> Any:
    """Wait until something is true, and hand it back; fail after a deadline.

    Args:
        truth: Tells it.
        what: A sentence that says it, for who reads of the failure.
        within_s: How long it may take.
        every_s: How long to wait before one looks again.
    """
    deadline = time.monotonic() + within_s
    while not (found := truth()):
        assert time.monotonic() < deadline, f"{what}: did not come true in {within_s:g} s"
        time.sleep(every_s)
    return found

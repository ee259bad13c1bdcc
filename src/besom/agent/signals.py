"""Ctrl-C and SIGTERM to agents: the first asks politely, the second ends at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def stop_on_signals(
    stop: Callable[[bool], None],
    numbers: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM),
    *,
    is_last: bool = False,
) -> Iterator[None]:
    """Within, the first of the signals calls `stop(False)`, the others `stop(True)`. Only the main thread gets any.

    With `is_last` the process ends behind it: once one has come, they are ignored from then on, so that another does
    not break off how it closes down.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        stop(seen > 1)

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if is_last and seen else handler)

"""A wait that ends early when somebody rings: a child's exit, a stop from another thread or from a signal handler."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Bell:
    """Rings are remembered until the next wait. A `SimpleQueue`, because its put is safe inside a signal handler."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """End the wait under way, or the next one."""
        self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as the bell rings."""
        try:
            self._rings.get(timeout=max(seconds, 0.0))
            while True:
                self._rings.get_nowait()
        except Empty:
            return

"""What the server keeps in mind of a client's box: which letters it has taken, and which answers were read."""

from __future__ import annotations

import threading
from contextlib import suppress

from besom.post import Box
from besom.post.boxes import numbers_in

_REMEMBERED = 4096
"""So many of a box's last numbers are known one by one: threads of a client may leave theirs in another order."""


class KnownBox:
    """Of a box's letters each is taken once, however often it is listed. Threads may share it."""

    def __init__(self, box: Box, now: float) -> None:
        self.box = box
        self.heard_at = self.seen_at = now
        self._lock = threading.Lock()
        self._taken: set[int] = set()
        self._torn: set[int] = set()
        self._taken_to = -1
        self._under_way = 0
        self._answered: set[int] = set()
        with suppress(OSError):
            self._answered = numbers_in(box.answers)  # by a server before this one

    def take(self, listed: set[int], now: float) -> list[int]:
        """Those that nobody has taken; a letter that was not whole is among them until it is."""
        with self._lock:
            fresh = {number for number in listed - self._taken if number > self._taken_to}
            self._taken |= fresh
            self._under_way += len(fresh)
            if len(self._taken) > 2 * _REMEMBERED:
                last = sorted(self._taken)[-_REMEMBERED:]
                self._taken, self._taken_to = set(last), last[0] - 1
            if fresh - self._torn:
                self.heard_at = now
        return sorted(fresh)

    def put_back(self, number: int) -> None:
        """It was not whole: it may be taken again."""
        with self._lock:
            self._taken.discard(number)
            self._torn.add(number)
            self._under_way -= 1

    def settle(self, number: int) -> None:
        """It was answered, or needs no answer."""
        with self._lock:
            self._torn.discard(number)
            self._answered.add(number)
            self._under_way -= 1

    def pop_read(self, listed: set[int]) -> set[int]:
        """Answers that nobody waits for any more: their requests are gone."""
        with self._lock:
            read = self._answered - listed
            self._answered -= read
            self._torn &= listed
            return read

    @property
    def is_idle(self) -> bool:
        """Whether none of its letters is being answered."""
        with self._lock:
            return not self._under_way

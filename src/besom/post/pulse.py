"""Whether a server is there: it rewrites its sign of life while there are boxes, and each side has its own clock.

No clock is compared with another's: what counts is that the sign changes.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from besom.post import letters

BEAT_S = 2.0
SILENCE_S = 15.0
"""A server whose sign has not changed for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a server writes of itself.

    Attributes:
        server: Another name at each start: what was asked of a server that is gone is not asked of the next one.
        term: One more than that of the server before it.
        beat: Grows while it lives.
        page: The address of its dashboard, where there is a network.
        host: The machine that it runs on.
        has_ended: It was ended in good order.
    """

    server: str
    term: int = 0
    beat: int = 0
    page: str = ""
    host: str = ""
    has_ended: bool = False

    def is_after(self, other: Sign) -> bool:
        """Whether this is another server, which took over from that one."""
        return (self.term, self.server) > (other.term, other.server)


class Pulse:
    """A server's sign of life, as one client sees it. Threads may share it."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._sign: Sign | None = None
        self._changed_at = self._looked_at = -SILENCE_S

    def look(self) -> Sign | None:
        """The sign as it is now; None while no server has left one. Raises OSError."""
        found = self._read()
        with self._lock:
            now = self._clock()
            # A server rests while there are no boxes: what was not watched all the time is no silence.
            if found != self._sign or now - self._looked_at >= SILENCE_S:
                self._changed_at = now
            self._sign, self._looked_at = found, now
        return found

    @property
    def is_silent(self) -> bool:
        """Whether the sign was watched for `SILENCE_S` and has not changed."""
        with self._lock:
            return self._looked_at - self._changed_at >= SILENCE_S

    def _read(self) -> Sign | None:
        letter = letters.opened(self._path)
        if letter is None:
            return self._sign if self._path.exists() else None  # torn: the next one is whole
        with letter:
            try:
                return Sign(**letter.head)
            except TypeError:  # of another version
                return None


class Heart:
    """What writes the sign: the server's side. For one thread.

    Args:
        path: The sign's file.
        page: The address of the server's dashboard.
        clock: Seconds that never go back.
    """

    def __init__(self, path: Path, page: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._pulse = Pulse(path, clock)
        self._sign = Sign(secrets.token_hex(8), page=page, host=socket.gethostname())
        self._at = clock()

    @property
    def server(self) -> str:
        """The server's name."""
        return self._sign.server

    @property
    def is_due(self) -> bool:
        """Whether the last beat is long ago."""
        return self._clock() - self._at >= BEAT_S

    def start(self) -> None:
        """Take over from whoever was there. Raises OSError."""
        before = self._pulse.look()
        self._sign = replace(self._sign, term=before.term + 1 if before else 1)
        self.beat()

    def beat(self) -> None:
        """Show that the server lives, unless another has taken over. Raises OSError."""
        if self.is_replaced():
            return
        self._at = self._clock()
        self._sign = replace(self._sign, beat=self._sign.beat + 1)
        letters.write(self._path, asdict(self._sign), is_lasting=False)

    def is_replaced(self) -> bool:
        """Whether another server has taken over: one that slept must not come back into its place. Raises OSError."""
        found = self._pulse.look()
        return found is not None and found.is_after(self._sign)

    def stop(self) -> None:
        """Say that the server has ended, unless another has taken over. Raises OSError."""
        if not self.is_replaced():
            letters.write(self._path, asdict(replace(self._sign, has_ended=True)), is_lasting=False)

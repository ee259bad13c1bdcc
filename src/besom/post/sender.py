"""The client's side: leaves requests as letters and waits for the answers, as `besom.connections` does by HTTP."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from besom.connections import NoAnswer
from besom.post import letters
from besom.post.boxes import Post, numbers_in
from besom.post.letters import Letter
from besom.post.pulse import Pulse, Sign

_ANSWER_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers and the body, piece by piece."""

    status: int
    headers: Mapping[str, str]
    length: int
    parts: Callable[[], Iterator[bytes]]


class Sender:
    """Sends requests to the server of a home by files in its folder. Threads may share it.

    Args:
        home: The server's home, as this machine sees it.
        clock: Seconds that never go back; no other clock is looked at.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        home: Path,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._post = Post.of(home)
        self._clock, self._sleep = clock, sleep
        self._pulse = Pulse(self._post.sign, clock)
        self.box = self._post.new_box()
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Take the box away."""
        shutil.rmtree(self.box.path, ignore_errors=True)

    def sign(self) -> Sign | None:
        """What the server says of itself; None without one."""
        with suppress(OSError):
            return self._pulse.look()
        return None

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of the answer. Arguments and errors as `Connections.send`."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        with self.exchange(method, path, headers, () if body is None else (body,)) as reply:
            return reply.status, b"".join(reply.parts())

    @contextmanager
    def exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Iterable[bytes] = (),
        answer_s: float = _ANSWER_S,
    ) -> Iterator[Reply]:
        """The answer to any request of HTTP, as long as it is used.

        Args:
            method: GET, POST …
            path: With the query.
            headers: Those that mean something to whoever answers.
            body: Its pieces.
            answer_s: How long to wait for an answer of a server that lives.

        Raises:
            NoAnswer: No server is there, it ended meanwhile, it took too long, or the folder cannot be used.
        """
        server = self._server()
        number = next(self._numbers)
        head = {"server": server, "method": method, "path": path, "headers": dict(headers)}
        try:
            self._leave(number, head, body)
            with self._awaited(number, server, answer_s) as letter:
                yield Reply(letter.head["status"], letter.head["headers"], letter.length, letter.parts)
        finally:
            with suppress(OSError):
                self.box.request(number).unlink()

    def _server(self) -> str:
        """The server to ask. Raises NoAnswer: there is none, or it is silent."""
        try:
            sign = self._pulse.look()
            if sign is None:
                raise NoAnswer(f"no server is at {self._post.path}", may_have_arrived=False)
            if sign.has_ended:
                raise NoAnswer(f"the server on {sign.host} has ended", may_have_arrived=False)
            if self._pulse.is_silent:
                self.box.make()  # a server that slept, and has cleared it away, is to know that somebody is here
                raise NoAnswer(f"no sign of life of the server on {sign.host}", may_have_arrived=False)
        except OSError as error:
            raise NoAnswer(_told(error), may_have_arrived=False) from error
        return sign.server

    def _leave(self, number: int, head: Mapping[str, object], body: Iterable[bytes]) -> None:
        is_made = False
        try:
            if not self.box.requests.is_dir():  # not yet, or not any more after a long silence
                self.box.make()
            is_made = True
            letters.write(self.box.request(number), head, body)
        except OSError as error:  # over NFS the answer to a rename may be lost, and its second try fails
            raise NoAnswer(_told(error), may_have_arrived=is_made) from error

    def _awaited(self, number: int, server: str, answer_s: float) -> Letter:
        began = look_at = self._clock()
        pause_s, is_alive = _FIRST_PAUSE_S, True
        while True:
            try:
                if self._clock() >= look_at:
                    sign = self._pulse.look()
                    is_same = sign is not None and sign.server == server and not sign.has_ended
                    is_alive = is_same and not self._pulse.is_silent
                    look_at = self._clock() + _LOOK_S
                letter = self._found(number)  # after the look: a server that ended may have answered before
            except OSError as error:
                raise NoAnswer(_told(error), may_have_arrived=True) from error
            if letter is not None:
                return letter
            if not is_alive:
                raise NoAnswer("the server ended or fell silent", may_have_arrived=True)
            if self._clock() - began >= answer_s:
                raise NoAnswer(f"no answer in {answer_s:.0f} s", may_have_arrived=True)
            self._sleep(pause_s)
            pause_s = min(1.5 * pause_s, _LONGEST_PAUSE_S)

    def _found(self, number: int) -> Letter | None:
        return letters.opened(self.box.answer(number)) if number in numbers_in(self.box.answers) else None


def _told(error: OSError) -> str:
    return f"{error.filename or 'the folder'}: {error.strerror or error}"

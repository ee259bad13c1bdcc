"""The server's side of the shared folder: hands each letter to the server's own HTTP face, and answers by letter.

Whoever can write there is the user, so letters need no token: the folder must be the user's alone.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from besom.errors import StoreError
from besom.post import Box, Heart, Post, letters
from besom.post.boxes import numbers_in
from besom.server.forwarding import Forwarder
from besom.server.knownbox import KnownBox

_AT_ONCE = 256
"""Threads come as they are needed: many agents may wait for a fit, and heartbeats are not to wait behind them."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_PAUSE_WITHOUT_BOXES_S = 1.0
_LONGEST_SILENCE_S = 900.0
_GOODBYE_S = 5.0

log = logging.getLogger("besom.server")


class Postman:
    """Looks for letters on a thread of its own, from `start` (or `with`) to `close`.

    Args:
        home: The folder whose post it is.
        place: Host and port that the server listens on.
        token: What the server asks for.
        page: The address of its dashboard, to be told.
        longest_silence_s: A box without letters for so long, by this process's own clock, is cleared away. A client
            that still lives makes it anew.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        home: Path,
        place: tuple[str, int],
        token: str | None,
        page: str = "",
        longest_silence_s: float = _LONGEST_SILENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = Post.of(home)
        self._forwarder = Forwarder(place, token)
        self._heart = Heart(self._post.sign, page, clock)
        self._longest_silence_s, self._clock = longest_silence_s, clock
        self._known: dict[str, KnownBox] = {}
        self._has_boxes = self._has_failed = False
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "besom-letter")
        self._thread = threading.Thread(target=self._work, name="besom-post", daemon=True)

    def __enter__(self) -> Self:
        """At work; where the folder cannot be used, that is logged, and only the network leads to the server."""
        try:
            self.start()
        except StoreError as error:
            log.warning("%s This server takes no messages there, and is reached over the network only.", error)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Make the folder, and be at work. Raises StoreError: it cannot be made, or may be another user's."""
        path = self._post.path
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            found = path.lstat()
            if found.st_uid != os.geteuid() or path.is_symlink():
                raise StoreError(f"{path}: must be a folder of who runs the server, and is not; take it away.")
            path.chmod(0o700)
            for left_over in path.glob(".*"):  # of a server that was killed
                shutil.rmtree(left_over, ignore_errors=True)
            self._heart.start()
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            law = f"{path}: must be a folder to write in ({error.strerror})"
            raise StoreError(f"{law}; make it writable, or set BESOM_HOME to another.") from error
        self._thread.start()

    def close(self) -> None:
        """Answer what is under way, and tell clients that the server is gone."""
        if self._thread.ident is None:  # never was at work
            return
        self._closing.set()
        self._thread.join()
        until = self._clock() + _GOODBYE_S
        while not all(known.is_idle for known in self._known.values()) and self._clock() < until:
            time.sleep(0.01)
        self._pool.shutdown(wait=False, cancel_futures=True)
        with suppress(OSError):
            self._heart.stop()

    def _work(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closing.wait(pause_s):
            has_found = False
            try:
                if self._heart.is_due and self._heart.is_replaced():
                    log.warning("%s: another server has taken over; this one answers no letters.", self._post.path)
                    return
                has_found = self._look()
                self._has_failed = False
            except OSError as error:
                if not self._has_failed:
                    log.warning("the folder for letters: %s; looked at again.", error)
                self._has_failed = True
            longest_s = _LONGEST_PAUSE_S if self._has_boxes else _PAUSE_WITHOUT_BOXES_S
            pause_s = _FIRST_PAUSE_S if has_found else min(1.4 * pause_s, longest_s)

    def _look(self) -> bool:
        """Have what is new answered, and clear away what is done with. Whether anything was new."""
        now = self._clock()
        seen = [self._known_of(box, now) for box in self._post.boxes()]
        for known in seen:
            with suppress(OSError):  # it is being made, or has just been taken away
                self._look_into(known, now)
        for name, known in list(self._known.items()):
            if known.is_idle and now - max(known.seen_at, known.heard_at) > self._longest_silence_s:
                del self._known[name]
        if seen and (self._heart.is_due or not self._has_boxes):  # or somebody has just come
            self._heart.beat()
        self._has_boxes = bool(seen)
        return any(known.heard_at == now for known in seen)

    def _known_of(self, box: Box, now: float) -> KnownBox:
        """It is kept in mind also where its folder is not listed for a moment: no letter is to be taken twice."""
        known = self._known.get(box.path.name)
        if known is None:
            known = self._known[box.path.name] = KnownBox(box, now)
        known.seen_at = now
        return known

    def _look_into(self, known: KnownBox, now: float) -> None:
        if known.is_idle and now - known.heard_at > self._longest_silence_s:
            self._clear(known.box)
            return
        listed = numbers_in(known.box.requests)
        for number in known.take(listed, now):
            try:
                self._pool.submit(self._answer, known, number)
            except RuntimeError as error:  # no further thread: it waits in the pool's queue for another
                log.warning("letter %d of %s: has to wait: %s", number, known.box.path.name, error)
        for number in known.pop_read(listed):
            known.box.answer(number).unlink(missing_ok=True)

    def _clear(self, box: Box) -> None:
        """Take a box away that nobody has used for long, at once as its client sees it."""
        away = box.path.with_name(f".{box.path.name}")
        box.path.rename(away)
        shutil.rmtree(away, ignore_errors=True)
        del self._known[box.path.name]

    def _answer(self, known: KnownBox, number: int) -> None:
        """Answer one letter, on a thread of the pool. Without an answer its client asks again."""
        is_whole = True
        try:
            is_whole = self._reply(known.box, number)
        except FileNotFoundError:
            log.debug("letter %d of %s: its client has left", number, known.box.path.name)
        except (OSError, HTTPException) as error:
            log.warning("letter %d of %s: cannot be answered: %s", number, known.box.path.name, error)
        if is_whole:
            known.settle(number)
        else:
            known.put_back(number)

    def _reply(self, box: Box, number: int) -> bool:
        """Whether the letter is whole. What was asked of a server before this one is left unanswered."""
        letter = letters.opened(box.request(number))
        if letter is None:
            return False
        with letter:
            if letter.head.get("server") != self._heart.server:
                return True
            with self._forwarder.forward(letter) as answer:
                head = {"status": answer.status, "headers": dict(answer.headers)}
                letters.write(box.answer(number), head, answer.parts())
        return True

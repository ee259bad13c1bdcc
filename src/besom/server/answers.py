"""Answers that many pages want: each worked out once, kept as the bytes that are sent, and named by what they hold."""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property, partial
from hashlib import blake2b

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response

from besom.server.pages.shelf import has_tag, takes_gzip

_KEPT_BYTES = 64 << 20
_AT_ONCE = 4
"""Answers that are worked out at a time: agents need threads too."""
_PRESSED_FROM = 20_000


class Answered:
    """The bytes of an answer, pressed once for those who take them so."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self._media_type = media_type

    @cached_property
    def _name(self) -> str:
        return blake2b(self.body, digest_size=16).hexdigest()

    @cached_property
    def _pressed(self) -> bytes:
        return gzip.compress(self.body, 1, mtime=0)

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return len(self.body) + 1000

    def prepare(self, headers: Headers) -> None:
        """Press and name it now, on a thread that nobody waits for."""
        _ = self._name
        if self._is_pressed(headers):
            _ = self._pressed

    def response(self, headers: Headers) -> Response:
        """The answer to a request with these headers: not sent again to who has it."""
        is_pressed = self._is_pressed(headers)
        tag = f'"{self._name}{"-gzip" if is_pressed else ""}"'
        said = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        if has_tag(headers, tag):
            return Response(status_code=304, headers=said)
        if is_pressed:
            said["Content-Encoding"] = "gzip"
        return Response(self._pressed if is_pressed else self.body, headers=said, media_type=self._media_type)

    def _is_pressed(self, headers: Headers) -> bool:
        return len(self.body) >= _PRESSED_FROM and takes_gzip(headers)


class Answers:
    """Keeps the latest answer to each question, and lets go of those asked for longest ago when they are too many.

    For one event loop: who asks for what is being worked out waits for that.

    Args:
        limit: Bytes to keep.
    """

    def __init__(self, limit: int = _KEPT_BYTES) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[Hashable, Answered]] = OrderedDict()
        self._bytes = 0
        self._coming: dict[Hashable, asyncio.Task[Answered]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def get(
        self,
        question: Hashable,
        version: Hashable,
        work_out: Callable[[], bytes],
        headers: Headers | None = None,
        media_type: str = "application/json",
    ) -> Answered:
        """The answer to `question` as of `version`.

        Args:
            question: What is asked.
            version: Of what it is asked of; an answer to another one is no answer any more.
            work_out: Gives the answer's bytes, on another thread. What it raises is raised, and not kept.
            headers: Of the request; what they make of the bytes is done on that thread too.
            media_type: What the bytes are.
        """
        kept = self._kept.get(question)
        if kept is not None and kept[0] == version:
            self._kept.move_to_end(question)
            return kept[1]
        key = (question, version)
        coming = self._coming.get(key)
        if coming is None:
            coming = asyncio.ensure_future(self._worked_out(question, version, work_out, headers, media_type))
            self._coming[key] = coming
            coming.add_done_callback(partial(self._arrived, key))
        return await asyncio.shield(coming)  # one who goes away does not end it for the others

    def _arrived(self, key: Hashable, task: asyncio.Task[Answered]) -> None:
        self._coming.pop(key, None)
        if not task.cancelled():
            task.exception()  # was raised where it was asked for, if anybody still waits

    async def _worked_out(
        self,
        question: Hashable,
        version: Hashable,
        work_out: Callable[[], bytes],
        headers: Headers | None,
        media_type: str,
    ) -> Answered:
        def work() -> Answered:
            answered = Answered(work_out(), media_type)
            answered.prepare(headers or Headers())
            return answered

        async with self._turns:
            answered = await run_in_threadpool(work)
        self._keep(question, version, answered)
        return answered

    def _keep(self, question: Hashable, version: Hashable, answered: Answered) -> None:
        before = self._kept.pop(question, None)
        self._bytes += answered.size - (before[1].size if before else 0)
        self._kept[question] = (version, answered)
        while self._bytes > self._limit and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= oldest.size

"""What has changed, told to open pages as it happens: server-sent events, each message made once for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PAUSE_S = 0.5
"""Between two messages on the same thing."""
_HEARTBEAT_S = 15.0
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies are to pass each message on at once
}
_AGAIN_MS = 2000
log = logging.getLogger("besom.server")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since it was last told: sweeps by their ids, and whether agents did."""

    sweeps: frozenset[str] = frozenset()
    has_agents: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What pages are told, as JSON.

    Attributes:
        overviews: Lines of the list of sweeps, by the sweep's id.
        sweeps: Where each of these sweeps stands, by its id.
        agents: That agents or their runs changed; None where they did not.
    """

    overviews: dict[str, bytes] = field(default_factory=dict)
    sweeps: dict[str, bytes] = field(default_factory=dict)
    agents: bytes | None = None


class Listener:
    """One open page: what it has not been sent yet, the latest of each thing only.

    Args:
        sweep: The sweep that it is of; None for all of them.
    """

    def __init__(self, sweep: str | None) -> None:
        self._sweep = sweep
        self._overviews: dict[str, bytes] = {}
        self._moves: dict[str, bytes] = {}
        self._agents: bytes | None = None
        self._last_overviews: dict[str, bytes] = {}
        self._last_moves: dict[str, bytes] = {}
        self._woken = asyncio.Event()
        self._is_over = False

    def tell(self, told: Told) -> None:
        """Take over what concerns this page, in place of what it was not sent in time."""
        overviews, moves = self._own(told)
        _put(overviews, self._overviews, self._last_overviews)
        _put(moves, self._moves, self._last_moves)
        self._agents = told.agents or self._agents
        self._wake()

    def tell_first(self, told: Told) -> None:
        """Take over where things stood when the page was opened; what has come since is newer."""
        overviews, moves = self._own(told)
        self._overviews = {**overviews, **self._overviews}
        self._moves = {**moves, **self._moves}
        self._agents = self._agents or told.agents
        self._wake()

    def _own(self, told: Told) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
        if self._sweep is None:
            return told.overviews, {}
        return _only(told.overviews, self._sweep), _only(told.sweeps, self._sweep)

    def _wake(self) -> None:
        if self._overviews or self._moves or self._agents:
            self._woken.set()

    def end(self) -> None:
        """Nothing will follow."""
        self._is_over = True
        self._woken.set()

    async def next(self) -> bytes | None:
        """The next events, a comment where there are none for long; None at the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), _HEARTBEAT_S)
        if self._is_over:
            return None
        self._woken.clear()
        return self._taken() or b": still here\n\n"

    def _taken(self) -> bytes:
        events = [_event("sweep", each) for each in self._moves.values()]
        if self._overviews:
            events.insert(0, _event("overview", b"[" + b",".join(self._overviews.values()) + b"]"))
        if self._agents is not None:
            events.append(_event("agents", self._agents))
        self._last_overviews.update(self._overviews)
        self._last_moves.update(self._moves)
        self._overviews, self._moves, self._agents = {}, {}, None
        return b"".join(events)


def _only(parts: Mapping[str, bytes], name: str) -> Mapping[str, bytes]:
    return {name: parts[name]} if name in parts else {}


def _put(parts: Mapping[str, bytes], waiting: dict[str, bytes], last: Mapping[str, bytes]) -> None:
    """Have parts wait in place of earlier ones; none of a thing that is as it was when it was last sent."""
    for name, part in parts.items():
        if last.get(name) == part:
            waiting.pop(name, None)
        else:
            waiting[name] = part


def _event(name: str, data: bytes) -> bytes:
    return f"event: {name}\n".encode() + b"data: " + data + b"\n\n"  # JSON on one line


class News:
    """Tells listeners of changes, at most twice a second.

    `note` and `close` may be called on any thread; all else happens on the event loop of the requests.

    Args:
        make: Gives what is to be told of changes.
        moving: Gives the ids of sweeps that time alone changes: what is left of hours, and who was heard of lately.
    """

    def __init__(self, make: Callable[[Changes], Awaitable[Told]], moving: Callable[[], Iterable[str]]) -> None:
        self._make = make
        self._moving = moving
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._sweeps: set[str] = set()
        self._has_agents = False
        self._is_woken = False
        self._is_over = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> frozenset[Listener]:
        """Who listens."""
        return frozenset(self._listeners)

    def note(self, sweeps: Collection[str], has_agents: bool) -> None:
        """Something changed. Costs microseconds, and nothing while nobody listens."""
        if not self._listeners or self._loop is None:
            return
        with self._lock:
            self._sweeps.update(sweeps)
            self._has_agents |= has_agents or bool(sweeps)  # each sweep's runs are agents' work
            if self._is_woken:
                return
            self._is_woken = True
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._woken.set)

    def close(self) -> None:
        """End all listeners' streams, now and from now on."""
        self._is_over = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for listener in self._listeners:
            listener.end()
        if self._teller is not None:
            self._teller.cancel()

    async def listen(self, sweep: str | None, first: Iterable[str]) -> Response:
        """A stream of what happens.

        Args:
            sweep: The id of the one sweep that is wanted; None for all.
            first: Ids of sweeps to tell of at once.
        """
        self._loop = asyncio.get_running_loop()
        listener = Listener(sweep)
        self._listeners.add(listener)  # before it is told how things stand: what changes meanwhile is not missed
        try:
            listener.tell_first(await self._make(Changes(frozenset(first), has_agents=True)))
        except BaseException:
            self._leave(listener)
            raise
        if self._is_over:
            listener.end()
        if self._teller is None or self._teller.done():
            self._teller = asyncio.ensure_future(self._tell_on())
        return _Stream(listener, self._leave)

    def _leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and self._teller is not None:
            self._teller.cancel()
            self._teller = None

    async def _tell_on(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _HEARTBEAT_S)
            changes = self._taken() if self._woken.is_set() else Changes(frozenset(self._moving()))
            try:
                told = await self._make(changes)
            except Exception:  # a sweep that cannot be shown must not silence the others
                log.exception("news: a message could not be made")
            else:
                for listener in self._listeners:
                    listener.tell(told)
            await asyncio.sleep(_PAUSE_S)

    def _taken(self) -> Changes:
        self._woken.clear()
        with self._lock:
            changes = Changes(frozenset(self._sweeps), self._has_agents)
            self._sweeps, self._has_agents, self._is_woken = set(), False, False
        return changes


class _Stream(Response):
    """Sends what a listener gets for as long as the page is open; a page that reads slowly gets the latest only."""

    media_type = "text/event-stream"

    def __init__(self, listener: Listener, leave: Callable[[Listener], None]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._listener = listener
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: self._listener.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            part: bytes | None = f"retry: {_AGAIN_MS}\n\n".encode()
            while part is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await self._listener.next()
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._leave(self._listener)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

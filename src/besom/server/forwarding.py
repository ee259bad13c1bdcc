"""Requests that came by another way, sent on to a server by HTTP like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL
from types import TracebackType
from typing import Self

from besom.encoding import error_to_json
from besom.errors import BesomError, MessageError, ServerError
from besom.post import Letter

_ANSWER_S = 600.0
_PART = 1 << 16
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
_HOP = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def lasting(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go on to the next connection: not those of one connection, nor the token."""
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the server answered, to be used with `with`: status, headers, and the body piece by piece."""

    status: int
    headers: Mapping[str, str]
    parts: Callable[[], Iterator[bytes]]
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Forwarder:
    """Sends letters' requests to the server that listens at `place`, with its token. Threads may share it."""

    def __init__(self, place: tuple[str, int], token: str | None) -> None:
        self._host, self._port = _EVERYWHERE.get(place[0], place[0]), place[1]
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    def forward(self, letter: Letter) -> Forwarded:
        """The answer to a letter; where none comes, that of a server in trouble. Reading its body may raise as HTTP."""
        connection = HTTPConnection(self._host, self._port, timeout=_ANSWER_S, blocksize=_PART)
        try:
            answer = self._asked(connection, letter)
        except (InvalidURL, LookupError, TypeError, ValueError) as error:
            answer = _trouble(MessageError(f"letter: must hold a request of HTTP, got {error!r}; correct it."), 400)
        except (ConnectionError, TimeoutError, HTTPException) as error:
            law = f"{self._host}:{self._port}: must answer a letter, got {error!r}"
            answer = _trouble(ServerError(f"{law}; try again."), 502)
        return replace(answer, close=connection.close)

    def _asked(self, connection: HTTPConnection, letter: Letter) -> Forwarded:
        head = letter.head
        headers = lasting(head["headers"]) | self._authorization
        headers |= {"Connection": "close", "Content-Length": str(letter.length)}
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was read: the answer says why
            connection.request(head["method"], head["path"], letter.parts(), headers)
        response = connection.getresponse()
        if response.headers.get_content_type() == "text/event-stream":
            return _trouble(ServerError("news: has no end, so no letter can hold it; ask over the network."), 501)
        headers = lasting(dict(response.getheaders()))
        return Forwarded(response.status, headers, lambda: _parts(response))


def _parts(response: HTTPResponse) -> Iterator[bytes]:
    """The whole body, piece by piece. Raises IncompleteRead, which `read` does not where it is given a length."""
    yield from iter(lambda: response.read(_PART), b"")
    if response.length:
        raise IncompleteRead(b"", response.length)


def _trouble(error: BesomError, status: int) -> Forwarded:
    body = json.dumps({"error": error_to_json(error)}).encode()
    return Forwarded(status, {"Content-Type": "application/json"}, lambda: iter((body,)))

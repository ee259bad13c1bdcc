"""HTTP connections to one server, kept open between requests and shared by threads; by the standard library alone.

Straight to the server, past any proxy that the environment names: those do not know a cluster's own machines.
"""

from __future__ import annotations

import hashlib
import http.client
import select
import time
from collections import deque
from urllib.parse import urlsplit

_CONNECT_S = 5.0
_ANSWER_S = 60.0
_SOON_S = 2.0
_IDLE_S = 60.0
"""A connection that idled longer is not used again: the server lets go of it after 75 s."""


_KEY_LENGTH = 40


def wandb_key(token: str | None) -> str:
    """What WANDB_API_KEY is to be for a server with this token: clients want 40 letters or digits.

    Without a token any key of that shape will do.
    """
    return hashlib.sha256(f"WANDB_API_KEY of besom/{token or ''}".encode()).hexdigest()[:_KEY_LENGTH]


class NoAnswer(Exception):
    """Nothing came back. `may_have_arrived`: whether the server may have got the request all the same."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class Connections:
    """Sends requests, each over a connection of its own while it lasts. Threads may share it.

    Args:
        address: The server's address, `http://host:port`, perhaps with a path.
        token: Its token, if it asks for one.

    Raises:
        ValueError: The address is none.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(address)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._with_body = {**self._headers, "Content-Type": "application/json"}
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque()

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[0].close()

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of the answer.

        Args:
            method: GET, POST …
            path: Below the address's own, with the query.
            body: JSON to send.

        Raises:
            NoAnswer: The server cannot be reached, broke off, was silent too long, or does not speak HTTP.
        """
        connection = self._usable() or self._opened()
        try:
            connection.request(method, self._path + path, body, self._headers if body is None else self._with_body)
            response = connection.getresponse()
            answer = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(str(error) or type(error).__name__, may_have_arrived=True) from error
        except BaseException:  # Ctrl-C: the answer may still come, and is not the next request's
            connection.close()
            raise
        if connection.sock is not None:
            self._idle.append((connection, time.monotonic()))
        return answer

    def _usable(self) -> http.client.HTTPConnection | None:
        """The connection used last, if the server still holds it open."""
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if time.monotonic() - since < _IDLE_S and not _has_news(connection):
                return connection
            connection.close()
        return None

    def _opened(self) -> http.client.HTTPConnection:
        connection = self._kind(self._host, self._port, timeout=_CONNECT_S)
        try:
            connection.connect()  # turns Nagle's algorithm off
        except OSError as error:
            connection.close()
            raise NoAnswer(str(error) or type(error).__name__, may_have_arrived=False) from error
        connection.sock.settimeout(_ANSWER_S)
        return connection


def _has_news(connection: http.client.HTTPConnection) -> bool:
    """Whether something came on a connection that nothing was asked on: its end."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def answers(address: str) -> bool:
    """Whether a besom server answers at `address`, soon."""
    parts = urlsplit(address)
    if not parts.hostname:
        return False
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_SOON_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

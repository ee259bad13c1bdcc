"""HTTP connections to one server, kept open between requests and shared by threads.

Straight to the server, past any proxy that the environment names: those do not know a cluster's own machines. Answers
are read by httptools: http.client, to which headers are an e-mail's, takes longer than an agent needs for a message.
"""

from __future__ import annotations

import hashlib
import ipaddress
import select
import socket
import time
from collections import deque
from http import HTTPStatus
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

_CONNECT_S = 5.0
_ANSWER_S = 60.0
_SOON_S = 2.0
_IDLE_S = 60.0
"""A connection that idled longer is not used again: the server lets go of it after 75 s."""
_AT_ONCE = 1 << 16
_FRAMES = (b"content-length", b"transfer-encoding")
_KEY_LENGTH = 40


def wandb_key(token: str | None) -> str:
    """What WANDB_API_KEY is to be for a server with this token: clients want 40 letters or digits.

    Without a token any key of that shape will do.
    """
    return hashlib.sha256(f"WANDB_API_KEY of besom/{token or ''}".encode()).hexdigest()[:_KEY_LENGTH]


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine alone, seen from itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
        patience_s: How long it may be silent before it answers.

    Raises:
        ValueError: The address is none.
    """

    def __init__(self, address: str, token: str | None = None, patience_s: float = _ANSWER_S) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(address)
        self._is_safe = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if self._is_safe else 80)
        self._path = parts.path.rstrip("/")
        lines = [f"Host: {parts.netloc.rpartition('@')[2]}", "Accept-Encoding: identity"]
        if token:
            lines.append(f"Authorization: Bearer {' '.join(token.splitlines())}")
        self._headers = "\r\n".join(lines)
        self._patience_s = patience_s
        self._idle: deque[tuple[_Connection, float]] = deque()

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
        head = f"{method} {self._path}{path} HTTP/1.1\r\n{self._headers}\r\n"
        if body is not None:
            head += "Content-Type: application/json\r\n"
        if body is not None or method != "GET":
            head += f"Content-Length: {len(body or b'')}\r\n"
        request = f"{head}\r\n".encode("latin-1", "replace") + (body or b"")
        connection = self._usable() or self._opened()
        try:
            status, answer = connection.ask(request)
        except (OSError, HttpParserError, HttpParserUpgrade) as error:
            connection.close()
            raise NoAnswer(str(error) or type(error).__name__, may_have_arrived=True) from error
        except BaseException:  # Ctrl-C: the answer may still come, and is not the next request's
            connection.close()
            raise
        if connection.is_open:
            self._idle.append((connection, time.monotonic()))
        return status, answer

    def _usable(self) -> _Connection | None:
        """The connection used last, if the server still holds it open."""
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if time.monotonic() - since < _IDLE_S and not connection.has_news():
                return connection
            connection.close()
        return None

    def _opened(self) -> _Connection:
        try:
            opened = socket.create_connection((self._host, self._port), min(self._patience_s, _CONNECT_S))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_safe:
                import ssl

                opened = ssl.create_default_context().wrap_socket(opened, server_hostname=self._host)
        except OSError as error:
            raise NoAnswer(str(error) or type(error).__name__, may_have_arrived=False) from error
        opened.settimeout(self._patience_s)
        return _Connection(opened)


class _Connection:
    """One connection, over which one request goes at a time."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self.is_open = True

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer; closes the connection if the server will.

        Raises:
            OSError: It broke off, or was silent too long.
            HttpParserError: It does not speak HTTP.
            HttpParserUpgrade: It asks for another protocol.
        """
        self._socket.sendall(request)
        answer = _Answer()
        while not answer.is_whole:
            data = self._socket.recv(_AT_ONCE)
            if data:
                answer.parser.feed_data(data)
            elif answer.ends_with_the_connection:
                break
            else:
                raise ConnectionError("the connection ended before the answer")
        if not answer.connection_lasts:
            self.close()
        return answer.parser.get_status_code(), b"".join(answer.parts)

    def has_news(self) -> bool:
        """Whether something came while nothing was asked: its end."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Let go of it."""
        self.is_open = False
        self._socket.close()


class _Answer:
    """An answer as it comes; httptools calls what begins with `on`."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.parts: list[bytes] = []
        self.is_whole = False
        self.connection_lasts = False
        self.ends_with_the_connection = False

    def on_message_begin(self) -> None:
        self.parts.clear()
        self._is_framed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._is_framed |= name.lower() in _FRAMES

    def on_headers_complete(self) -> None:
        self.ends_with_the_connection = not self._is_framed

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        """After an interim answer (100 to 199) another one comes."""
        self.is_whole = self.parser.get_status_code() >= HTTPStatus.OK
        self.connection_lasts = self.is_whole and self.parser.should_keep_alive()


def answers(address: str) -> bool:
    """Whether a besom server answers at `address`, soon."""
    try:
        connections = Connections(address, patience_s=_SOON_S)
        status, _ = connections.send("GET", "/healthz")
    except (ValueError, NoAnswer):
        return False
    connections.close()
    return status == HTTPStatus.OK

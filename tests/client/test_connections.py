"""How answers are read off a connection: from servers that answer in every way that HTTP allows, and in some others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from besom.connections import Connections, NoAnswer, answers

CLOSES = None
"""In place of a part of an answer: the server lets go of the connection."""
Said = list[bytes | None]
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Scripted:
    """A server that says one thing after the other, whatever it is asked."""

    def __init__(self, says: tuple[Said, ...], host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._says = iter(says)
        self._socket = socket.create_server((host, 0), family=family)
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{self._socket.getsockname()[1]}"
        self.asked: list[bytes] = []
        self.connections = 0

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                with connection:
                    self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        while asked := connection.recv(1 << 20):
            self.asked.append(asked)
            for part in next(self._says):
                if part is CLOSES:
                    return
                connection.sendall(part)
                time.sleep(0.01)  # so that each part comes by itself

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def saying(*says: Said, host: str = "127.0.0.1") -> Iterator[Scripted]:
    server = Scripted(says, host)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([WHOLE], (200, b"{}")),
        ([bytes([byte]) for byte in WHOLE], (200, b"{}")),
        ([b"HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nX-A: b\r\n\r\n", b"n", b"o!"], (404, b"no!")),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n", b"1\r\n]\r\n0\r\n\r\n"], (200, b"[1]")),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], (204, b"")),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE], (200, b"{}")),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE[:30], WHOLE[30:]], (200, b"{}")),
        ([b"HTTP/1.0 200 OK\r\n\r\nto the", b" end", CLOSES], (200, b"to the end")),
    ],
)
def test_an_answer_is_its_status_and_its_body(said: Said, expected: tuple[int, bytes]) -> None:
    with saying(said) as server:
        assert Connections(server.address).send("GET", "/") == expected


@pytest.mark.parametrize(
    "said",
    [
        [CLOSES],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", CLOSES],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n", CLOSES],
        [b"HTTP/1.1 200 OK\r\nContent-Le", CLOSES],
        [b"220 mail.example.org ESMTP\r\n", CLOSES],
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", CLOSES],
    ],
    ids=["nothing", "half a body", "half of the chunks", "half a header", "another protocol", "an upgrade"],
)
def test_what_is_no_whole_answer_may_have_arrived_all_the_same(said: Said) -> None:
    with saying(said, [WHOLE]) as server:
        connections = Connections(server.address)
        with pytest.raises(NoAnswer) as caught:
            connections.send("POST", "/", b"{}")
        assert caught.value.may_have_arrived
        assert connections.send("GET", "/") == (200, b"{}")
        assert server.connections == 2


def test_a_silent_server_is_given_up_on() -> None:
    with saying([]) as server:
        with pytest.raises(NoAnswer, match="timed out") as caught:
            Connections(server.address, patience_s=0.2).send("GET", "/")
        assert caught.value.may_have_arrived


def test_nobody_there_is_told_before_anything_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NoAnswer) as caught:
        Connections(address).send("GET", "/")
    assert not caught.value.may_have_arrived
    assert not answers(address)


def test_a_connection_is_used_again_unless_the_server_lets_go_of_it() -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with saying([WHOLE], [WHOLE], [last, CLOSES], [WHOLE], [WHOLE, CLOSES], [WHOLE]) as server:
        connections = Connections(server.address)
        for _ in range(3):
            connections.send("GET", "/")
        assert server.connections == 1
        connections.send("GET", "/")
        connections.send("GET", "/")
        assert server.connections == 2
        time.sleep(0.05)  # it went without a word
        assert connections.send("GET", "/") == (200, b"{}")
        assert server.connections == 3


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_sent_says_whom_it_is_for_and_who_sends_it(host: str) -> None:
    with saying([WHOLE], [WHOLE], host=host) as server:
        connections = Connections(f"{server.address}/below/", "s3cret\r\nX-Evil: 1")
        connections.send("POST", "/api/v1/x?a=b", b'{"a":1}')
        connections.send("DELETE", "/y")
    first, second = server.asked
    assert first.startswith(b"POST /below/api/v1/x?a=b HTTP/1.1\r\n")
    assert first.endswith(b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}')
    assert f"\r\nHost: {server.address.removeprefix('http://')}\r\n".encode() in first
    assert b"\r\nAuthorization: Bearer s3cret X-Evil: 1\r\n" in first
    assert second.startswith(b"DELETE /below/y HTTP/1.1\r\n")
    assert second.endswith(b"\r\nContent-Length: 0\r\n\r\n")


def test_whether_a_server_answers_is_found_out() -> None:
    with saying([WHOLE], [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]) as server:
        assert answers(server.address)
        assert not answers(server.address)
    assert server.asked[0].startswith(b"GET /healthz HTTP/1.1\r\n")
    assert not answers("nonsense")

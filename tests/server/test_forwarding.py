from __future__ import annotations

import socket
import threading
from http.client import IncompleteRead
from pathlib import Path

import pytest

from besom.post import letters
from besom.server.forwarding import Forwarder


def test_an_answer_that_is_cut_off_is_no_answer(tmp_path: Path):
    letters.write(tmp_path / "1.letter", {"method": "GET", "path": "/", "headers": {}})
    letter = letters.opened(tmp_path / "1.letter")
    assert letter is not None

    def answer_half() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000))

    with socket.create_server(("127.0.0.1", 0)) as listening, letter:
        answering = threading.Thread(target=answer_half)
        answering.start()
        with Forwarder(listening.getsockname(), None).forward(letter) as answer, pytest.raises(IncompleteRead):
            letters.write(tmp_path / "2.letter", {}, answer.parts())
        answering.join()
    assert not (tmp_path / "2.letter").exists()

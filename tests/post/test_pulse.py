from __future__ import annotations

from pathlib import Path

from besom.post import Heart, Pulse


def test_a_server_that_was_replaced_never_writes_its_sign_over_its_successors(tmp_path: Path):
    path = tmp_path / "server.letter"
    first, second = Heart(path), Heart(path)
    first.start()
    second.start()
    first.beat()
    first.stop()
    sign = Pulse(path).look()
    assert sign is not None
    assert (sign.server, sign.beat, sign.has_ended) == (second.server, 1, False)
    second.beat()
    sign = Pulse(path).look()
    assert sign is not None
    assert (sign.server, sign.beat) == (second.server, 2)

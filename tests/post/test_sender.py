"""A client on a clock of its own, and servers of which each test plays the part that it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from besom.connections import NoAnswer
from besom.post import Post, Sender, letters
from besom.post.boxes import numbers_in


class Lab:
    """A post, a clock that only sleeping moves, and what happens meanwhile."""

    def __init__(self, home: Path) -> None:
        self.post = Post.of(home)
        self.post.path.mkdir()
        self.now, self.beat = 1.0, 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.sender = Sender(home, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()

    def sign(self, server: str = "s1", **more: object) -> None:
        self.beat += 1
        sign = {"server": server, "beat": self.beat, "host": "there", **more}
        letters.write(self.post.sign, sign, is_lasting=False)

    def answer(self, number: int = 1, body: bytes = b"yes") -> None:
        letters.write(self.sender.box.answer(number), {"status": 200, "headers": {}}, (body,), is_lasting=False)

    def refused(self) -> tuple[str, bool]:
        """What the sender is told where it gets no answer, and whether the request may have arrived."""
        with pytest.raises(NoAnswer) as error:
            self.sender.send("GET", "/")
        return str(error.value), error.value.may_have_arrived


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_where_no_server_was_ever_nothing_is_left(lab: Lab):
    assert lab.refused() == (f"no server is at {lab.post.path}", False)
    assert list(lab.post.path.iterdir()) == []


def test_an_answer_is_waited_for_and_the_request_taken_back(lab: Lab):
    lab.sign()

    def act():
        assert numbers_in(lab.sender.box.requests) == {1}
        lab.sign()
        if lab.now > 30:
            lab.answer()

    lab.meanwhile = act
    assert lab.sender.send("GET", "/") == (200, b"yes")
    assert numbers_in(lab.sender.box.requests) == set()


def test_a_server_that_does_not_answer_is_left_after_a_minute(lab: Lab):
    lab.sign()
    lab.meanwhile = lab.sign
    assert lab.refused() == ("no answer in 60 s", True)
    assert 60 < lab.now < 63
    assert numbers_in(lab.sender.box.requests) == set()


def test_a_silent_server_is_left_early_and_then_at_once_until_it_stirs(lab: Lab):
    lab.sign()
    assert lab.refused() == ("the server ended or fell silent", True)
    assert 15 < lab.now < 18
    assert lab.refused() == ("no sign of life of the server on there", False)
    lab.sender.close()  # as a server that had slept would have it
    assert lab.refused()[1] is False
    assert lab.sender.box.requests.is_dir()  # it is told that somebody waits
    lab.sign()
    lab.meanwhile = lambda: lab.answer(2)
    assert lab.sender.send("GET", "/") == (200, b"yes")


def test_a_server_that_rested_while_nobody_asked_is_not_silent(lab: Lab):
    lab.sign()
    lab.meanwhile = lab.answer
    lab.sender.send("GET", "/")
    lab.now += 3600
    lab.meanwhile = lambda: lab.answer(2)
    assert lab.sender.send("GET", "/") == (200, b"yes")


@pytest.mark.parametrize("change", [{"server": "s2"}, {"has_ended": True}])
def test_a_server_that_ended_is_known_before_long(lab: Lab, change: dict[str, object]):
    lab.sign()
    lab.meanwhile = lambda: lab.sign(**change)
    assert lab.refused() == ("the server ended or fell silent", True)
    assert lab.now < 3


def test_a_server_that_has_ended_is_not_asked(lab: Lab):
    lab.sign(has_ended=True)
    assert lab.refused() == ("the server on there has ended", False)
    assert not lab.sender.box.path.exists()


def test_what_a_server_answered_before_it_ended_counts(lab: Lab):
    lab.sign()

    def act():
        if lab.now > 5:
            lab.answer()
            lab.sign("s2")

    lab.meanwhile = act
    assert lab.sender.send("GET", "/") == (200, b"yes")


def test_torn_files_are_waited_over(lab: Lab):
    lab.sign()
    whole: list[bytes] = []

    def act():
        if not whole:
            lab.answer()
            whole.append(lab.sender.box.answer(1).read_bytes())
        lab.sign()
        lab.post.sign.write_bytes(lab.post.sign.read_bytes()[:20])
        lab.sender.box.answer(1).write_bytes(whole[0] if lab.now > 5 else whole[0][:-1])

    lab.meanwhile = act
    assert lab.sender.send("GET", "/") == (200, b"yes")


def test_a_box_that_was_cleared_away_is_told_and_made_anew(lab: Lab):
    lab.sign()
    lab.meanwhile = lab.sender.close
    told, may_have_arrived = lab.refused()
    assert ("answers: No such file" in told, may_have_arrived) == (True, True)
    lab.meanwhile = lambda: lab.answer(2)
    assert lab.sender.send("GET", "/") == (200, b"yes")


def test_a_folder_that_cannot_be_written_is_told(lab: Lab):
    lab.sign()
    lab.sender.box.path.touch()
    told, may_have_arrived = lab.refused()
    assert (str(lab.sender.box.path) in told, may_have_arrived) == (True, False)

"""Standard output whose reader goes away."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import pytest
import typer

from besom.cli.readers import ending_unread, outlasting_readers


@contextmanager
def unread() -> Iterator[None]:
    """Within, standard output is a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream, redirect_stdout(stream):
        yield


def test_what_lasts_goes_on_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    with unread(), ending_unread(), outlasting_readers():
        for _ in range(3):
            typer.echo("trial 1 started")
    assert capsys.readouterr().err == "note: nobody reads standard output any more; goes on without it\n"


def test_what_only_prints_ends_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with unread(), pytest.raises(SystemExit) as ended, ending_unread():
        typer.echo("trial 1")
        pytest.fail("it goes on")
    assert ended.value.code == 0
    assert capsys.readouterr().err == ""


def test_what_is_read_arrives_whole_and_the_stream_is_put_back() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as reader:
        with os.fdopen(writing, "w", encoding="utf-8") as stream, redirect_stdout(stream):
            with outlasting_readers():
                sys.stdout.write("läuft")
            assert sys.stdout is stream
        assert reader.read() == "läuft"


def test_a_stream_without_a_file_or_none_at_all_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with outlasting_readers():
        assert sys.stdout is None

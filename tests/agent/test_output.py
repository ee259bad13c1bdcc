"""Output is sent byte for byte, and bounded on the disk and on the way."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.agent import output as output_module
from besom.agent.output import Output, text_of
from polling import eventually


@pytest.fixture
def log(tmp_path):
    return tmp_path / "output.log"


def take_all(output, **options):
    text = ""
    while (piece := output.next_piece(**options))[1]:
        assert piece[0] == len(text.encode())
        text += piece[1]
        output.acknowledge(len(text.encode()))
    return text


@given(st.binary(max_size=50))
def test_text_is_as_long_as_its_bytes_whatever_they_are(data):
    text, taken = text_of(data, is_final=True)
    assert taken == len(data) == len(text.encode())


@given(st.text(max_size=20).filter(lambda text: "\0" not in text), st.integers(0, 80))
def test_half_a_character_waits_for_its_rest(text, cut):
    data = text.encode()
    first, taken = text_of(data[:cut], is_final=False)
    assert first + text_of(data[taken:], is_final=True)[0] == text


def test_what_is_printed_later_follows(log):
    log.write_bytes(b"one\n")
    output = Output(log)
    assert take_all(output) == "one\n"
    assert not output.has_more()
    with log.open("ab") as file:
        file.write(b"two\n")
    assert output.next_piece() == (4, "two\n")


def test_what_the_server_has_already_is_not_sent_again(log):
    log.write_bytes(b"one\ntwo\n")
    output = Output(log)
    output.next_piece()
    output.acknowledge(4)
    assert output.next_piece() == (4, "two\n")
    output.seek(6)
    assert output.next_piece() == (6, "o\n")


def test_too_much_output_is_cut_in_the_middle_and_says_so(log, monkeypatch):
    monkeypatch.setattr(output_module, "PIECE", 100)
    monkeypatch.setattr(output_module, "LARGEST_SHARE", 300)
    monkeypatch.setattr(output_module, "LAST_PIECE", 50)
    log.write_bytes(b"a" * 300 + b"b" * 1000 + b"the end" * 10)
    output = Output(log)
    assert take_all(output) == "a" * 300
    assert not output.has_more()
    text, offset = "", 300
    while (piece := output.next_piece(is_final=True))[1]:
        assert piece[0] == offset
        offset += len(piece[1].encode())
        text += piece[1]
        output.acknowledge(offset)
    assert text.endswith(("the end" * 10)[-50:])
    assert "1,020 bytes of output are left out" in text


@pytest.fixture
def no_holes(monkeypatch):
    """A filesystem that cannot free a file's beginning in place."""
    monkeypatch.setattr(output_module.holes, "punch", lambda path, end: None)


def disk_bytes(path):
    return path.stat().st_blocks * 512


def test_the_beginning_of_a_large_file_is_freed_while_the_script_prints_and_nothing_is_lost(log, monkeypatch):
    monkeypatch.setattr(output_module, "LARGEST_FILE", 1_000_000)
    printer = "for n in range(200): input() if n % 25 == 0 else 0; print(f'{n:09d}' * 11_111, flush=True)"
    output = Output(log)
    with (
        log.open("ab") as file,
        subprocess.Popen([sys.executable, "-c", printer], stdin=subprocess.PIPE, stdout=file) as script,
    ):
        assert script.stdin is not None
        for printed in range(2_500_000, 20_000_001, 2_500_000):
            script.stdin.write(b"\n")
            script.stdin.flush()
            eventually(lambda size=printed: log.stat().st_size == size, "it has printed more")
            assert output.is_large
            assert not output.shorten()
            assert disk_bytes(log) < 1_100_000
    assert disk_bytes(log) < 1_100_000
    assert log.stat().st_size == 200 * 100_000
    sent = take_all(output, is_final=True)
    assert sent.startswith("000000000")
    assert sent.endswith("000000199" * 11 + "\n")
    assert sent.count("are left out here") == 1
    assert "?" not in sent


def test_what_was_not_read_yet_is_not_freed(log, monkeypatch):
    monkeypatch.setattr(output_module, "LARGEST_FILE", 100_000)
    log.write_bytes(b"x" * 1_000_000)
    output = Output(log)
    output.shorten(before=400_000)
    assert 600_000 <= disk_bytes(log) < 700_000
    assert log.read_bytes()[400_000:] == b"x" * 600_000


def test_an_agent_that_goes_on_with_a_shortened_file_sends_no_hole(log, monkeypatch):
    monkeypatch.setattr(output_module, "LARGEST_FILE", 100_000)
    log.write_bytes(b"x" * 1_000_000 + b"the end")
    Output(log).shorten()
    after = Output(log)
    after.seek(300_000)
    offset, text = after.next_piece()
    assert offset == 300_000
    assert text.startswith("\n[besom: ")
    assert text.splitlines()[2].strip("x") == "the end"


def test_where_nothing_can_be_freed_in_place_the_end_is_moved_aside_and_printing_goes_on(log, monkeypatch, no_holes):
    monkeypatch.setattr(output_module, "LARGEST_FILE", 1000)
    with log.open("ab", buffering=0) as script:
        script.write(b"x" * 2500)
        output = Output(log)
        assert output.is_large
        sent = take_all(output)
        assert output.shorten()
        assert log.stat().st_size == 0
        assert log.with_name("output.log.1").stat().st_size == 1000
        script.write(b"and on\n")
    assert output.next_piece() == (len(sent), "and on\n")
    assert not output.is_large


def test_the_last_lines_show_what_a_progress_bar_left(log):
    log.write_bytes(b"start\n10%\r50%\r100%\nTraceback\nValueError: no\n")
    assert Output(log).last_lines(3) == "100%\nTraceback\nValueError: no"
    assert Output(log.with_name("absent")).last_lines() == ""


def test_the_end_is_sent_too_where_it_was_moved_aside(tmp_path, monkeypatch, no_holes):
    monkeypatch.setattr(output_module, "LARGEST_SHARE", 10)
    monkeypatch.setattr(output_module, "LARGEST_FILE", 500)
    path = tmp_path / "output.log"
    path.write_text("x" * 1000 + "\nthe end\n")
    output = Output(path)
    output.shorten()
    assert path.read_text() == ""
    assert output.last_lines(1) == "the end"
    assert output.next_piece(is_final=True)[1].endswith("the end\n")
    output.acknowledge(10**6)
    assert output.next_piece(is_final=True)[1] == ""


@pytest.mark.parametrize("has_holes", [True, False])
def test_the_beginning_is_kept_of_a_flood_that_came_before_anything_was_sent(log, monkeypatch, has_holes, request):
    if not has_holes:
        request.getfixturevalue("no_holes")
    monkeypatch.setattr(output_module, "PIECE", 100)
    monkeypatch.setattr(output_module, "LARGEST_FILE", 1000)
    monkeypatch.setattr(output_module, "LAST_PIECE", 50)
    log.write_bytes(b"a" * 100 + b"b" * 10_000 + b"the end")
    output = Output(log)
    output.shorten()
    text = take_all(output, is_final=True)
    assert text.startswith("a" * 100 + "\n[besom: ")
    assert text.endswith("b" * 43 + "the end")

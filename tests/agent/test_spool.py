"""History is read in order, whole lines only, from wherever the server has it."""

import json
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.agent import spool as spool_module
from besom.agent.spool import ROWS_PER_BATCH, Spool


@pytest.fixture
def history(tmp_path):
    return tmp_path / "history.jsonl"


def take_all(spool, **options):
    rows = []
    while (batch := spool.next_batch(**options)).rows:
        assert batch.first_row == len(rows)
        rows.extend(batch.rows)
        spool.acknowledge(len(rows))
    return rows


def test_a_torn_last_line_waits_for_its_newline(history):
    history.write_text('{"a": 1}\n{"a": ')
    spool = Spool(history)
    assert take_all(spool) == [{"a": 1}]
    with history.open("a") as file:
        file.write("2}\n")
    assert spool.next_batch().first_row == 1
    assert spool.next_batch().rows == [{"a": 2}]


def test_at_the_end_a_whole_line_counts_without_its_newline_and_a_torn_one_does_not(history):
    history.write_text('{"a": 1}\n{"a": 2}')
    assert take_all(Spool(history), is_final=True) == [{"a": 1}, {"a": 2}]
    history.write_text('{"a": 1}\n{"a": ')
    assert take_all(Spool(history), is_final=True) == [{"a": 1}]


def test_a_line_that_is_no_json_is_left_out_and_told_once(history, caplog):
    history.write_text('{"a": 1}\nrubbish\n[1]\n\n{"a": NaN}\n')
    with caplog.at_level(logging.WARNING, "besom.agent"):
        rows = take_all(Spool(history))
    assert rows[0] == {"a": 1}
    assert len(rows) == 2
    assert math.isnan(rows[1]["a"])
    assert len(caplog.records) == 1
    assert "rubbish" in caplog.text


def test_batches_are_bounded(history):
    history.write_text("".join(f'{{"a": {i}}}\n' for i in range(5000)))
    spool = Spool(history)
    assert len(spool.next_batch().rows) == ROWS_PER_BATCH
    assert [row["a"] for row in take_all(spool)] == list(range(5000))


def test_an_unacknowledged_batch_is_offered_again(history):
    history.write_text('{"a": 1}\n{"a": 2}\n')
    spool = Spool(history)
    first = spool.next_batch()
    assert spool.next_batch() == first
    spool.acknowledge(1)
    assert spool.next_batch().rows == [{"a": 2}]


def test_a_line_beyond_all_measure_is_left_out(history, monkeypatch):
    monkeypatch.setattr(spool_module, "BYTES_PER_BATCH", 100)
    monkeypatch.setattr(spool_module, "LONGEST_LINE", 1000)
    history.write_text('{"a": 1}\n{"a": "' + "x" * 5000 + '"}\n{"a": "' + "y" * 500 + '"}\n{"a": 3}\n')
    rows = take_all(Spool(history))
    assert [row["a"] for row in rows] == [1, "y" * 500, 3]


@given(count=st.integers(0, 30), to=st.integers(0, 30), taken=st.integers(0, 30))
def test_seeking_lands_on_the_row_from_anywhere(tmp_path_factory, count, to, taken):
    history = tmp_path_factory.mktemp("seek") / "history.jsonl"
    history.write_text("".join(json.dumps({"a": i}) + "\n" for i in range(count)))
    spool = Spool(history)
    spool.next_batch()
    spool.acknowledge(min(taken, count))
    spool.seek(to)
    batch = spool.next_batch()
    assert [row["a"] for row in batch.rows] == list(range(to, count))
    assert not batch.rows or batch.first_row == to


def test_what_is_added_behind_a_cut_follows(history):
    history.write_text("".join(f'{{"a": {i}}}\n' for i in range(10)))
    spool = Spool(history)
    assert len(take_all(spool)) == 10
    with history.open("r+") as file:
        file.truncate(history.stat().st_size - 4)
    assert not spool.has_more()
    with history.open("a") as file:
        file.write('{"a": 10}\n')
    batch = spool.next_batch()
    assert (batch.first_row, batch.rows) == (10, [{"a": 10}])


def test_zeros_that_a_power_cut_left_cost_no_row(history):
    history.write_bytes(b'{"a": 1}\n' + bytes(100) + b'{"a": 2}\n')
    assert take_all(Spool(history)) == [{"a": 1}, {"a": 2}]


def test_a_last_line_without_its_newline_that_the_server_has_is_not_sent_again(history):
    history.write_text('{"a": 1}\n{"a": 2}')
    spool = Spool(history)
    spool.seek(2, is_final=True)
    assert not spool.next_batch(is_final=True).rows

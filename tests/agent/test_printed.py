"""Metrics are read from what a script prints."""

import json
import resource
import signal

import pytest

from besom.agent.printed import PrintedMetrics
from besom.sweepfile.model import MetricSource


@pytest.fixture
def printing(tmp_path):
    class Printing:
        output, history = tmp_path / "output.log", tmp_path / "history.jsonl"

        def read(self, *sources, metrics=()):
            sources = [MetricSource.model_validate(source) for source in sources]
            self.reader = PrintedMetrics(sources, self.output, self.history, metrics)
            return self.more(is_final=False)

        def more(self, **options):
            self.reader.pump(**options)
            lines = self.history.read_text().splitlines() if self.history.exists() else []
            rows = [json.loads(line) for line in lines]
            return [{name: row[name] for name in row if name not in ("_timestamp", "_runtime")} for row in rows]

    return Printing()


def test_each_matching_line_is_a_row_with_numbers_as_numbers(printing):
    printing.output.write_text("hello\nepoch 1: loss 0.5\nepoch 2: loss nan\nepoch 3: loss\nepo")
    rows = printing.read({"regex": r"epoch (?P<epoch>\d+): loss (?P<loss>\S+)"})
    assert rows[0] == {"epoch": 1, "loss": 0.5, "_step": 0}
    assert rows[1]["epoch"] == 2
    assert rows[1]["loss"] != rows[1]["loss"]
    assert len(rows) == 2


def test_a_line_is_taken_when_it_is_whole(printing):
    printing.output.write_text("loss 0.")
    assert printing.read({"regex": r"loss (?P<loss>\S+)"}) == []
    with printing.output.open("a") as file:
        file.write("25\nloss 0.125")
    assert [row["loss"] for row in printing.more()] == [0.25]
    assert [row["loss"] for row in printing.more(is_final=True)] == [0.25, 0.125]


def test_progress_bars_end_their_lines_with_carriage_returns(printing):
    printing.output.write_bytes(b"loss 3\rloss 2\rloss 1\r\n")
    assert [row["loss"] for row in printing.read({"regex": r"loss (?P<loss>\d+)"})] == [3, 2, 1]


def test_json_lines_are_rows_and_other_lines_are_not(printing):
    printing.output.write_text('{"loss": 0.5, "_step": 7}\n{broken\n[1]\ntext\n')
    assert printing.read({"json": True}) == [{"loss": 0.5, "_step": 7}]


def test_two_patterns_on_one_line_make_one_row(printing):
    printing.output.write_text("loss 0.5 acc 0.9\n")
    rows = printing.read({"regex": r"loss (?P<loss>\S+)"}, {"regex": r"acc (?P<acc>\S+)"})
    assert rows == [{"loss": 0.5, "acc": 0.9, "_step": 0}]


def test_a_group_stands_for_a_metric_whose_name_no_group_can_have(printing):
    printing.output.write_text("acc 0.9\n")
    assert printing.read({"regex": r"acc (?P<val_acc>\S+)"}, metrics=["val/acc"]) == [{"val/acc": 0.9, "_step": 0}]


def test_a_named_file_is_read_instead_of_the_output(printing):
    printing.output.write_text('{"loss": 1}\n')
    printing.output.with_name("log.json").write_text('{"loss": 2}\n')
    assert printing.read({"json": True, "file": "log.json"}) == [{"loss": 2, "_step": 0}]


def test_after_the_output_was_moved_aside_reading_begins_anew(printing):
    printing.output.write_text("loss 1\n")
    printing.read({"regex": r"loss (?P<loss>\d+)"})
    printing.output.write_text("loss 2\n")
    printing.reader.begins_anew()
    assert [row["loss"] for row in printing.more()] == [1, 2]


def test_rows_wait_in_order_for_room_on_the_disk(printing):
    printing.output.write_text("".join(f"loss {number}\n" for number in range(20)))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (250, hard))
        reader = PrintedMetrics(
            [MetricSource.model_validate({"regex": r"loss (?P<loss>\d+)"})], printing.output, printing.history
        )
        reader.pump(is_final=True)
        reader.pump(is_final=True)
        assert reader.has_rest
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    reader.pump(is_final=True)
    assert not reader.has_rest
    assert [json.loads(line)["loss"] for line in printing.history.read_text().splitlines()] == list(range(20))

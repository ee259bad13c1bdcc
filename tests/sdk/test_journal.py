"""A run's history file holds whole rows, whatever became of a process that wrote to it."""

from pathlib import Path

from besom.sdk.journal import Journal


def test_half_a_row_of_another_process_costs_no_row(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"loss":1}\n{"loss":2,"ep')
    journal = Journal(path)
    journal.add({"loss": 3})
    journal.add({"loss": 4})
    journal.close()
    assert path.read_text().splitlines() == ['{"loss":1}', '{"loss":2,"ep', '{"loss":3}', '{"loss":4}']


def test_rows_follow_those_of_another_process(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"loss":1}\n')
    journal = Journal(path)
    journal.add({"loss": 2})
    journal.close()
    assert path.read_text() == '{"loss":1}\n{"loss":2}\n'

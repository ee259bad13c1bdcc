"""What a run logged last goes with its end: no message of its own, and nothing twice or missing."""

from __future__ import annotations

import json

import pytest

from besom.agent import output as output_module
from besom.agent import spool as spool_module
from besom.agent.output import Output
from besom.agent.shipping import Shipper
from besom.agent.spool import Spool
from besom.records import RunState
from besom.wire import Ask, Finish, Report


@pytest.fixture
def begun(place, tmp_path):
    """A service, the run that it gave out, and the run's files and shipper."""
    service = place.service("")
    run = service.ask("sweep1", Ask("agent", "r1"))
    history, output = tmp_path / "history.jsonl", tmp_path / "output.log"
    return service, run, history, output, Shipper(service, run.run_id, run.lease, Spool(history), Output(output))


def logged(history, first, count):
    with history.open("a") as file:
        file.writelines(json.dumps({"loss": float(row)}) + "\n" for row in range(first, first + count))


def test_a_short_run_needs_no_report(begun):
    service, run, history, output, shipper = begun
    logged(history, 0, 20)
    output.write_text("done")  # without a newline: it has ended
    assert not shipper.has_much()
    shipper.finish(Finish(run.run_id, run.lease, "finished"))
    assert service.reports == 0
    assert service.rows(run.run_id) == [{"loss": float(row)} for row in range(20)]
    assert service.output(run.run_id) == "done"
    assert service.runs()[0].state is RunState.FINISHED


@pytest.mark.parametrize("rows", [0, 6, 10, 11])
def test_of_much_that_is_left_only_the_last_goes_with_the_end(begun, monkeypatch, rows):
    monkeypatch.setattr(spool_module, "ROWS_PER_BATCH", 5)
    monkeypatch.setattr(output_module, "PIECE", 100)
    service, run, history, output, shipper = begun
    logged(history, 0, rows or 1)
    output.write_text("x" * 450)
    sent = 0
    while shipper.has_much():
        shipper.ship({}, {}, is_final=True)
        sent += 1
    assert sent == 4
    shipper.finish(Finish(run.run_id, run.lease, "finished"))
    assert len(service.rows(run.run_id)) == (rows or 1)
    assert service.output(run.run_id) == "x" * 450


def test_a_server_that_lost_some_gets_it_again_before_the_end(begun):
    service, run, history, _, shipper = begun
    state = service.state
    logged(history, 0, 3)
    shipper.ship({}, {})
    service.state, service.kept_rows = state, {}  # as a server whose disk was set back
    logged(history, 3, 2)
    shipper.finish(Finish(run.run_id, run.lease, "finished"))
    assert service.rows(run.run_id) == [{"loss": float(row)} for row in range(5)]
    assert service.runs()[0].state is RunState.FINISHED


def test_what_another_has_delivered_is_not_kept_twice(begun):
    service, run, history, _, shipper = begun
    logged(history, 0, 3)
    service.report(Report(run.run_id, run.lease, 0, [{"loss": 0.0}, {"loss": 1.0}]))
    shipper.finish(Finish(run.run_id, run.lease, "finished"))
    assert service.rows(run.run_id) == [{"loss": 0.0}, {"loss": 1.0}, {"loss": 2.0}]

"""What a lost run logged and could not send any more is delivered by the one that goes on with its trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from besom.errors import LeaseLost
from besom.records import Run
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Ask, Assignment, Finish, Report

FILE = {
    "method": "random",
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "metric": {"name": "loss"},
    "besom": {"checkpoints": True, "seed": 1},
}
ROWS = [{"loss": 1 / epoch} for epoch in range(1, 6)]


class Lost:
    """A trial whose first run logged five rows, sent two and was lost; another agent has just got it."""

    def __init__(self, folder: Path, *, checkpoints: bool = True) -> None:
        self.store = open_store(folder / "besom.db")
        self.driver = Driver(self.store, tick_s=None)
        self.id = self.driver.create_sweep({**FILE, "besom": {"checkpoints": checkpoints, "seed": 1}}).id
        self.first = self.ask("1")
        self.driver.report(Report(self.first.run_id, self.first.lease, 0, ROWS[:2]))
        self.driver.finish(Finish(self.first.run_id, self.first.lease, "lost"))
        self.second = self.ask("2")

    def ask(self, request: str) -> Assignment:
        answer = self.driver.ask(self.id, Ask("agent", request))
        assert isinstance(answer, Assignment)
        return answer

    def deliver(self) -> None:
        self.driver.report(Report(self.first.run_id, self.second.lease, 2, ROWS[2:]))

    def runs(self) -> list[Run]:
        return self.driver.runs(self.id)


@pytest.fixture
def lost(tmp_path: Path):
    lost = Lost(tmp_path)
    yield lost
    lost.driver.close()
    lost.store.close()


def test_the_next_run_goes_on_from_there_and_its_value_is_that(lost: Lost):
    assert lost.second.fidelity == 2
    lost.deliver()
    lost.deliver()  # the second time changes nothing
    assert lost.ask("2").fidelity == 5
    lost.driver.finish(Finish(lost.second.run_id, lost.second.lease, "finished"))  # it found itself done

    assert [(str(run.state), run.rows, run.fidelity) for run in lost.runs()] == [("lost", 5, 5), ("finished", 0, 5)]
    assert [row["loss"] for row in lost.driver.rows(lost.first.run_id)] == [row["loss"] for row in ROWS]
    trial = lost.driver.trial(lost.id, 1)
    assert (str(trial.state), trial.value, trial.fidelity) == ("finished", 1 / 5, 5)
    assert lost.driver.progress(lost.id).spent["epochs"] == 5


def test_a_restart_knows_the_same(lost: Lost, tmp_path: Path):
    lost.deliver()
    before = lost.driver.state(lost.id)
    with Driver(lost.store, tick_s=None) as again:
        after = again.state(lost.id)
    assert after.curves == before.curves
    assert after.observations == before.observations
    assert after.totals == before.totals


def test_only_the_one_that_goes_on_may_and_only_before_it_logs(lost: Lost):
    with pytest.raises(LeaseLost):
        lost.driver.report(Report(lost.first.run_id, lost.first.lease, 2, ROWS[2:]))
    with pytest.raises(LeaseLost):
        lost.driver.report(Report(lost.first.run_id, lost.second.lease + 1, 2, ROWS[2:]))
    lost.driver.report(Report(lost.second.run_id, lost.second.lease, 0, [{"loss": 0.3}]))
    with pytest.raises(LeaseLost):
        lost.deliver()
    assert [run.rows for run in lost.runs()] == [2, 1]


def test_without_checkpoints_the_rows_are_kept_and_the_next_run_begins_anew(tmp_path: Path):
    lost = Lost(tmp_path, checkpoints=False)
    lost.deliver()
    assert lost.ask("2").fidelity == 0
    assert [(run.rows, run.first_fidelity) for run in lost.runs()] == [(5, 0), (0, 0)]
    lost.driver.close()
    lost.store.close()

"""Another program locks the database: besom waits, and whatever was sent meanwhile is kept once it can be."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_bench import Bench, eventually

from besom.errors import StoreError
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Ask, Assignment, Finish, Report


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the database as a program does that is in the middle of a write."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=20)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@pytest.mark.parametrize("program", ["agent", "run"])
def test_a_sweep_waits_for_the_lock_and_loses_nothing(bench: Bench, undisturbed, program: str):
    bench.write(run_cap=3, besom={"lease": "1s"})
    bench.hold("2-0-2")
    if program == "agent":
        bench.serve()
        process = bench.start("agent", bench.run("sweep", "sweep.json").split()[1])
    else:
        process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    script = bench.await_held("2-0-2")
    with locked(bench.home / "besom.db"):
        bench.let_go("2-0-2")
        eventually(lambda: script not in bench.processes(), "the script ends")
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 2.5, "leases have ended meanwhile")
    bench.ended(process)

    assert [(run.trial, run.attempt) for run in bench.runs()] == [(1, 0), (2, 0), (3, 0)]
    assert bench.suggestions() == undisturbed(run_cap=3)
    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()


def test_a_lock_longer_than_anybody_waits_refuses_and_spoils_nothing(tmp_path: Path):
    path = tmp_path / "besom.db"
    store = open_store(path, busy_s=0.1)
    file = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "metric": {"name": "loss"}}
    with Driver(store, tick_s=None) as driver:
        sweep = driver.create_sweep(file)
        run = driver.ask(sweep.id, Ask("a", "1"))
        assert isinstance(run, Assignment)
        report = Report(run.run_id, run.lease, 0, [{"loss": 1.0}])
        refusals: list[Exception] = []

        def send() -> None:
            try:
                driver.report(report)
            except StoreError as error:
                refusals.append(error)

        with locked(path):
            threads = [threading.Thread(target=send) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
            assert driver.runs(sweep.id)[0].rows == 0  # what was refused is not there either
        assert len(refusals) == 3
        assert "another process is writing to it" in str(refusals[0])
        assert driver.report(report).next_row == 1
        driver.finish(Finish(run.run_id, run.lease, "finished"))
        assert [row["loss"] for row in driver.rows(run.run_id)] == [1.0]
        assert [str(trial.state) for trial in driver.trials(sweep.id)] == ["finished"]
    store.close()


def test_a_start_on_a_locked_database_is_told_in_one_line(bench: Bench):
    bench.write(run_cap=1)
    bench.run("sweep", "sweep.json")
    with locked(bench.home / "besom.db"):
        said = bench.run("run", "sweep.json", "--agents", "1", code=2)
    assert "another process is writing to it" in said
    assert "Traceback" not in said

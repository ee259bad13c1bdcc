from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from service_suite import FILE, ServiceSuite, assigned
from sqlalchemy import event

from besom.errors import LeaseLost, StoreError, WrongState
from besom.records import TrialState
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Ask, Assignment, Command, Finish, Hello, Report


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Driver]:
    store = open_store(tmp_path / "besom.db")
    with Driver(store) as driver:
        yield driver
    store.close()


class TestDriver(ServiceSuite):
    pass


def test_after_a_restart_everything_is_as_it_was(tmp_path: Path):
    lived, restarted = (open_store(tmp_path / "besom.db") for _ in range(2))
    with Driver(lived) as driver:
        sweep = driver.create_sweep(FILE)
        run = assigned(driver, sweep.id)
        driver.report(Report(run.run_id, run.lease, 0, [{"loss": 0.5}, {"loss": 0.4}], output="x"))
        before = driver.trials(sweep.id), driver.runs(sweep.id)
    with pytest.raises(WrongState):
        driver.ask(sweep.id, Ask("a", "r2"))
    with Driver(restarted) as driver:
        assert assigned(driver, sweep.id) == run
        assert (driver.trials(sweep.id), driver.runs(sweep.id)) == before
        assert driver.report(Report(run.run_id, run.lease, 2, [{"loss": 0.3}])).next_row == 3
    lived.close()
    restarted.close()


def test_a_silent_agents_run_is_taken_back_also_after_a_restart(tmp_path: Path):
    now = [1000.0]
    store = open_store(tmp_path / "besom.db")
    with Driver(store, clock=lambda: now[0], tick_s=None) as driver:
        sweep = driver.create_sweep(FILE)
        run = assigned(driver, sweep.id)
    now[0] += 1000.0
    with Driver(store, clock=lambda: now[0], tick_s=None) as driver:
        driver.tick()
        assert driver.trial(sweep.id, 1).state is TrialState.RUNNING  # the agent gets a lease to come back
        now[0] += 61.0
        driver.tick()
        assert driver.trial(sweep.id, 1).state is TrialState.WAITING
        with pytest.raises(LeaseLost):
            driver.report(Report(run.run_id, run.lease))
        assert assigned(driver, sweep.id, "r2").trial == 1
    store.close()


def test_progress_tells_what_was_cut_off_what_audits_found_and_never_that_no_time_is_left(tmp_path: Path):
    now = [1000.0]
    store = open_store(tmp_path / "besom.db")
    rule = {"type": "hyperband", "min_iter": 1, "eta": 2}
    with Driver(store, clock=lambda: now[0], tick_s=None) as driver:
        sweep = driver.create_sweep({**FILE, "run_cap": 4, "early_terminate": rule, "besom": {"audit": 1}})
        for number, loss in enumerate((0.1, 0.2, 0.3)):
            run = assigned(driver, sweep.id, f"r{number}")
            now[0] += 10
            driver.report(Report(run.run_id, run.lease, 0, [{"loss": loss}]))
            driver.finish(Finish(run.run_id, run.lease, "finished"))
        last = assigned(driver, sweep.id, "last")
        assert driver.progress(sweep.id).seconds_left is None  # no agent is known that would go on
        driver.hello(Hello("a", "a", "host", 1))
        assert driver.progress(sweep.id).seconds_left == 10.0
        assert driver.progress(sweep.id).audit.startswith("Audit: 0 of 1 trial let finish beat the incumbent")
        driver.command(sweep.id, Command("stop_trial", trial=last.trial))
        driver.finish(Finish(last.run_id, last.lease, "stopped"))
        assert (driver.progress(sweep.id).counts["stopped"], driver.progress(sweep.id).cut_off) == (1, 1)
    with Driver(store, clock=lambda: now[0], tick_s=None) as driver:
        audited = driver.trial(sweep.id, 3).audited
        assert audited is not None
        assert audited.details["incumbent"] == 0.1
    store.close()


def test_a_full_disk_fails_the_message_and_nothing_else(tmp_path: Path):
    path = tmp_path / "besom.db"
    store = open_store(path)
    limit = [0]

    @event.listens_for(store._engine, "begin")
    def bound(connection):
        # SQLite's own bound on the file's pages: it then answers as on a disk that is full.
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit[0] or 1073741823}")

    with Driver(store) as driver:
        sweep = driver.create_sweep(FILE)
        run = assigned(driver, sweep.id)
        with sqlite3.connect(path) as connection:
            limit[0] = connection.execute("PRAGMA page_count").fetchone()[0]
        big = Report(run.run_id, run.lease, 0, [{"loss": 1.0, "note": "x" * 1_000_000}])
        with ThreadPoolExecutor(8) as pool:
            outcomes = [future.exception() for future in [pool.submit(driver.report, big) for _ in range(8)]]
        assert {type(outcome) for outcome in outcomes} == {StoreError}
        assert driver.runs(sweep.id)[0].rows == 0
        limit[0] = 0
        assert driver.report(big).next_row == 1
        driver.finish(Finish(run.run_id, run.lease, "finished"))
        assert driver.rows(run.run_id) == list(big.rows)
    store.close()


@pytest.mark.parametrize("why", ["it slept", "its disk was full"])
def test_agents_get_a_lease_to_come_back_after_the_server_could_not_hear_them(tmp_path: Path, why: str):
    now = [1000.0]
    store = open_store(tmp_path / "besom.db")
    with Driver(store, clock=lambda: now[0], tick_s=100.0 if why == "it slept" else None) as driver:
        sweep = driver.create_sweep(FILE)
        run = assigned(driver, sweep.id)
        driver.tick()
        now[0] += 1000.0
        if why == "its disk was full":
            with pytest.raises(StoreError):
                driver.report(Report(run.run_id, run.lease, 0, [{"loss": object()}]))
        driver.tick()
        assert driver.trial(sweep.id, 1).state is TrialState.RUNNING
        now[0] += 61.0
        driver.tick()
        assert driver.trial(sweep.id, 1).state is TrialState.WAITING
    store.close()


def test_what_waits_is_kept_in_one_transaction_and_a_bad_message_hurts_no_other(tmp_path: Path):
    store = open_store(tmp_path / "besom.db")
    commits: list[int] = []
    event.listen(store._engine, "commit", lambda _: commits.append(1))
    with Driver(store, tick_s=None) as driver:
        sweep = driver.create_sweep(FILE)
        runs = [assigned(driver, sweep.id, f"r{number}") for number in range(16)]
        held, release = threading.Event(), threading.Event()
        blocked = driver._writer.submit(lambda group: (held.set(), release.wait(30)))
        assert held.wait(30)
        commits.clear()
        good = [driver.send(Report(run.run_id, run.lease, 0, [{"loss": 1.0}])) for run in runs]
        bad = driver.send(Report(runs[0].run_id, 999, 0, [{"loss": 1.0}]))
        unwritable = driver.send(Report(runs[1].run_id, runs[1].lease, 1, [{"loss": object()}]))
        release.set()
        blocked.result(30)
        assert [future.result(30).next_row for future in good] == [1] * 16
        assert isinstance(bad.exception(30), LeaseLost)
        assert isinstance(unwritable.exception(30), StoreError)
        assert [run.rows for run in driver.runs(sweep.id)] == [1] * 16
        commits.clear()
        held.clear()
        release.clear()
        blocked = driver._writer.submit(lambda group: (held.set(), release.wait(30)))
        assert held.wait(30)
        good = [driver.send(Report(run.run_id, run.lease, 1, [{"loss": 1.0}])) for run in runs]
        release.set()
        assert [future.result(30).next_row for future in good] == [2] * 16
        assert len(commits) == 1
    store.close()


def test_reports_are_answered_before_asks_that_came_earlier(tmp_path: Path):
    store = open_store(tmp_path / "besom.db")
    with Driver(store, tick_s=None) as driver:
        sweep = driver.create_sweep(FILE)
        run = assigned(driver, sweep.id)
        held, release = threading.Event(), threading.Event()
        driver._writer.submit(lambda group: (held.set(), release.wait(30)))
        assert held.wait(30)
        order: list[str] = []
        ask = driver.send_ask(sweep.id, Ask("b", "r"))
        report = driver.send(Report(run.run_id, run.lease))
        ask.add_done_callback(lambda _: order.append("ask"))
        report.add_done_callback(lambda _: order.append("report"))
        release.set()
        assert isinstance(ask.result(30), Assignment)
        assert order == ["report", "ask"]
    store.close()


def test_closing_finishes_what_was_sent(tmp_path: Path):
    store = open_store(tmp_path / "besom.db")
    driver = Driver(store)
    sweep = driver.create_sweep(FILE)
    asks = [driver.send_ask(sweep.id, Ask("a", f"r{number}")) for number in range(20)]
    driver.close()
    assert sorted(future.result(0).trial for future in asks) == list(range(1, 21))
    assert len(store.trials(sweep.id)) == 20
    store.close()

"""A server whose clock is set, ahead or back: to leases and hours it is as if no time had passed by that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from service_suite import FILE, assigned

from besom.errors import StoreError
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Command, Finish, Report

LEASE_S = 60.0
FILE_WITH_BUDGET = {**FILE, "besom": {"lease": LEASE_S, "budget": {"hours": 0.5}}}


class Clocks:
    """The machine's clock, and the seconds that it has been up."""

    def __init__(self) -> None:
        self.now, self.up_s = 1_000_000.0, 50.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.up_s += seconds

    def driver(self, store) -> Driver:
        return Driver(store, clock=lambda: self.now, steady=lambda: self.up_s, tick_s=None)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def store(tmp_path: Path) -> Iterator:
    store = open_store(tmp_path / "besom.db")
    yield store
    store.close()


steps = pytest.mark.parametrize("step_s", [7200.0, -7200.0, 90.0, -90.0])


@steps
@pytest.mark.parametrize("first", ["tick", "report"])
def test_a_run_keeps_its_lease_and_an_hour_stays_an_hour(clocks: Clocks, store, step_s: float, first: str):
    with clocks.driver(store) as driver:
        sweep = driver.create_sweep(FILE_WITH_BUDGET)
        run = assigned(driver, sweep.id)
        clocks.pass_by(30)
        clocks.now += step_s
        if first == "tick":
            driver.tick()
        driver.report(Report(run.run_id, run.lease, 0, [{"loss": 0.5}]))
        driver.tick()
        assert driver.progress(sweep.id).spent["hours"] == pytest.approx(30 / 3600)
        clocks.pass_by(20)
        driver.finish(Finish(run.run_id, run.lease, "finished", seconds=50.0))
        assert driver.sweep(sweep.id).state == "running"
        assert driver.progress(sweep.id).spent["hours"] == pytest.approx(50 / 3600)
        assert driver.trial(sweep.id, 1).seconds == pytest.approx(50.0)


@steps
def test_a_silent_agents_run_is_taken_back_a_lease_later(clocks: Clocks, store, step_s: float):
    with clocks.driver(store) as driver:
        sweep = driver.create_sweep(FILE_WITH_BUDGET)
        assigned(driver, sweep.id)
        clocks.pass_by(30)
        clocks.now += step_s
        driver.tick()
        clocks.pass_by(LEASE_S - 1)
        driver.tick()
        assert driver.runs(sweep.id)[0].state == "running"
        clocks.pass_by(2)
        driver.tick()
        assert driver.runs(sweep.id)[0].state == "lost"


@steps
def test_a_step_that_could_not_be_kept_is_made_up_for(clocks: Clocks, tmp_path: Path, step_s: float):
    store = open_store(tmp_path / "besom.db", busy_s=0.01)
    with clocks.driver(store) as driver, closing(sqlite3.connect(tmp_path / "besom.db", isolation_level=None)) as other:
        sweep = driver.create_sweep(FILE_WITH_BUDGET)
        assigned(driver, sweep.id)
        clocks.pass_by(30)
        clocks.now += step_s
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process is writing"):
            driver.tick()
        other.execute("ROLLBACK")
        driver.tick()
        driver.tick()
        assert driver.progress(sweep.id).spent["hours"] == pytest.approx(30 / 3600)
        clocks.pass_by(LEASE_S - 1)
        driver.tick()
        assert driver.runs(sweep.id)[0].state == "running"
        clocks.pass_by(2)
        driver.tick()
        assert driver.runs(sweep.id)[0].state == "lost"
    store.close()


@steps
def test_a_pause_is_as_long_as_it_was(clocks: Clocks, store, step_s: float):
    with clocks.driver(store) as driver:
        sweep = driver.create_sweep(FILE_WITH_BUDGET)
        run = assigned(driver, sweep.id)
        clocks.pass_by(10)
        driver.finish(Finish(run.run_id, run.lease, "lost", seconds=10.0))
        driver.command(sweep.id, Command("pause"))
        clocks.pass_by(100)
        clocks.now += step_s
        driver.command(sweep.id, Command("resume"))
        assigned(driver, sweep.id, "r2")
        clocks.pass_by(5)
        assert driver.progress(sweep.id).spent["hours"] == pytest.approx(15 / 3600)


def test_a_server_that_starts_by_a_clock_set_back_waits_no_longer_than_a_lease(clocks: Clocks, store):
    with clocks.driver(store) as driver:
        sweep = driver.create_sweep(FILE_WITH_BUDGET)
        assigned(driver, sweep.id)
    clocks.now -= 86_400
    with clocks.driver(store) as driver:
        driver.tick()
        clocks.pass_by(LEASE_S + 1)
        driver.tick()
        assert driver.runs(sweep.id)[0].state == "lost"
        assert driver.trial(sweep.id, 1).seconds >= 0

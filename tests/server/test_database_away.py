"""A server whose database comes and goes: it knows afterwards what is kept there, whatever it believed before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from benchmarks.postgres import Cluster
from besom.errors import StoreError, WrongState
from besom.records import Sweep
from besom.server.driver import Driver
from besom.store import SqlStore, open_store
from besom.wire import Ask, Assignment, Command, Finish, Hello, Report

pytestmark = pytest.mark.postgres

FILE = {
    "method": "random",
    "metric": {"name": "loss"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "besom": {"seed": 1},
}


@pytest.fixture
def address(postgres: Cluster) -> str:
    return postgres.create()


@pytest.fixture
def store(address: str) -> Iterator[SqlStore]:
    store = open_store(address)
    yield store
    store.close()


@pytest.fixture
def driver(store: SqlStore) -> Iterator[Driver]:
    with Driver(store, tick_s=None) as driver:
        yield driver


@pytest.fixture
def sweep(driver: Driver) -> Sweep:
    driver.hello(Hello("a", "a", "here", 1))
    return driver.create_sweep(FILE)


def cut(store: SqlStore, postgres: Cluster) -> None:
    """Have PostgreSQL end all sessions of the database."""
    ends = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
    postgres.say(ends, str(store._engine.url.database))


def broken(store: SqlStore, *, is_kept: bool) -> None:
    """Have the next commit's answer get lost with the connection: PostgreSQL got it, or it did not."""
    commit = store._engine.dialect.do_commit

    def lost(connection: Any) -> None:
        store._engine.dialect.do_commit = commit  # type: ignore[method-assign]
        if is_kept:
            commit(connection)
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    store._engine.dialect.do_commit = lost  # type: ignore[method-assign]


def retried(store: SqlStore, call: Callable[[], Any], *, is_kept: bool) -> Any:
    """What a call gives that is told that nothing was written, and made again, as agents do."""
    broken(store, is_kept=is_kept)
    with pytest.raises(StoreError, match="tries again by itself"):
        call()
    return call()


@pytest.mark.parametrize("is_kept", [True, False], ids=["the commit arrived", "the commit did not arrive"])
def test_each_message_counts_once_where_the_connection_broke_in_its_commit(
    store: SqlStore, driver: Driver, sweep: Sweep, is_kept: bool
) -> None:
    answer = retried(store, lambda: driver.ask(sweep.id, Ask("a", "q1")), is_kept=is_kept)
    assert isinstance(answer, Assignment)
    rows = tuple({"_step": step, "loss": 1.0 / (step + 1)} for step in range(3))
    first = Report(answer.run_id, answer.lease, 0, rows[:2])
    receipt = retried(store, lambda: driver.report(first), is_kept=is_kept)
    assert receipt.next_row == 2
    broken(store, is_kept=is_kept)
    with pytest.raises(StoreError):
        driver.report(Report(answer.run_id, answer.lease, 2, rows[2:]))
    assert driver.report(Report(answer.run_id, answer.lease, 0, rows)).next_row == 3
    finish = Finish(answer.run_id, answer.lease, "finished")
    retried(store, lambda: driver.finish(finish), is_kept=is_kept)

    assert driver.rows(answer.run_id) == list(rows)
    assert [(run.trial, run.rows, str(run.state)) for run in driver.runs(sweep.id)] == [(1, 3, "finished")]
    assert [(trial.number, str(trial.state), trial.value) for trial in driver.trials(sweep.id)] == [
        (1, "finished", 1 / 3)
    ]
    assert driver.trials(sweep.id) == store.trials(sweep.id)


def test_what_another_server_wrote_meanwhile_is_known_afterwards(
    store: SqlStore, driver: Driver, sweep: Sweep, address: str, postgres: Cluster
) -> None:
    told: list[str] = []
    driver.on_change(lambda sweep_ids, has_agents: told.extend(sweep_ids))
    before = driver.version(sweep.id)
    cut(store, postgres)
    other = open_store(address)
    with Driver(other, tick_s=None) as meanwhile:
        meanwhile.command(sweep.id, Command("pause"))
        new = meanwhile.create_sweep(FILE)
        for why in ("nothing of this was written", "owns it now; waiting"):
            with pytest.raises(StoreError, match=why):
                driver.command(sweep.id, Command("stop"))
    other.close()
    driver._writer._presence._look_at = 0.0
    assert driver.command(new.id, Command("stop")).id == new.id
    assert str(driver.sweep(sweep.id).state) == "paused"
    assert driver.version(sweep.id) > before
    assert set(told) == {sweep.id, new.id}


def test_a_server_that_lost_its_database_for_good_writes_nothing_and_says_so_once(
    store: SqlStore, postgres: Cluster, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("besom.store.claim._LOST_AFTER_S", 0.0)
    lost: list[WrongState] = []
    with Driver(store, tick_s=None, note_lost=lost.append) as driver:
        sweep = driver.create_sweep(FILE)
        cut(store, postgres)
        other = open_store(address)
        for _ in range(3):
            with pytest.raises(StoreError):
                driver.command(sweep.id, Command("stop"))
        other.close()
    assert [str(error).rpartition(" ")[2] for error in lost] == ["ends."]
    assert str(store.sweep(sweep.id).state) == "running"

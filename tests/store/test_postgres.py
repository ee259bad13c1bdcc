"""The contract on PostgreSQL: a real server, and what is special there: one process owns the database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from store_contract import SWEEP, StoreContract

from benchmarks.postgres import Cluster
from besom.errors import StoreError, WrongState
from besom.store import SqlStore, claim, open_store, schema
from besom.tracked import TrackedRun, TrackedValues

pytestmark = pytest.mark.postgres


@pytest.fixture
def address(postgres: Cluster) -> str:
    """A fresh, empty database."""
    return postgres.create()


@pytest.fixture
def store(address: str) -> Iterator[SqlStore]:
    store = open_store(address)
    yield store
    store.close()


class TestPostgres(StoreContract):
    pass


def test_what_was_kept_is_there_when_opened_again(address: str) -> None:
    for _ in range(2):
        store = open_store(address)
        with store.transaction():
            store.save([SWEEP])
        store.close()
    again = open_store(address, read_only=True)
    assert again.sweep("abc") == SWEEP or again.sweep("abc").id == "abc"  # NaN is not equal to itself
    with pytest.raises(StoreError, match="reading only"), again.transaction():
        pass
    again.close()


def test_a_second_owner_is_refused_and_told_who_is_the_first(store: SqlStore, address: str) -> None:
    with pytest.raises(WrongState, match=f"besom process {os.getpid()} on .* does"):
        open_store(address)
    open_store(address, read_only=True).close()
    store.close()
    open_store(address).close()


def ended(store: SqlStore, postgres: Cluster) -> None:
    """Have PostgreSQL end the session that owns the database."""
    postgres.say(
        "select pg_terminate_backend(pid) from pg_locks "
        "where locktype = 'advisory' and database = (select oid from pg_database where datname = %s)",
        str(store._engine.url.database),
    )


def test_a_session_that_broke_writes_no_more_until_the_database_is_owned_anew(
    store: SqlStore, postgres: Cluster
) -> None:
    with store.transaction():
        store.save([SWEEP])
    assert not store.check()
    ended(store, postgres)
    for _ in range(2):
        with pytest.raises(StoreError, match="nothing of this was written"), store.transaction():
            store.delete_sweep("abc")
    assert [sweep.id for sweep in store.sweeps()] == ["abc"]
    assert store.check()
    assert not store.check()
    with store.transaction():
        store.delete_sweep("abc")
    assert store.sweeps() == []


def test_one_who_became_the_owner_meanwhile_is_waited_for_and_then_yielded_to(
    store: SqlStore, postgres: Cluster, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, postgres)
    other = open_store(address)
    with pytest.raises(StoreError, match=rf"besom process {os.getpid()} on .* owns it now; waiting"):
        store.check()
    with pytest.raises(StoreError, match="connection to it broke"), store.transaction():
        store.save([SWEEP])
    monkeypatch.setattr(claim, "_LOST_AFTER_S", 0.0)
    with pytest.raises(WrongState, match="became that one, so this one ends"):
        store.check()
    other.close()
    assert store.check()


def test_only_one_and_the_same_owner_of_whom_all_looks_tell_is_yielded_to(
    store: SqlStore, postgres: Cluster, address: str
) -> None:
    """Neither owners that take turns nor a database that is away meanwhile adds up to ten seconds of one owner."""
    assert store._claim is not None
    name = str(store._engine.url.database)

    def wait_for_the_other() -> None:
        with pytest.raises(StoreError, match="owns it now; waiting"):
            store.check()
        store._claim._refused_since -= 60  # as if a minute had passed

    ended(store, postgres)
    other = open_store(address)
    wait_for_the_other()
    other.close()
    other = open_store(address)
    wait_for_the_other()
    postgres.say(f"alter database {name} allow_connections false")
    store._engine.dispose()  # what its pool still has would be let in
    with pytest.raises(StoreError, match="not currently accepting connections"):
        store.check()
    postgres.say(f"alter database {name} allow_connections true")
    wait_for_the_other()
    with pytest.raises(WrongState, match="became that one, so this one ends"):
        store.check()
    other.close()


def test_our_own_session_that_only_postgres_believes_in_is_ended_at_once(store: SqlStore) -> None:
    assert store._claim is not None
    session, store._claim._session = store._claim._session, None
    assert session is not None
    assert store.check()
    session.close()


def test_the_migrations_make_the_same_tables_as_the_code(postgres: Cluster) -> None:
    described = []
    for makes in (lambda connection: schema.bring_up_to_date(connection, "fresh"), schema.migrate):
        engine = create_engine(postgres.create().replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            makes(connection)
            query = (
                "select table_name, column_name, data_type, is_nullable from information_schema.columns "
                "where table_schema = 'public' order by 1, 2"
            )
            described.append([tuple(row) for row in connection.exec_driver_sql(query)])
        engine.dispose()
    assert described[0] == described[1] != []


def test_why_a_database_cannot_be_opened_is_told_in_one_line(postgres: Cluster, address: str) -> None:
    name = address.partition("@/")[2].partition("?")[0]
    postgres.say("create role guest login; create role locked login password 'right'")
    wrong = postgres.url(name, "locked:wrong")
    for url, law in (
        ("postgresql://besom@/postgres?host=/nowhere", "cannot be reached.*No such file"),
        (postgres.url("nothing"), r"must exist; make them.*\"nothing\" does not exist"),
        (postgres.url(name, "nobody"), r"must exist; make them.*\"nobody\" does not exist"),
        (postgres.url(name, "guest"), "must own its tables; grant"),
        (wrong, r"locked:\*\*\*@/.*needs the user's right password"),
        (postgres.url(name, "locked"), "needs a password"),
    ):
        with pytest.raises(StoreError, match=law) as refused:
            open_store(url)
        assert "\n" not in str(refused.value)


def test_a_driver_that_is_not_installed_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'besom\[postgres\]'"):
        open_store(address)


def test_the_letter_nul_in_a_configuration_spoils_no_look_into_others(store: SqlStore) -> None:
    run = TrackedRun("e/p/n", "e", "p", "n", 1.0, 2.0)
    with store.transaction():
        store.save([run, TrackedValues("e/p/n", {"text": {"value": "a\0b"}, "number": {"value": 1}})])
    assert store.tracked_entries("config", ("number", "value"), entity="e", project="p") == {"e/p/n": 1}

"""The contract on PostgreSQL: a real server of the test's own, and what is special there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import create_engine
from store_contract import SWEEP, StoreContract

from besom.errors import StoreError
from besom.store import SqlStore, open_store, schema
from besom.tracked import TrackedRun, TrackedValues

pytestmark = pytest.mark.postgres
_numbers = count()


def programs() -> Path:
    """The folder of PostgreSQL's programs, which Debian keeps out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("no PostgreSQL here; on Debian: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


@contextmanager
def cluster() -> Iterator[str]:
    """The address of a server that is gone afterwards. PostgreSQL refuses to run as root, so then it is `postgres`."""
    bin_ = programs()
    become = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="besom-pg-") as name:
        folder = Path(name)
        if become:
            shutil.chown(folder, "postgres")
        data, log = str(folder / "data"), str(folder / "log")
        made = ["initdb", "--auth", "trust", "--username", "besom", "--no-sync", "--pgdata", data]
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        for words in (made, ["pg_ctl", "--pgdata", data, "--log", log, "--options", options, "--wait", "start"]):
            command = [*become, str(bin_ / words[0]), *words[1:]]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        try:
            yield f"postgresql://besom@/postgres?host={folder}"
        finally:
            stop = [*become, str(bin_ / "pg_ctl"), "--pgdata", data, "--mode", "immediate", "stop"]
            subprocess.run(stop, cwd=folder, capture_output=True, check=False)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with cluster() as address:
        yield address


@pytest.fixture
def address(server: str) -> str:
    """A fresh, empty database."""
    name = f"test{next(_numbers)}"
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


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


def test_two_servers_that_make_the_tables_at_once_make_them_once(address: str) -> None:
    failures: list[BaseException] = []

    def opened() -> None:
        try:
            open_store(address).close()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [Thread(target=opened) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_migrations_make_the_same_tables_as_the_code(server: str) -> None:
    described = []
    for makes in (lambda connection: schema.bring_up_to_date(connection, "fresh"), schema.migrate):
        name = f"made{next(_numbers)}"
        url = server.replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name}")
        engine.dispose()
        engine = create_engine(url.replace("/postgres?", f"/{name}?"))
        with engine.begin() as connection:
            makes(connection)
            query = (
                "select table_name, column_name, data_type, is_nullable from information_schema.columns "
                "where table_schema = 'public' order by 1, 2"
            )
            described.append([tuple(row) for row in connection.exec_driver_sql(query)])
        engine.dispose()
    assert described[0] == described[1] != []


def test_a_server_that_is_not_there_is_told(server: str) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        open_store("postgresql://besom@/postgres?host=/nowhere")


def test_the_letter_nul_in_a_configuration_spoils_no_look_into_others(store: SqlStore) -> None:
    run = TrackedRun("e/p/n", "e", "p", "n", 1.0, 2.0)
    with store.transaction():
        store.save([run, TrackedValues("e/p/n", {"text": {"value": "a\0b"}, "number": {"value": 1}})])
    assert store.tracked_entries("config", ("number", "value"), entity="e", project="p") == {"e/p/n": 1}

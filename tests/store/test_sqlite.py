"""The contract on SQLite, and what is special there: files, versions, other processes, full disks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from store_contract import AGENT, RUN, SWEEP, TRIAL, StoreContract

from besom.errors import StoreError
from besom.store import SqlStore, open_store, schema, tables


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "besom #1%.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    store = open_store(path)
    yield store
    store.close()


class TestSqlite(StoreContract):
    pass


def test_a_store_is_there_again_when_opened_again(path: Path) -> None:
    for opening in range(2):
        store = open_store(f"sqlite:///{path}" if opening else path)
        with store.transaction():
            store.save([SWEEP, AGENT])
            store.append_rows(f"r{opening}", 0, [{"loss": 1.0}])
        store.close()
    store = open_store(path, read_only=True)
    assert [len(store.column(f"r{number}", "loss").values) for number in range(2)] == [1, 1]
    with pytest.raises(StoreError, match="reading only"), store.transaction():
        pass


def test_another_process_reads_while_one_writes(store: SqlStore, path: Path) -> None:
    with store.transaction():
        store.append_rows("r0", 0, [{"loss": 0.5}])
    script = "import sys; from besom.store import open_store; print(list(open_store(sys.argv[1], True).rows('r0')))"
    with store.transaction():
        store.append_rows("r0", 1, [{"loss": 0.25}])
        seen = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True).stdout
    assert seen == "[{'loss': 0.5}]\n"


def test_a_locked_database_is_told(store: SqlStore, path: Path) -> None:
    other = open_store(path, busy_s=0.05)
    with store.transaction():
        store.save([SWEEP])
        with pytest.raises(StoreError, match=r"besom #1%\.db: another process is writing"), other.transaction():
            other.save([TRIAL])
    with other.transaction():
        other.save([TRIAL])
    assert len(store.trials("abc")) == 1
    other.close()


def test_a_file_that_is_no_database_is_told_and_left_alone(path: Path) -> None:
    path.write_text("precious text, more than a header's length of it" * 100)
    with pytest.raises(StoreError, match="must be a SQLite database"):
        open_store(path)
    assert path.read_text().startswith("precious text")


def test_another_programs_database_is_told_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("create table customers (id)")
    with pytest.raises(StoreError, match=r"another one \(tables customers\)"):
        open_store(path)
    assert sqlite3.connect(path).execute("select name from sqlite_master").fetchall() == [("customers",)]


def test_a_newer_version_is_told(path: Path) -> None:
    open_store(path).close()
    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreError, match=r"up to version 0002, got version 9999; .*upgrade"):
        open_store(path)


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="look whether its folder exists"):
        open_store(tmp_path / "none" / "besom.db")
    with pytest.raises(StoreError, match="there is no database yet"):
        open_store(tmp_path / "besom.db", read_only=True)
    with pytest.raises(StoreError, match="SQLite file or PostgreSQL, got mysql"):
        open_store("mysql://localhost/besom")
    (tmp_path / "besom.db").touch()
    with pytest.raises(StoreError, match="got none"):
        open_store(tmp_path / "besom.db", read_only=True)


def test_the_migrations_make_the_same_tables_as_the_code(path: Path) -> None:
    fresh, migrated = create_engine("sqlite://"), create_engine("sqlite://")
    with fresh.begin() as one, migrated.begin() as other:
        schema.bring_up_to_date(one, "fresh")
        schema.migrate(other)
        query = "select type, name, tbl_name, sql from sqlite_master order by name"
        assert compare_metadata(MigrationContext.configure(other), tables.metadata) == []
        assert compare_metadata(MigrationContext.configure(one), tables.metadata) == []
        made = [" ".join(map(str, row)).split() for row in one.exec_driver_sql(query)]
        assert made == [" ".join(map(str, row)).split() for row in other.exec_driver_sql(query)]
        assert schema.version(other, "migrated") == schema.version(one, "fresh") == schema.VERSIONS[-1]


def test_the_known_versions_are_those_that_have_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == schema.VERSIONS


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:se/cret@h:port/db", "postgresql://u:***@h:port/db: a store is a path or"),
        ("postgresql://u@h:port/db?password=secret", "postgresql://u@h:port/db?password=***: a store is a path or"),
        ("mysql://u:secret@h/db", "mysql://u:***@h/db: a store is a SQLite file or PostgreSQL, got mysql"),
        ("post gres://u:s@ec:ret@h/db", "post gres://u:***@h/db: a store is a path or"),
        ("postgresql://u:secret@/db?host=/nowhere&sslpassword=s", r"u:***@/db?host=/nowhere&sslpassword=***: "),
    ],
)
def test_a_url_that_is_wrong_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert told in str(refused.value)


def test_opening_does_not_import_alembic(path: Path) -> None:
    script = (
        "import sys; from besom.store import open_store\n"
        "for _ in range(2): open_store(sys.argv[1]).close()\n"
        "print('alembic' in sys.modules)"
    )
    seen = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True).stdout
    assert seen == "False\n"


FILL_THE_DISK = """
import resource, signal, sys
from besom.errors import StoreError
from besom.store import open_store

store = open_store(sys.argv[1])
with store.transaction():
    store.append_rows("r0", 0, [{"loss": 1.0}])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    with store.transaction():
        store.append_rows("r0", 1, [{"loss": float(i)} for i in range(100_000)])
except StoreError as error:
    print(error)
print(list(store.rows("r0")))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
with store.transaction():
    store.append_rows("r0", 1, [{"loss": 2.0}])
print(list(store.rows("r0")))
"""


def check_a_full_disk(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, folder / "besom.db"], capture_output=True, text=True, check=True
    )
    told, kept, after = done.stdout.splitlines()
    assert "besom.db: the disk" in told
    assert "nothing of this was written" in told
    assert kept == "[{'loss': 1.0}]"
    assert after == "[{'loss': 1.0}, {'loss': 2.0}]"


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    check_a_full_disk(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_small_disk_that_fills_up_keeps_what_it_had(small_disk: Path) -> None:
    store = open_store(small_disk / "besom.db")
    with store.transaction():
        store.save([SWEEP, RUN])
    with pytest.raises(StoreError, match="the disk"), store.transaction():
        store.append_rows("r0", 0, [{"loss": i / 7} for i in range(200_000)])
    assert list(store.rows("r0")) == []
    with store.transaction():
        store.append_rows("r0", 0, [{"loss": 2.0}])
    assert list(store.rows("r0")) == [{"loss": 2.0}]
    store.close()


@contextmanager
def as_nobody_special() -> Iterator[None]:
    """As somebody who may not write everywhere: root is a user of no rights meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_database_that_may_not_be_written_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "besom.db"
        open_store(path).close()
        path.chmod(0o444)
        folder.chmod(0o555)
        try:
            with as_nobody_special(), pytest.raises(StoreError, match=r"must be writable|cannot be opened"):
                open_store(path)
        finally:
            folder.chmod(0o755)

"""A home that nothing can be written to: all that it holds can be read, and what would change it is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from besom.errors import NotWritable, StoreError
from besom.server.connect import connect
from besom.server.home import Home
from besom.server.reader import Reader
from besom.server.serve import serve_in_thread
from besom.service import Service
from besom.store import open_store
from besom.wire import Ask, Command, Finish, Hello, Report
from read_only import read_only

FILE = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": 3,
}
HELLO = Hello("a1", "agent", "host", 1, ())


def measure(service: Service) -> str:
    """The id of a sweep with a trial that has finished and one that is under way."""
    sweep = service.create_sweep(FILE)
    service.hello(HELLO)
    run: Any = service.ask(sweep.id, Ask("a1", "1"))
    service.report(Report(run.run_id, run.lease, 0, ({"loss": 0.5},)))
    service.finish(Finish(run.run_id, run.lease, "finished"))
    service.ask(sweep.id, Ask("a1", "2"))
    return sweep.id


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Home]:
    """A home with a sweep that was interrupted, read-only."""
    home = Home(tmp_path / "home")
    with connect(home=home) as service:
        measure(service)
    with read_only(home.path):
        yield home


def besom(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "BESOM_HOME": str(home)}
    command = [sys.executable, "-m", "besom", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, cwd=home.parent, timeout=120
    )


def test_all_that_a_read_only_home_holds_is_read(archive: Home) -> None:
    before = sorted(archive.path.iterdir())
    with connect(home=archive) as service:
        (sweep,) = service.sweeps()
        finished, under_way = service.trials(sweep.id)
        best = service.progress(sweep.id).best
        (run,) = service.runs(sweep.id, finished.number)
        assert [row["loss"] for row in service.rows(run.id)] == [0.5]
        assert [agent.id for agent in service.agents()] == ["a1"]
    assert str(under_way.state) == "running"
    assert best == finished
    assert sorted(archive.path.iterdir()) == before


def test_a_sweep_of_a_read_only_home_is_watched(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with connect(home=home) as service:
        service.command(measure(service), Command("cancel"))
    with read_only(home.path):
        done = besom(home.path, "watch", "--plain")
    assert (done.returncode, done.stderr) == (0, "")
    assert "trial 1 finished: loss 0.5" in done.stdout
    assert "sweep cancelled" in done.stdout


def test_a_reader_that_is_to_look_again_tells_what_others_wrote_meanwhile(tmp_path: Path) -> None:
    home, now = Home(tmp_path / "home"), 0.0
    with connect(home=home) as service:
        sweep_id = measure(service)
    reader = Reader(open_store(home.database, read_only=True), "no", lambda: now)
    assert reader.progress(sweep_id).sweep.state == "running"
    with connect(home=home) as service:
        service.command(sweep_id, Command("pause"))
    now = 10.0
    assert reader.progress(sweep_id).sweep.state == "running"
    reader.again_s = 2.0
    assert reader.progress(sweep_id).sweep.state == "paused"
    reader.store.close()


def test_what_would_change_a_read_only_home_is_refused_and_says_why(archive: Home) -> None:
    with connect(home=archive) as service:
        sweep = service.sweeps()[0].id
        for change in (
            lambda: service.command(sweep, Command("pause")),
            lambda: service.create_sweep(FILE),
            lambda: service.ask(sweep, Ask("a1", "3")),
            lambda: service.hello(HELLO),
        ):
            with pytest.raises(NotWritable, match=r"nothing was changed.*can only be read.*BESOM_HOME"):
                change()


def test_commands_that_read_do_so_and_others_end_with_one_error(archive: Home) -> None:
    for words in (["status"], ["best"], ["trials"], ["export"], ["report", "--output", "report.html"]):
        done = besom(archive.path, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout
    for words in (["pause"], ["add", "-c", "x=0.5"], ["server", "--port", "0"]):
        done = besom(archive.path, *words)
        assert done.returncode == 2, words
        assert str(archive.path) in done.stderr
        assert "Traceback" not in done.stderr


def test_what_a_killed_server_left_is_read_from_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    copy = tmp_path / "copy"
    with serve_in_thread(home) as server:
        measure(server.driver)
        shutil.copytree(home.path, copy)
    assert (copy / "besom.db-wal").stat().st_size
    with read_only(copy), connect(home=copy) as service:
        assert [str(trial.state) for trial in service.trials(service.sweeps()[0].id)] == ["finished", "running"]
    (copy / "besom.db-shm").unlink()
    with (
        read_only(copy),
        pytest.raises(StoreError, match=r"latest changes are in besom\.db-wal.*copy"),
        connect(home=copy),
    ):
        pass
    with connect(home=copy) as service:
        assert len(service.trials(service.sweeps()[0].id)) == 2


def test_where_there_is_nothing_to_read_either_the_reason_is_told(tmp_path: Path) -> None:
    with read_only(tmp_path), pytest.raises(StoreError, match="must be a folder to write in"):  # noqa: SIM117
        with connect(home=tmp_path / "home"):
            pass
    (tmp_path / "empty").mkdir()
    with read_only(tmp_path / "empty"), pytest.raises(NotWritable, match=r"server\.lock: cannot be opened"):  # noqa: SIM117
        with connect(home=tmp_path / "empty"):
            pass

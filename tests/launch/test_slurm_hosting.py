"""A job's part in having a server: it starts one only where there is none, and tells where it cannot."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from besom.launch.slurm import IN_JOB, Launch, hosting
from besom.launch.slurm.hosting import Host
from besom.server.home import Home
from besom.sweepfile import SlurmOptions


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    launch = Launch(tmp_path / "launch", "t0ken", "sweep1", tmp_path / "home", IN_JOB, "s3cret", SlurmOptions(), 0.0)
    launch.logs.mkdir(parents=True)
    launch.save()
    return launch


def looked_until(host: Host, truth: Callable[[], Any], now: float) -> float:
    """A steady clock's seconds when that has come true: a second for each look, and a little of our time."""
    until = time.monotonic() + 60
    while not truth():
        assert time.monotonic() < until
        now += 1.0
        host.look(now)
        time.sleep(0.02)
    return now


def test_a_job_serves_in_its_turn_and_not_where_another_does(launch: Launch):
    said: list[str] = []
    log = launch.server_log(3, 0)
    host = Host(launch, 3, log, os.environ, said.append)
    home = Home(launch.home)
    with home.own():
        for second in range(20):
            host.look(float(second))
    for second in range(20, 26):  # four seconds, and half a second for each agent before it
        host.look(float(second))
        assert not log.exists()
    looked_until(host, lambda: said, 25.0)
    found = home.find_server()
    assert found is not None
    assert said == [f"server: listens at {found.url}"]
    assert (found.token, home.is_marked) == ("s3cret", True)
    looked_until(host, host.is_up, 90.0)
    host.stop()
    assert (home.find_server(), home.is_marked, host.is_up()) == (None, False, False)


def test_a_server_that_cannot_start_is_given_up(launch: Launch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hosting, "_MOST_FAILURES", 0)
    launch.home.mkdir()
    (launch.home / "besom.db").write_text("no database at all, but a text")
    said: list[str] = []
    log = launch.server_log(0, 0)
    host = Host(launch, 0, log, os.environ, said.append)
    looked_until(host, lambda: host.has_failed, 0.0)
    assert said == [f"server: exit code 1; see {log}"]
    assert "must be a SQLite database" in log.read_text()

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_suite import FILE, assigned

from besom.client import Client
from besom.errors import BesomError, ServerUnreachable, StoreError, WrongState
from besom.server.connect import connect
from besom.server.driver import Driver
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from besom.wire import Ask, Assignment, Finish, Report

SERVE = """
import sys
from besom.server.home import Home
from besom.server.serve import Server, wait_for_signal
with Server(Home(sys.argv[1]), port=int(sys.argv[2])):
    print("up", flush=True)
    wait_for_signal()
"""


class Process:
    """A server in a process of its own, to be killed."""

    def __init__(self, home: Home, port: int) -> None:
        self._command = [sys.executable, "-c", SERVE, str(home.path), str(port)]
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(30)

    def restart(self) -> None:
        self.process = self._started()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    running = Process(Home(tmp_path / "home"), free_port())
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGKILL)


def story(client: Client, sweep_id: str, before_each: object = lambda: None) -> list[Assignment]:
    """Two trials, each message sent twice, with something done before each."""
    runs = []
    for number in range(2):
        answers = []
        for _ in range(2):
            before_each()
            answers.append(client.ask(sweep_id, Ask("a", f"r{number}")))
        run = answers[0]
        assert answers[1] == run
        assert isinstance(run, Assignment)
        for step in range(2):
            before_each()
            message = Report(run.run_id, run.lease, step, [{"loss": run.config["lr"] + step}])
            assert client.report(message).next_row == client.report(message).next_row == step + 1
        before_each()
        client.finish(Finish(run.run_id, run.lease, "finished"))
        runs.append(run)
    return runs


def test_killed_between_any_two_messages_the_story_is_the_same(tmp_path: Path, process: Process):
    home = Home(tmp_path / "home")
    found = home.find_server()
    assert found is not None

    def kill() -> None:
        process.end(signal.SIGKILL)
        process.restart()

    with Client(found.url) as client:
        killed = story(client, client.create_sweep(FILE).id, kill)
        (sweep,) = client.sweeps()
        trials = client.trials(sweep.id)
        assert [client.rows(run.run_id) for run in killed] == [
            [{"loss": run.config["lr"]}, {"loss": run.config["lr"] + 1}] for run in killed
        ]
    with serve_in_thread(Home(tmp_path / "other")) as server, Client(server.address) as client:
        quiet = story(client, client.create_sweep(FILE).id)
    assert [(run.trial, run.config, run.seed) for run in killed] == [(run.trial, run.config, run.seed) for run in quiet]
    assert [trial.number for trial in trials] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_server_in_order(tmp_path: Path, process: Process, number: int):
    home = Home(tmp_path / "home")
    found = home.find_server()
    assert found is not None
    with Client(found.url) as client:
        sweep = client.create_sweep(FILE)
        assert process.end(number) == 0
    assert home.find_server() is None
    with connect(home=home) as service:
        assert service.sweep(sweep.id) == sweep


def test_a_port_in_use_is_told(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WrongState, match=f"127.0.0.1:{port}"):
            Server(Home(tmp_path), port=port).start()
    with serve_in_thread(Home(tmp_path), port=port) as server:  # and the home was let go of
        assert server.port == port


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.1", 0), ("no such host", 0)])
def test_an_address_that_cannot_be_listened_on_is_told(tmp_path: Path, host: str, port: int):
    with pytest.raises(BesomError):
        Server(Home(tmp_path), host=host, port=port).start()


def test_a_home_that_is_no_folder_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Server(Home(tmp_path / "file" / "home")).start()


def test_a_second_server_on_one_home_is_told_where_the_first_is(tmp_path: Path, server: Server):
    with pytest.raises(WrongState, match=server.address):
        Server(server.home).start()


def test_connecting_finds_the_homes_server_or_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BESOM_SERVER", raising=False)
    home = Home(tmp_path)
    with connect(home=home.path) as service:
        assert isinstance(service, Driver)
        sweep = service.create_sweep(FILE)
    with serve_in_thread(home, token="secret") as server:  # noqa: S106 - what is tested
        with connect(home=home) as service:
            assert isinstance(service, Client)
            assert service.sweeps() == [sweep]
        monkeypatch.setenv("BESOM_SERVER", server.address)
        monkeypatch.setenv("BESOM_TOKEN", "secret")
        with connect(home=tmp_path / "other") as service:
            assigned(service, sweep.id)
    with connect(f"http://127.0.0.1:{free_port()}") as service:
        assert isinstance(service, Client)
        service._patience_s = 0.1
        with pytest.raises(ServerUnreachable):
            service.sweeps()


def test_connecting_lets_go_of_the_home_after_an_error(tmp_path: Path):
    with pytest.raises(KeyError), connect(home=tmp_path):
        raise KeyError
    started = time.monotonic()
    with connect(home=tmp_path):
        assert time.monotonic() - started < 5

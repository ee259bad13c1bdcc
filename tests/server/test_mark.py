"""A home that machines share whose locks do not reach each other: one serves it at a time, the others find it.

A machine here is a mount and a UTS namespace of its own: another lock file, another name.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from socket import gethostname

import pytest

from besom.cli.heir import Heir
from besom.client import Client
from besom.errors import ServerUnreachable, StoreError, WrongState
from besom.launch.slurm import IN_JOB, Launch
from besom.launch.slurm.hosting import Host
from besom.records import Agent
from besom.server import locks
from besom.server import mark as marks
from besom.server import serve as serving
from besom.server.connect import connect
from besom.server.home import Home
from besom.server.mark import Claim, Mark, Owner, Stethoscope
from besom.server.serve import serve_in_thread
from besom.store import open_store
from besom.sweepfile import SlurmOptions
from polling import eventually

CAN_PART = os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "--uts", "true"], check=False).returncode == 0

SERVER = """
import signal, sys, threading
from besom.server.home import Home
from besom.server.serve import serve_in_thread
told = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: told.set())
with serve_in_thread(Home(sys.argv[1]), token="t", is_shared=True) as served:
    print(served.address, flush=True)
    told.wait()
print(served.lost or "ended", flush=True)
"""
ELSEWHERE = 'mount --bind "$1" "$2/server.lock" && hostname "$3" && shift 3 && exec "$@"'
"""In a mount and a UTS namespace: the home's lock is another file, and the machine has another name."""
TOKEN = "of the successor"  # noqa: S105 - a test's
FILE = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "run_cap": 3}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    (home.path / "server.lock").touch()
    return home


Serve = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def serve(home: Home, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server of the home on another machine, which listens when this returns."""
    if not CAN_PART:
        pytest.skip("needs root, and namespaces")
    started = []

    def start(name: str, *parted: str) -> subprocess.Popen[str]:
        lock = tmp_path / f"lock-{name}"
        lock.touch()
        words = ["unshare", "--mount", "--uts", *parted, "sh", "-c", ELSEWHERE, "sh", str(lock), str(home.path), name]
        server = subprocess.Popen([*words, sys.executable, "-c", SERVER, home.path], stdout=subprocess.PIPE, text=True)
        started.append(server)
        assert server.stdout is not None
        assert server.stdout.readline().startswith("http://")
        return server

    yield start
    for server in started:
        server.kill()
        server.communicate()


def test_an_owner_is_dead_when_its_pulse_stands_still_while_somebody_listens(tmp_path: Path) -> None:
    mark, owner = Mark(tmp_path), Owner("a", "node1", 7)
    mark.write(owner)
    ear = Stethoscope(mark)
    assert [ear.is_dead(owner, now) for now in (100.0, 101.0, 5000.0)] == [False, False, False]  # it slept, too
    mark.beat(owner, 1)
    assert not ear.is_dead(owner, 5001.0)
    assert ear.has_heard_life
    quiet = [ear.is_dead(owner, 5001.0 + second) for second in range(1, 13)]
    assert quiet == [False] * 11 + [True]
    assert not ear.is_dead(Owner("b", "node1", 8), 6000.0)


def test_what_an_owner_writes_after_another_took_over_is_not_kept(tmp_path: Path) -> None:
    mark, owner = Mark(tmp_path), Owner("a", "node1", 7)
    mark.write(owner)
    store = open_store(tmp_path / "besom.db", fence=Claim(mark, owner).check)
    before = Agent("one", "one", "node1", 1, (), 0.0, 0.0)
    with store.transaction():
        store.save([before])
    mark.write(Owner("b", "node2", 8))
    with pytest.raises(StoreError, match="another has taken over"), store.transaction():
        store.save([replace(before, id="two")])
    assert [agent.id for agent in store.agents()] == ["one"]
    store.close()
    mark.remove(owner)
    assert mark.read() == Owner("b", "node2", 8)


def test_a_home_that_another_machine_serves_is_found_and_not_owned_here(
    home: Home, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("node1")
    assert not home.is_vacant()
    with connect(home=home) as service:
        sweep = service.create_sweep(FILE).id
    assert not Path(f"{home.database}-wal").exists()
    with pytest.raises(WrongState, match=f"process {server.pid} on node1 at http"), home.own():
        pass
    server.kill()
    server.wait()
    assert home.find_server() is not None
    monkeypatch.setattr(marks, "SILENT_S", 1.0)
    with connect(home=home) as service:  # it is silent: this process owns the home
        assert [each.id for each in service.sweeps()] == [sweep]
    assert sorted(path.name for path in home.path.glob("owner*")) == []


def test_a_server_that_was_taken_for_dead_ends_and_writes_nothing_more(
    home: Home, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("node1")
    found = home.find_server()
    assert found is not None
    server.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(marks, "SILENT_S", 1.0)
    eventually(home.is_vacant)
    with serve_in_thread(home, token=TOKEN, is_shared=True) as successor:
        server.send_signal(signal.SIGCONT)
        with pytest.raises((StoreError, ServerUnreachable)):
            Client(found.url, found.token, patience_s=0.0).create_sweep(FILE)
        told, _ = server.communicate(timeout=60)
        assert "another has taken over" in told
        with connect(home=home) as service:
            assert service.sweeps() == []
        own = replace(found, url=successor.address, token=TOKEN, pid=os.getpid(), host=gethostname())
        assert home.published() == own


def test_a_server_out_of_reach_is_named(home: Home, serve: Serve) -> None:
    serve("node1", "--net")
    with pytest.raises(ServerUnreachable, match="it runs on node1"), connect(home=home):
        pass


def test_a_server_that_was_killed_elsewhere_is_followed_by_servers_and_by_commands(
    home: Home, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "SILENT_S", 1.0)
    for name, follow in (("node1", _served), ("node2", _inherited)):
        server = serve(name)
        dead = home.find_server()
        assert dead is not None
        assert dead.is_lasting
        server.kill()
        server.wait()
        assert home.find_server() == dead
        assert follow(home) not in ("", dead.url)


def _served(home: Home) -> str:
    with serve_in_thread(Home(home.path)) as served:
        return served.address


def _inherited(home: Home) -> str:
    with Heir(Home(home.path), None) as heir:
        return heir.begin()[0]


def test_a_living_server_elsewhere_keeps_another_from_starting(
    home: Home, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("node1")
    monkeypatch.setattr(serving, "_HANDOVER_S", 60.0)
    began = time.monotonic()
    with pytest.raises(WrongState, match=f"process {server.pid} on node1"), serve_in_thread(Home(home.path)):
        pass
    assert time.monotonic() - began < 30


def test_once_shared_a_home_is_marked_and_fenced_by_each_owner(home: Home, serve: Serve) -> None:
    serve("node1").send_signal(signal.SIGTERM)
    eventually(home.is_vacant)
    with connect(home=home) as service:
        owner = Mark(home.path).read()
        assert owner is not None
        assert (owner.pid, home.is_marked) == (os.getpid(), False)
        service.create_sweep(FILE)
        assert not Path(f"{home.database}-wal").exists()
        Mark(home.path).write(Owner("b", "node2", 8))
        with pytest.raises(StoreError, match="another has taken over"):
            service.create_sweep(FILE)
    assert Mark(home.path).read() == Owner("b", "node2", 8)


def test_a_mark_that_cannot_be_read_for_a_while_ends_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "BEAT_S", 0.02)
    monkeypatch.setattr(marks, "_SETTLE_S", 0.0)
    lost: list[str] = []
    mark, kept, loop = home.path / "owner.json", home.path / "kept", home.path / "loop"
    host = Host(launch_of(home), 0, home.path / "log", os.environ, lost.append)
    with home.own(lost.append, is_shared=True) as fence:
        assert fence is not None
        (pulse,) = home.path.glob("owner-*.pulse")
        kept.hardlink_to(mark)
        loop.symlink_to(mark.name)
        loop.replace(mark)  # at no moment is there none
        beats = pulse.read_text()
        eventually(lambda: pulse.read_text() != beats)
        with pytest.raises(StoreError, match=r"owner.json: must be readable.*got: Too many levels"):
            fence()
        (home.path / "server.lock").rename(home.path / "lock")  # as another machine sees it
        with pytest.raises(StoreError, match="must be readable"):
            home.find_server()
        host.look(0.0)
        (home.path / "lock").rename(home.path / "server.lock")
        assert lost == []
        kept.replace(mark)
        fence()
        monkeypatch.setattr(marks, "SILENT_S", 0.1)
        loop.symlink_to(mark.name)
        loop.replace(mark)
        eventually(lambda: lost)
    assert "must be readable" in lost[0]


def launch_of(home: Home) -> Launch:
    return Launch(home.path / "launch", "t0ken", "sweep1", home.path, IN_JOB, "s3cret", SlurmOptions(), 0.0)


def test_a_stale_handle_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, owner = Mark(tmp_path), Owner("a", "node1", 7)
    mark.write(owner)
    read, stale = Path.read_text, [OSError(errno.ESTALE, "Stale file handle")] * 2

    def reading(path: Path, encoding: str) -> str:
        if stale:
            raise stale.pop()
        return read(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", reading)
    assert mark.read() == owner
    stale += [OSError(errno.ESTALE, "Stale file handle")] * 3
    with pytest.raises(StoreError, match="Stale file handle"):
        mark.read()


FULL = """
import pathlib, subprocess, sys
from besom.server.mark import Mark, Owner
folder = pathlib.Path(sys.argv[1])
mark, owner = Mark(folder), Owner("a", "node1", 7)
mark.write(owner)
words = ["sh", "-c", 'while :; do cat /dev/zero; done 2>/dev/null >>"$1"', "sh", str(folder / "rest")]
filling = subprocess.Popen(words)  # takes at once what room there is
try:
    for count in range(3000):
        mark.beat(owner, count)
finally:
    filling.kill()
print(int(mark.pulse(owner)))
"""


@pytest.mark.skipif(not CAN_PART, reason="needs root, and namespaces")
def test_a_pulse_goes_on_where_the_disk_is_full(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "--mount", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, FULL]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == "2999\n"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_without_locks_the_mark_decides_on_one_machine_too(
    home: Home, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no_locks(descriptor: int, kind: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks.fcntl, "flock", no_locks)
    monkeypatch.setattr(marks, "_SETTLE_S", 0.0)
    with serve_in_thread(home, is_lasting=False) as served:
        other = Home(home.path)
        found = other.find_server()
        assert found is not None
        assert found.url == served.address
        with pytest.raises(WrongState, match=f"process {os.getpid()} on"), other.own():
            pass
    assert home.find_server() is None
    dead = subprocess.Popen(["true"])
    dead.wait()
    Mark(home.path).write(Owner("a", gethostname(), dead.pid))
    with home.own():
        pass
    elsewhere = Home(home.path, str(home.path.parent / "besom.db"))
    with pytest.raises(StoreError, match="must be on a file system with locks"), elsewhere.own():
        pass

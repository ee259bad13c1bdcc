"""One server owns a home; clients find it; nobody finds a dead one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from besom.errors import StoreError, WrongState
from besom.server.home import Home, home_of, new_sweep_id

OWNER = """
import sys, time
from besom.server.home import Home
home = Home(sys.argv[1])
with home.own():
    home.publish("http://127.0.0.1:1234", "secret")
    print("owns", flush=True)
    sys.stdin.read()
"""


def test_clients_find_the_owner_and_nobody_else_owns(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert home.find_server() is None
    with home.own():
        assert home.find_server() is None
        home.publish("http://127.0.0.1:1234", "secret")
        found = Home(home.path).find_server()
        assert found is not None
        assert (found.url, found.token) == ("http://127.0.0.1:1234", "secret")
        assert (home.path / "server.json").stat().st_mode & 0o777 == 0o600
        with pytest.raises(WrongState, match=rf"process {found.pid} .*at http://127.0.0.1:1234"), home.own():
            pass
    assert home.find_server() is None
    with home.own():
        pass


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"owns\n"
    assert home.find_server() is not None
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert (tmp_path / "server.json").exists()
    assert home.find_server() is None
    with home.own():
        assert not (tmp_path / "server.json").exists()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="must be a folder to write in"), Home(tmp_path / "file" / "home").own():
        pass


def test_the_environment_names_the_default_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESOM_HOME", str(tmp_path))
    assert home_of().database == tmp_path / "besom.db"
    assert home_of().checkpoints("abc", 3, 1) == tmp_path / "sweeps" / "abc" / "checkpoints" / "3-1"


def test_sweep_ids_are_eight_letters_or_digits() -> None:
    assert new_sweep_id(random.Random(1).choice) == new_sweep_id(random.Random(1).choice)
    assert new_sweep_id() != new_sweep_id()
    assert all(c.islower() or c.isdigit() for c in new_sweep_id())
    assert len(new_sweep_id()) == 8

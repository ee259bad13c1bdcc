"""A server found by the file that it publishes, also where it comes back elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from besom.cli.connection import joined
from besom.errors import ServerUnreachable
from besom.server import connect as connecting
from besom.server.connect import connect
from besom.server.home import Home
from besom.server.serve import serve_in_thread

FILE = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
FIRST, SECOND = "of the first", "of the second"


def test_a_client_follows_the_server_and_so_do_scripts(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    file = str(home.path / "server.json")
    with serve_in_thread(home, token=FIRST) as first:
        joining = joined(file, None, None)
        service, environment = joining.__enter__()
        sweep = service.create_sweep(FILE)
        assert environment == {"BESOM_SERVER": first.address, "BESOM_TOKEN": FIRST}
    with serve_in_thread(home, token=SECOND) as second:
        assert first.address != second.address
        assert service.sweep(sweep.id).id == sweep.id
        assert environment == {"BESOM_SERVER": second.address, "BESOM_TOKEN": SECOND}
        with connect(file) as other:
            assert [each.id for each in other.sweeps()] == [sweep.id]
    joining.__exit__(None, None, None)


def test_a_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_CLIENT_PATIENCE_S", 0.1)
    file = str(tmp_path / "server.json")
    with pytest.raises(ServerUnreachable, match=f"{file}: a besom server must have published"), connect(file):
        pass

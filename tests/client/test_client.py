from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "server"))
from service_suite import FILE, ServiceSuite, assigned

from besom.client import Client
from besom.errors import ServerError, ServerUnreachable
from besom.server.home import Home
from besom.server.serve import serve_in_thread
from besom.wire import Report


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Client]:
    with serve_in_thread(Home(tmp_path / "home")) as server, Client(server.address) as client:
        yield client


class TestClient(ServiceSuite):
    pass


def test_nothing_that_answers_is_told_after_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pauses: list[float] = []
    with (
        Client(f"http://127.0.0.1:{port}", patience_s=0.3, sleep=pauses.append) as client,
        pytest.raises(ServerUnreachable, match=str(port)),
    ):
        client.sweeps()
    assert len(pauses) > 1


def test_a_client_outlives_a_restart_of_its_server(tmp_path: Path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home) as server:
        client, port = Client(server.address), server.port
        run = assigned(client, client.create_sweep(FILE).id)
    receipts = []
    message = Report(run.run_id, run.lease, 0, [{"loss": 1.0}])
    reporting = threading.Thread(target=lambda: receipts.append(client.report(message)))
    reporting.start()
    with serve_in_thread(home, port=port):
        reporting.join(30)
        assert receipts[0].next_row == 1
        client.close()


def test_another_program_at_the_address_is_told():
    class Reply(threading.Thread):
        def run(self):
            connection, _ = listening.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Reply(daemon=True).start()
        with Client(f"http://127.0.0.1:{listening.getsockname()[1]}") as client, pytest.raises(ServerError):
            client.sweeps()


def test_an_address_that_is_none_is_told():
    with pytest.raises(ServerUnreachable, match="http://host:port"):
        Client("localhost:80")


def test_the_clients_module_is_imported_without_httpx():
    code = "import sys, besom.client; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

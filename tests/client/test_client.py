from __future__ import annotations

import re
import socket
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "server"))
from service_suite import FILE, ServiceSuite, assigned

import besom
from besom.client import Client
from besom.errors import NotAllowed, ServerError, ServerUnreachable
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


@pytest.mark.parametrize("address", ["http://host:port", "http://:1", "ftp://host:1"])
def test_a_port_or_scheme_that_is_none_is_told(address: str):
    with pytest.raises(ServerUnreachable, match="correct it"):
        Client(address)


def test_what_may_have_arrived_is_sent_again_only_if_that_changes_nothing():
    asked: list[bytes] = []

    def hang_up():
        with suppress(OSError):  # the test is over
            for _ in range(3):
                connection, _ = listening.accept()
                asked.append(connection.recv(10_000).split()[1])
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=hang_up, daemon=True).start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with Client(address, patience_s=5, sleep=lambda _: None) as client, pytest.raises(ServerUnreachable):
            client.create_sweep(FILE)
        assert asked == [b"/api/v1/sweeps"]
        with Client(address, patience_s=0.04, sleep=lambda _: None) as client, pytest.raises(ServerUnreachable):
            client.agents()
        assert asked[1:] == [b"/api/v1/agents"]


def test_a_connection_that_the_server_ended_is_not_used_again():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    let_go = threading.Event()

    def serve():
        for _ in range(2):
            connection, _ = listening.accept()
            connection.recv(10_000)
            connection.sendall(answer)
            connection.close()
            let_go.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        with Client(f"http://127.0.0.1:{listening.getsockname()[1]}", patience_s=0) as client:
            assert client.sweeps() == []
            assert let_go.wait(30)
            assert client.sweeps() == []  # without patience: it was not tried on the old one


def test_a_server_that_came_back_elsewhere_is_found(tmp_path: Path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home) as gone:
        sweep = gone.driver.create_sweep(FILE)
        address = gone.address
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        serve_in_thread(home, port=port, token="secret") as back,  # noqa: S106 - what is tested
        Client(address, patience_s=5, find=lambda: (back.address, "secret")) as client,
    ):
        assert client.sweeps() == [sweep]
        assert client.address == back.address


TOKEN = "sesame"  # noqa: S105 - of a test
PYTHON_PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
REPORT_PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text()


def code_with(page: str, line: str) -> str:
    """The block of code in a page that has the line."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.MULTILINE)
    return textwrap.dedent(next(block for block in blocks if line in block))


@pytest.mark.parametrize("page", [PYTHON_PAGE, REPORT_PAGE], ids=["python.md", "report.md"])
@pytest.mark.parametrize("is_served", [False, True], ids=["from its database", "from its server"])
def test_what_a_home_has_is_read_and_drawn_as_the_documentation_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, is_served: bool
):
    monkeypatch.delenv("BESOM_SERVER", raising=False)
    monkeypatch.setenv("BESOM_HOME", str(tmp_path))
    with serve_in_thread(Home(tmp_path)) as server:
        server.driver.create_sweep(FILE)
    serving = serve_in_thread(Home(tmp_path)) if is_served else nullcontext()
    known = {"besom": besom}
    with serving:
        exec(code_with(page, "with besom.connect()"), known)  # noqa: S102 - our own pages
    assert isinstance(known["picture"], besom.plot.Picture)


def test_a_servers_address_and_token_give_its_service(tmp_path: Path):
    with serve_in_thread(Home(tmp_path), token=TOKEN) as server:
        sweep = server.driver.create_sweep(FILE)
        with besom.connect(server.address, token=TOKEN) as service:
            assert service.sweeps() == [sweep]
        with besom.connect(server.address, "wrong") as service, pytest.raises(NotAllowed):
            service.sweeps()

"""A besom server and W&B's client, for each test file. BESOM_WANDB_PYTHON names the Python that has the client."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_bench import PYTHON, Bench, Client, ServerProcess, client_version, key_of

from besom.server.home import Home
from besom.server.serve import serve_in_thread


@pytest.fixture(autouse=True, scope="session")
def _has_client() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background, and scripts would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not client_version():
        pytest.skip(f"{PYTHON} has no wandb; BESOM_WANDB_PYTHON names one that has, scripts/test-wandb makes some")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server and client for the tests of a file."""
    folder = tmp_path_factory.mktemp("wandb")
    with serve_in_thread(Home(folder / "home")) as server:
        client = Client(folder / "client", server.address, key_of(server))
        yield Bench(server, client)
        client.kill_everything()


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that may be killed."""
    server = ServerProcess(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def killable(tmp_path: Path, server_process: ServerProcess) -> Iterator[Client]:
    """A client of that server."""
    client = Client(tmp_path / "client", server_process.address)
    yield client
    client.kill_everything()

"""A real server with sweeps to look at, and a browser that notes whatever pages say, ask for and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sweeps_to_see import FILE, Trainer, ended_sweep
from visits import LISTEN, PATIENCE_MS, Visits

from besom.client import Client
from besom.records import Sweep
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from besom.service import Service

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What the pages of most tests come from."""
    with serve_in_thread(Home(tmp_path_factory.mktemp("dashboard"))) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[Client]:
    """How agents and people's programs speak to it."""
    with Client(server.address) as client:
        yield client


@pytest.fixture(scope="session")
def ended(server: Server) -> Sweep:
    """A sweep that is over, with trials that finished, were stopped and failed. Nobody changes it."""
    return ended_sweep(server.driver)


@pytest.fixture
def sweep(client: Client) -> Sweep:
    """A sweep that runs, without a trial yet; of the test's own."""
    return client.create_sweep(FILE)


@pytest.fixture
def trainer(client: Client, sweep: Sweep) -> Trainer:
    """An agent that runs what it is given of `sweep`, as far as the test says."""
    return Trainer(client, sweep.id)


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[BrowserContext]:
    """Its windows that have nothing special about them: what one has loaded, the next need not."""
    context = browser.new_context()
    context.add_init_script(LISTEN)
    yield context
    context.close()


@pytest.fixture
def visit(shared: BrowserContext, server: Server) -> Iterator[Visits]:
    """Opens pages; at the end, nothing may have gone wrong in them."""
    visits = Visits(shared, server.address)
    yield visits
    visits.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, with nothing in it."""
    with serve_in_thread(Home(tmp_path / "home")) as running:
        yield running


@pytest.fixture
def visit_own(shared: BrowserContext, own_server: Server) -> Iterator[Visits]:
    """Opens pages of `own_server`, and closes them before it ends."""
    visits = Visits(shared, own_server.address)
    yield visits
    visits.close()


@pytest.fixture
def state_of(client: Service) -> Callable[[Sweep], str]:
    """What the server says that the state of a sweep is."""
    return lambda sweep: client.sweep(sweep.id).state.value

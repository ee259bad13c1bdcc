"""One real cluster and one server a session, and a place with a home and sweeps for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, is_installed
from slurm_place import Place

from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not is_installed():
        pytest.skip("needs root and Debian's packages slurmctld, slurmd, slurm-client and munge")
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, idle at first and idle in the end."""
    yield running_cluster
    running_cluster.clear()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that stays up, on the loopback that all the nodes share."""
    with serve_in_thread(Home(tmp_path_factory.mktemp("home"))) as served:
        yield served


@pytest.fixture
def place(cluster: Cluster, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place at that server."""
    place = Place(tmp_path, server.home.path, cluster)
    place.enter(monkeypatch)
    yield place
    cluster.clear()


@pytest.fixture
def unserved(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place whose home nobody serves."""
    place = Place(tmp_path, tmp_path / "home", cluster)
    place.enter(monkeypatch)
    yield place
    cluster.clear()

"""One real cluster a session, and a place with a server, sweeps and a home for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, is_installed
from slurm_place import Place


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


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, cluster)
    place.serve()
    try:
        yield place
    finally:
        cluster.clear()
        place.close()

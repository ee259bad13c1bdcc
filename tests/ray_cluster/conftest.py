"""One real cluster a session, and a place with a server, a sweep and a home for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_place import RayPlace
from two_nodes import TwoNodes


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[TwoNodes]:
    pytest.importorskip("ray", reason="needs Ray: scripts/test-ray")
    cluster = TwoNodes()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def place(two_nodes: TwoNodes, tmp_path: Path) -> Iterator[RayPlace]:
    place = RayPlace(tmp_path, two_nodes)
    try:
        yield place
    finally:
        two_nodes.clear()
        place.close()

"""A server of a test's own: real uvicorn on a free port, a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path / "home")) as running:
        yield running

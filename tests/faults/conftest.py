"""Fixtures: a bench that leaves no process behind, and sweeps that nobody breaks, to compare with.

Faults are tested on SQLite, those in which the store matters on PostgreSQL too. With BESOM_TEST_STORE=postgres all are
tested on that, but for those that need a disk of the home's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_bench import Bench


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    store = getattr(request, "param", os.environ.get("BESOM_TEST_STORE", "sqlite"))
    bench = Bench(tmp_path, store=request.getfixturevalue("postgres").create() if store == "postgres" else None)
    yield bench
    bench.kill_everything()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[tuple[int, Any, Any, str]]]:
    """What comes of a sweep that nobody breaks, by the same arguments as `Bench.write`; each is run once."""
    known: dict[str, list[tuple[int, Any, Any, str]]] = {}

    def story(**arguments: Any) -> list[tuple[int, Any, Any, str]]:
        key = json.dumps(arguments, sort_keys=True)
        if key not in known:
            bench = Bench(tmp_path_factory.mktemp("undisturbed"))
            bench.write(**arguments)
            bench.run("run", str(bench.file), "--agents", "1", "--no-report")
            known[key] = bench.suggestions()
        return known[key]

    return story

"""How long an agent waits for a configuration where ten thousand trials have ended."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generated_sweep import fill
from benchmarks.result import Row
from benchmarks.serving import server
from besom.client import Client
from besom.server.home import Home
from besom.store import open_store
from besom.wire import Ask, Assignment, Finish, Hello, Report

TRIALS, ASKS = 10_000, 40


def rows(limit_ms: float) -> Iterator[Row]:
    """A row for each method: the median of its asks, each after one more trial has ended."""
    for method in ("random", "bayes"):
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(Home(folder).database)
            fill(store, "filled", TRIALS, 1, is_running=True, method=method)
            store.close()
            with server(Path(folder)) as (address, _), Client(address) as client:
                median_ms = 1e3 * statistics.median(_asks_s(client))
        yield Row(f"median ask after {TRIALS:,} trials, {method}, ms", median_ms, limit_ms)


def _asks_s(client: Client) -> list[float]:
    client.hello(Hello("agent", "agent", "here", os.getpid()))
    took: list[float] = []
    for number in range(ASKS):
        began = time.perf_counter()
        run = client.ask("filled", Ask("agent", str(number)))
        took.append(time.perf_counter() - began)
        assert isinstance(run, Assignment)
        client.report(Report(run.run_id, run.lease, 0, ({"epoch": 1, "val/loss": run.config["dropout"]},)))
        client.finish(Finish(run.run_id, run.lease, "finished"))
    return took

"""A million points in, through the agents' own way, and a curve out."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.agent.output import Output
from besom.agent.shipping import Shipper
from besom.agent.spool import Spool
from besom.client import Client
from besom.wire import Ask, Assignment, Finish, Hello

POINTS, RUNS, METRICS = 1_000_000, 10, 4
ROWS = POINTS // RUNS // METRICS
SWEEP = {
    "method": "random",
    "metric": {"name": "m0", "goal": "minimize"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": RUNS,
    "besom": {"seed": 1},
}


def measure() -> Result:
    """Points a second from the run's file into the database, and milliseconds to read a whole run's curve back."""
    with server() as (address, _), Client(address) as client, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        path.write_text("".join(_line(step) for step in range(ROWS)))
        sweep_id = client.create_sweep(SWEEP).id
        client.hello(Hello("agent", "agent", "here", os.getpid()))
        seconds = 0.0
        for number in range(RUNS):
            run = client.ask(sweep_id, Ask("agent", str(number)))
            assert isinstance(run, Assignment)
            shipper = Shipper(client, run.run_id, run.lease, Spool(path), Output(Path(folder, "output.log")))
            began = time.perf_counter()
            while shipper.has_rest():
                shipper.ship({}, {}, is_final=True)
            client.finish(Finish(run.run_id, run.lease, "finished"))
            seconds += time.perf_counter() - began
        runs = client.runs(sweep_id)
        assert [each.rows for each in runs] == [ROWS] * RUNS
        reads = [_read_s(client, sweep_id, each.trial) for each in runs]
    return Result(
        f"{POINTS:,} logged points",
        f"{RUNS} runs of {ROWS:,} rows with {METRICS} metrics each, one agent after the other; SQLite, one server.",
        (
            Row("points in, 1/s", POINTS / seconds, 20_000, more_is_better=True),
            Row("a trial's curve out, median, ms", 1e3 * statistics.median(reads), 50),
        ),
    )


def _line(step: int) -> str:
    metrics = {f"m{number}": 1 / (step + number + 1) for number in range(METRICS)}
    return json.dumps({"_step": step, "_timestamp": 1.7e9 + step, "_runtime": float(step), **metrics}) + "\n"


def _read_s(client: Client, sweep_id: str, trial: int) -> float:
    began = time.perf_counter()
    (curve,) = client.curves(sweep_id, "m0", trial=trial)
    assert len(curve.y) > 100
    return time.perf_counter() - began

"""What an agent adds to each trial, beyond the program's own time."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise

from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.client import Client

TRIALS = 60
PROGRAM = ["/bin/sh", "-c", "sleep 0.05; echo loss=1"]
SWEEP = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "command": PROGRAM,
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": TRIALS,
    "besom": {"seed": 1, "metrics": [{"regex": r"loss=(?P<loss>\S+)"}], "resources": {"gpus": 0}},
}


def measure() -> Result:
    """Milliseconds from one trial's start to the next's, less what the program takes without besom."""
    own = _own_s()
    with server() as (address, home), Client(address) as client:
        sweep_id = client.create_sweep(SWEEP).id
        agent = [sys.executable, "-m", "besom", "agent", sweep_id]
        environment = {**os.environ, "BESOM_HOME": str(home), "BESOM_SERVER": address}
        subprocess.run(agent, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        starts = sorted(run.started_at for run in client.runs(sweep_id))
    assert len(starts) == TRIALS
    apart = [later - earlier for earlier, later in pairwise(starts)]
    return Result(
        "Agent",
        f"{TRIALS} trials, one after the other, of a shell script that takes {1e3 * own:.0f} ms by itself.",
        (
            Row("overhead a trial, mean, ms", 1e3 * (statistics.mean(apart) - own), 60),
            Row("overhead a trial, median, ms", 1e3 * (statistics.median(apart) - own), 60),
        ),
    )


def _own_s() -> float:
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run(PROGRAM, capture_output=True, check=True)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)

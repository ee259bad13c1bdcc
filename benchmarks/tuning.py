"""What `besom.tune` costs a trial where the function costs nothing."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import Any

import besom
from benchmarks.peers.environment import optuna
from benchmarks.result import Result, Row

TRIALS = 1_000
REPEATS = 3


def measure() -> Result:
    """Milliseconds a trial of random search over four parameters, median of three searches."""
    peer = [str(optuna()), "-m", "benchmarks.peers.optuna_tune", str(TRIALS)]
    theirs = [float(subprocess.run(peer, capture_output=True, text=True, check=True).stdout) for _ in range(REPEATS)]
    ours = [_seconds() for _ in range(REPEATS)]
    return Result(
        "besom.tune, random search",
        f"{TRIALS:,} trials of a function that costs nothing, four parameters, in memory; median of {REPEATS}.",
        (Row("a trial, ms", 1e3 * statistics.median(ours), 2, 1e3 * statistics.median(theirs)),),
        peer="Optuna",
    )


def _seconds() -> float:
    sweep: dict[str, Any] = {
        "method": "random",
        "metric": {"name": "sum", "goal": "minimize"},
        "run_cap": TRIALS,
        "parameters": {name: {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0} for name in "abcd"},
        "besom": {"seed": 1},
    }
    began = time.perf_counter()
    tuned = besom.tune(lambda config: sum(config.values()), sweep)
    seconds = time.perf_counter() - began
    assert len(tuned.trials) == TRIALS
    return seconds / TRIALS

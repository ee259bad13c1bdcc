"""What deciding costs: CPU milliseconds of an ask with refit and of a decision on a curve, CPU seconds of imports."""

from __future__ import annotations

import json
import os
import statistics
import subprocess

from benchmarks.peers.environment import ROOT
from benchmarks.search.environments import python_for
from benchmarks.search.filled import TOOLS
from benchmarks.search.roster import entry
from benchmarks.search.sheet import Sheet

PARAMETERS = 10
SIZES = (25, 100, 400)
MANY = 10_000
CURVES = 64
_DECISIONS = 60
_LEAST_MS = 1.0  # a report that the engine answers by itself is no decision
_ASKS = {25: 10, 100: 10, 400: 5, MANY: 3}
_LIMITS_MS = {100: 20, 400: 90, MANY: 500}
_LIMIT_OF_DECISION_MS = 12
_TOO_SLOW_FOR_MANY = "optuna-gpsampler"
_IMPORTS = {
    "besom": "import besom.search; besom.search.load_strategy('bayes'); from besom import Tuner",
    "optuna-tpe": "import optuna; optuna.samplers.TPESampler()",
    "optuna-gpsampler": "import optuna; optuna.samplers.GPSampler()",
    "wandb-bayes": "import sweeps, sweeps.bayes_search",
}
_IMPORT_REPEATS = 5
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def measure() -> Sheet:
    """Median CPU milliseconds of ask and tell at each number of told trials, and CPU seconds of the import."""
    sizes = (*SIZES, MANY)
    sheet = Sheet(
        f"One ask, {PARAMETERS} parameters: CPU ms after so many told trials; a decision on curves; s of the import",
        ["", *(f"{size:,}" for size in sizes), f"of {CURVES} curves", "import"],
    )
    for tool in TOOLS:
        cells = ["" if (tool, size) == (_TOO_SLOW_FOR_MANY, MANY) else f"{_ask_ms(tool, size):.3g}" for size in sizes]
        curves = f"{_decision_ms():.3g}" if tool == "besom" else ""
        sheet.rows.append([entry(tool).label, *cells, curves, f"{_import_s(tool):.2f}"])
    goals = ", ".join(f"{limit} ms at {size:,}" for size, limit in _LIMITS_MS.items())
    sheet.notes.append(
        f"One thread, median of {min(_ASKS.values())} to {max(_ASKS.values())} asks, each with the tell after it."
    )
    sheet.notes.append(f"besom's goals: {goals}, {_LIMIT_OF_DECISION_MS} ms for a decision; 0.35 s for the import.")
    return sheet


def _ask_ms(tool: str, told: int) -> float:
    module = ["-m", "benchmarks.search.filled", tool, str(PARAMETERS), str(told), str(_ASKS[told])]
    turns: list[float] = json.loads(_said(tool, module))
    return statistics.median(turns)


def _decision_ms() -> float:
    module = ["-m", "benchmarks.search.curve_decisions", str(PARAMETERS), str(CURVES), str(_DECISIONS)]
    taken: list[float] = json.loads(_said("besom", module))
    return statistics.median(ms for ms in taken if ms > _LEAST_MS)


def _import_s(tool: str) -> float:
    code = f"import time; began = time.process_time(); {_IMPORTS[tool]}; print(time.process_time() - began)"
    return statistics.median(float(_said(tool, ["-c", code])) for _ in range(_IMPORT_REPEATS))


def _said(tool: str, arguments: list[str]) -> str:
    command = [str(python_for(entry(tool))), *arguments]
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

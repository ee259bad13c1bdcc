"""How often a configuration is suggested twice: the 108-cell space of wandb/wandb#1660, without noise.

`python -m benchmarks.search.duplicates PEER SEED TRIALS` plays one search with the peer's Python and prints the cells.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from math import log10
from typing import Any

from benchmarks.peers.environment import ROOT
from benchmarks.search.environments import python_for
from benchmarks.search.peers.contract import Problem
from benchmarks.search.roster import entry
from benchmarks.search.sheet import Sheet

SPACE: dict[str, dict[str, Any]] = {
    "batch_size": {"values": [256, 512, 1024, 2048, 4096, 8192]},
    "learning_rate": {"values": [1e-2, 1e-3, 1e-4, 5e-4, 5e-5, 1e-5]},
    "activation": {"values": ["relu", "elu", "selu"]},
}
CELLS = 108
TRIALS = 50
SEEDS = 5
PEERS = ("besom", "wandb-bayes", "optuna-tpe", "random")
_ACTIVATION = {"relu": 0.1, "elu": 0.0, "selu": 0.25}


def objective(config: dict[str, Any]) -> float:
    """A smooth bowl over the cells, best at 1024, 5e-4 and elu."""
    batch = log10(config["batch_size"] / 1024)
    rate = log10(config["learning_rate"] / 5e-4) - 0.5 * batch
    return rate**2 + 0.3 * batch**2 + _ACTIVATION[config["activation"]]


def measure() -> Sheet:
    """Distinct configurations among 50 suggestions, and how many besom suggests before it says that that is all."""
    sheet = Sheet(f"The {CELLS}-cell space: distinct ones of {TRIALS} suggestions", ["", "least", "most"])
    for peer in PEERS:
        counts = [len(set(_cells(peer, seed, TRIALS))) for seed in range(SEEDS)]
        sheet.rows.append([entry(peer).label, str(min(counts)), str(max(counts))])
    whole = [_cells("besom", seed, 2 * CELLS) for seed in range(SEEDS)]
    ends = sorted({len(cells) for cells in whole})
    repeats = sum(len(cells) - len(set(cells)) for cells in whole)
    sheet.notes.append(
        f"{SEEDS} seeds. Let run, besom ends after {', '.join(map(str, ends))} trials, {repeats} repeated."
    )
    return sheet


def _cells(peer: str, seed: int, trials: int) -> list[str]:
    command = [str(python_for(entry(peer))), "-m", "benchmarks.search.duplicates", peer, str(seed), str(trials)]
    cells: list[str] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return cells


def play(peer: str, seed: int, trials: int) -> list[str]:
    """The configurations that a peer suggests one after the other, as text."""
    chosen = entry(peer)
    problem = Problem(SPACE, "minimize", 1, trials, seed, has_curve=False)
    optimiser = import_module(f"benchmarks.search.peers.{chosen.module}").make(problem, **chosen.options)
    cells: list[str] = []
    while len(cells) < trials and (job := optimiser.ask()) is not None:
        config = dict(job.config)
        cells.append(json.dumps(config, sort_keys=True))
        optimiser.tell(job, objective(config))
    return cells


if __name__ == "__main__":
    print(json.dumps(play(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))

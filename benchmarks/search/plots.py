"""Regret over trials and over epochs, drawn by matplotlib in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.peers.environment import ROOT
from benchmarks.search.environments import python_with
from benchmarks.search.regret import CEILING, grid, record
from benchmarks.search.roster import entry

_REQUIREMENTS = (("matplotlib==3.11.1",),)
_AXES = {
    "A": ("trials", "Full fidelity: regret over trials"),
    "B": ("epochs spent, in full trainings", "Learning curves: regret over epochs"),
}


def make(protocol: str, peers: Sequence[str], names: Sequence[str], ours: str) -> None:
    """Write `docs/images/regret-PROTOCOL.png`: the mean over the tasks that all of the peers played.

    A band is one standard error over seeds, of the mean over tasks.
    """
    records = [found for peer in peers if (found := record(protocol, peer, names)).curves]
    common = sorted(set.intersection(*(set(one.means) for one in records))) if records else []
    if not common:
        print(f"{protocol}: the peers {', '.join(peers)} have no task in common; leave some out")
        return
    at = grid(protocol)
    lines = []
    for one in records:
        mean = np.mean([one.means[task] for task in common], axis=0)
        variance = sum(one.curves[task].var(axis=0) / len(one.curves[task]) for task in common)
        error = np.sqrt(variance) / len(common)
        is_known = mean < np.log10(CEILING) / 2
        lines.append(
            {
                "label": entry(one.peer).label,
                "is_ours": one.peer == ours,
                "x": at[is_known].tolist(),
                "y": (10 ** mean[is_known]).tolist(),
                "low": (10 ** (mean - error)[is_known]).tolist(),
                "high": (10 ** (mean + error)[is_known]).tolist(),
            }
        )
    unit, title = _AXES[protocol]
    seeds = min(len(one.seeds[task]) for one in records for task in common)
    picture = {
        "title": title,
        "subtitle": f"geometric mean over the {len(common)} tasks that all played, {_seeds(seeds)}; "
        "band: one standard error over seeds",
        "unit": unit,
        "lines": lines,
        "files": [str(ROOT / "docs" / "images" / f"regret-{protocol}.png")],
    }
    python = python_with("plots", _REQUIREMENTS)
    command = [str(python), "-m", "benchmarks.search.draw"]
    subprocess.run(command, cwd=ROOT, input=json.dumps(picture), text=True, check=True, stderr=sys.stderr)
    print(*picture["files"], sep="\n")


def _seeds(least: int) -> str:
    return f"{least} seeds or more" if least > 1 else "a seed or more each"

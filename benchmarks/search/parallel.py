"""Protocol P: how much sooner four agents are where one agent gets to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.search import results
from benchmarks.search.regret import curve_of, geometric, reached
from benchmarks.search.results import Played
from benchmarks.search.roster import entry
from benchmarks.search.sheet import Sheet
from benchmarks.search.tasks.catalogue import task_of

_POINTS = 4_000
_NOTE = """\
At equal regret: on each task the time that one agent needs to the regret at which the worse of both ends, over the time
that four need, on curves of mean log regret over seeds; geometric mean over tasks."""


def sheet(peers: Sequence[str], names: Sequence[str]) -> Sheet:
    """Wall time at equal regret, and what the regret is after all 48 trials."""
    table = Sheet(
        "Protocol P: 48 trials by four agents beside one, durations uneven",
        ["", "tasks", "runs", "log10 by one", "by four", "wall time, all trials", "at equal regret", "least", "most"],
    )
    for peer in peers:
        alone, together = (_by_task(results.read(protocol, peer), names) for protocol in ("P1", "P4"))
        common = [task for task in names if task in alone and task in together]
        if not common:
            continue
        rows = [_compared(task, alone[task], together[task]) for task in common]
        one, four, wall, equal = map(list, zip(*rows, strict=True))
        table.rows.append(
            [
                entry(peer).label,
                str(len(common)),
                str(sum(len(alone[task]) for task in common)),
                f"{np.mean(one):.3f}",
                f"{np.mean(four):.3f}",
                f"{geometric(wall):.2f}x",
                f"{geometric(equal):.2f}x",
                f"{min(equal):.2f}x",
                f"{max(equal):.2f}x",
            ]
        )
    table.notes.append(_NOTE)
    return table


def _by_task(runs: dict[tuple[str, int], Played], names: Sequence[str]) -> dict[str, dict[int, Played]]:
    found: dict[str, dict[int, Played]] = {}
    for (task, seed), run in runs.items():
        if task in names and not run.error:
            found.setdefault(task, {})[seed] = run
    return found


def _compared(name: str, alone: dict[int, Played], together: dict[int, Played]) -> tuple[float, float, float, float]:
    """Final log10 regret of one agent and of four, and the ratios of wall time: in all, and at equal regret."""
    seeds = sorted(set(alone) & set(together)) or sorted(alone)[:1]
    one, four = [alone[seed] for seed in seeds], [together[seed] for seed in seeds]
    task = task_of(name)
    at = np.linspace(0, max(run.spent for run in one), _POINTS + 1)[1:]
    mean_one, mean_four = (np.mean([curve_of(run, task, at) for run in runs], axis=0) for runs in (one, four))
    target = max(mean_one[-1], mean_four[-1])
    needed_by_one, needed_by_four = reached(mean_one, at, target), reached(mean_four, at, target)
    assert needed_by_one is not None
    assert needed_by_four is not None
    wall = float(np.mean([run.spent for run in one]) / np.mean([run.spent for run in four]))
    return float(mean_one[-1]), float(mean_four[-1]), wall, needed_by_one / needed_by_four

"""From results to numbers: regret over what was spent, and how much sooner one optimiser is where another ends.

Letters: s seeds, p points of the grid. A run's curve is log10 of its incumbent's normalised regret (0 best known, 1
median of random search), kept between FLOOR and CEILING; it stands at CEILING until a value has come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.search import results
from benchmarks.search.protocols import BUDGET_IN_TRAININGS, TRIALS
from benchmarks.search.results import Played
from benchmarks.search.tasks.catalogue import task_of
from benchmarks.search.tasks.task import Task

Floats = NDArray[np.float64]

FLOOR, CEILING = 1e-3, 10.0
MILESTONES = {"A": (10, 25, 50), "B": (5, 10, 20)}
"""Where regret is told: after so many trials, or trainings' worth of epochs."""
_POINTS_A_TRAINING = 10
_RESAMPLES = 4_000
_INTERVAL = (5, 95)


def grid(protocol: str) -> Floats:
    """Where curves are looked at, in trials (A) or trainings' worth of epochs (B); shape (p,)."""
    if protocol == "A":
        return np.arange(1.0, TRIALS + 1)
    return np.arange(1, BUDGET_IN_TRAININGS * _POINTS_A_TRAINING + 1) / _POINTS_A_TRAINING


@dataclass(frozen=True)
class Record:
    """What one optimiser did under one protocol: by task, its seeds and their curves on the grid."""

    protocol: str
    peer: str
    runs: tuple[Played, ...]

    @cached_property
    def seeds(self) -> dict[str, list[int]]:
        """The seeds that got through, by task."""
        found: dict[str, list[int]] = {}
        for run in self._whole:
            found.setdefault(run.task, []).append(run.seed)
        return found

    @cached_property
    def curves(self) -> dict[str, Floats]:
        """By task, shape (s, p)."""
        at = grid(self.protocol)
        rows: dict[str, list[Floats]] = {}
        for run in self._whole:
            task = task_of(run.task)
            spent = at * task.max_epochs if self.protocol == "B" else at
            rows.setdefault(run.task, []).append(curve_of(run, task, spent))
        return {task: np.stack(curves) for task, curves in rows.items()}

    @cached_property
    def means(self) -> dict[str, Floats]:
        """By task, the mean over seeds, shape (p,)."""
        return {task: curves.mean(axis=0) for task, curves in self.curves.items()}

    @property
    def failed(self) -> int:
        """How many runs broke."""
        return len(self.runs) - len(self._whole)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of a run, on average."""
        return float(np.mean([run.cpu_s for run in self._whole])) if self._whole else float("nan")

    @property
    def _whole(self) -> list[Played]:
        return [run for run in self.runs if not run.error]


def record(protocol: str, peer: str, names: Iterable[str]) -> Record:
    """What there is of a peer on the named tasks."""
    wanted = set(names)
    runs = (run for run in results.read(protocol, peer).values() if run.task in wanted)
    return Record(protocol, peer, tuple(sorted(runs, key=lambda run: run.key)))


def curve_of(run: Played, task: Task, at: Floats) -> Floats:
    """log10 regret of the incumbent after spending `at`, shape (p,)."""
    if not run.steps:
        return np.full(len(at), np.log10(CEILING))
    spent = np.array([step for step, _ in run.steps])
    logs = np.log10(np.clip([task.regret(value) for _, value in run.steps], FLOOR, CEILING))
    index = np.searchsorted(spent, at + 1e-9, side="right") - 1
    curve: Floats = np.where(index >= 0, logs[index], np.log10(CEILING))
    return curve


def reached(curve: Floats, at: Floats, target: float) -> float | None:
    """Where `curve` first is at `target` or below, between points by a straight line; None where it never is."""
    below = np.flatnonzero(curve <= target + 1e-12)
    if not len(below):
        return None
    first = int(below[0])
    if first == 0:
        return float(at[0])
    high, low = curve[first - 1], curve[first]
    return float(at[first - 1] + (at[first] - at[first - 1]) * (high - target) / (high - low))


def speed_up(ours: Floats, theirs: Floats, at: Floats) -> float:
    """How many times less `ours` spends to be where `theirs` ends: all that they spent, over what we need.

    Where we never get there, it is less than 1: what they need to be where we end, over all that we spent. Where they
    end on the floor, what they spent until then counts.
    """
    spent = at[-1]
    if theirs[-1] <= np.log10(FLOOR) + 1e-9:
        spent = reached(theirs, at, theirs[-1]) or spent
    needed = reached(ours, at, theirs[-1])
    if needed is not None:
        return float(spent / needed)
    return float((reached(theirs, at, ours[-1]) or at[-1]) / at[-1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """One optimiser beside another.

    Attributes:
        ratios: By task, how many times less the first spends; see `speed_up`.
        whole: The same on the mean of all tasks' curves.
        wins: Share of common (task, seed) pairs in which the first ends better; ties count half.
        pairs: How many common pairs there are.
    """

    ratios: Mapping[str, float]
    whole: float
    wins: float
    pairs: int

    @property
    def mean(self) -> float:
        """The geometric mean over tasks."""
        return geometric(self.ratios.values())

    @property
    def interval(self) -> tuple[float, float]:
        """Its 90 % interval, by drawing tasks again and again."""
        logs = np.log(list(self.ratios.values()))
        draws = np.random.default_rng(0).integers(len(logs), size=(_RESAMPLES, len(logs)))
        low, high = np.exp(np.percentile(logs[draws].mean(axis=1), _INTERVAL))
        return float(low), float(high)

    @property
    def behind(self) -> int:
        """In how many tasks the first never gets to where the second ends."""
        return sum(ratio < 1 for ratio in self.ratios.values())


def compare(ours: Record, theirs: Record) -> Comparison | None:
    """Both on the tasks that both played; None where there are none."""
    common = sorted(set(ours.means) & set(theirs.means))
    if not common:
        return None
    at = grid(ours.protocol)
    ratios = {task: speed_up(ours.means[task], theirs.means[task], at) for task in common}
    whole = speed_up(
        np.mean([ours.means[task] for task in common], axis=0),
        np.mean([theirs.means[task] for task in common], axis=0),
        at,
    )
    mine, other = finals(ours), finals(theirs)
    pairs = sorted(set(mine) & set(other))
    scores = [(mine[pair] < other[pair] - 1e-9) + 0.5 * (abs(mine[pair] - other[pair]) <= 1e-9) for pair in pairs]
    return Comparison(ratios, whole, float(np.mean(scores)) if scores else float("nan"), len(pairs))


def lead(ours: Record, theirs: Record, names: Iterable[str]) -> tuple[float, float] | None:
    """Mean difference of the final log10 regret over the named tasks that both played (negative: ours is better).

    Returns:
        The difference and its standard error by the spread over seeds; None where no task has two seeds of both.
    """
    pairs = [(ours.curves[task][:, -1], theirs.curves[task][:, -1]) for task in _both(ours, theirs, names)]
    pairs = [(a, b) for a, b in pairs if len(a) > 1 and len(b) > 1]
    if not pairs:
        return None
    differences = [a.mean() - b.mean() for a, b in pairs]
    variances = [a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b) for a, b in pairs]
    return float(np.mean(differences)), float(np.sqrt(np.sum(variances)) / len(pairs))


def finals(record: Record) -> dict[tuple[str, int], float]:
    """log10 regret at the end, by task and seed."""
    return {
        (task, seed): float(curves[i, -1])
        for task, curves in record.curves.items()
        for i, seed in enumerate(record.seeds[task])
    }


def ranks(records: list[Record]) -> tuple[dict[str, float], int]:
    """Mean rank (1 is best, ties share) on the pairs that all played, and the number of pairs."""
    ends = [finals(record) for record in records]
    pairs = sorted(set.intersection(*(set(end) for end in ends))) if ends else []
    if not pairs:
        return {}, 0
    table = np.array([[round(end[pair], 9) for pair in pairs] for end in ends])
    below = (table[:, None] > table[None]).sum(axis=1)
    level = (table[:, None] == table[None]).sum(axis=1)
    mean = (below + (level + 1) / 2).mean(axis=1)
    return {record.peer: float(rank) for record, rank in zip(records, mean, strict=True)}, len(pairs)


def geometric(ratios: Iterable[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(list(ratios)))))


def _both(ours: Record, theirs: Record, names: Iterable[str]) -> list[str]:
    return [task for task in names if task in ours.curves and task in theirs.curves]

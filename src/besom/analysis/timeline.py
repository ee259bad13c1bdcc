"""Who ran what and when: runs as bars in rows of agents and their GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from besom.records import Run, RunState

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

RUN_STATES = tuple(RunState)
"""What the numbers in `Timeline.states` stand for."""
_CODES = {id(state): code for code, state in enumerate(RUN_STATES)}  # by identity: an enum's hash is slow
_PIXELS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an agent, and what one run of it at a time has: a GPU, or a place of its own."""

    agent_id: str
    host: str
    gpu: str = ""
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows and their bars.

    A bar is a run, or all runs of one state among several that are too short to be told apart; then the bars of the
    states lie above each other, each as high as its share of these runs.

    Attributes:
        rows: Agents in order of their first run.
        at: The row of each bar, shape (n,).
        starts, ends: When, seconds since the epoch; shape (n,).
        states: Places in RUN_STATES, shape (n,).
        runs: The place of the bar's run, of several the first; shape (n,).
        counts: How many runs it stands for, shape (n,).
        together: How many runs share its place, those of other states included; shape (n,).
        lows, highs: What it takes of its row's height, 0 to 1; shape (n,).
    """

    rows: tuple[Row, ...]
    at: Ints
    starts: Floats
    ends: Floats
    states: Ints
    runs: Ints
    counts: Ints
    together: Ints
    lows: Floats
    highs: Floats


def timeline(runs: Sequence[Run], now: float, most: int = 2000) -> Timeline:
    """The timeline of runs.

    A run with several GPUs has a bar in the row of each. Runs of an agent that overlap without GPUs of their own get
    rows of their own.

    Args:
        runs: Of one sweep.
        now: Until when runs under way have come.
        most: So many bars: with more, runs that are narrower than a pixel share one with their neighbours.
    """
    began, ended = (
        np.array(list(map(attrgetter(name), runs)), dtype=np.float64) for name in ("started_at", "ended_at")
    )
    ended = np.maximum(began, np.where(np.isnan(ended), now, ended))
    rows, at, of = _placed(runs, began, ended)
    codes = map(_CODES.__getitem__, map(id, map(attrgetter("state"), runs)))
    states = np.fromiter(codes, np.intp, len(runs))[of]
    starts, ends = began[of], ended[of]
    order = np.lexsort((starts, at))
    group, bars = _together(at[order], starts[order], ends[order], states[order], most)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    size = np.diff(np.append(first, len(group)))
    found, place, counts = np.unique(bars, return_index=True, return_counts=True)
    of_group = found // len(RUN_STATES)
    share = counts / np.maximum(1, size[of_group])
    high = np.cumsum(share) - of_group  # the shares of each group add up to 1
    return Timeline(
        rows=rows,
        at=at[order][place],
        starts=starts[order][first][of_group],
        ends=np.maximum.reduceat(ends[order], first)[of_group] if len(first) else ends,
        states=found % len(RUN_STATES),
        runs=of[order][place],
        counts=counts,
        together=size[of_group],
        lows=high - share,
        highs=high,
    )


def _placed(runs: Sequence[Run], began: Floats, ended: Floats) -> tuple[tuple[Row, ...], Ints, Ints]:
    """The rows; and for each bar its row and its run."""
    codes: dict[tuple[str, str, int], int] = {}
    hosts: dict[str, str] = {}
    lanes: dict[str, list[float]] = {}
    at: list[int] = []
    of: list[int] = []
    starts, ends = began.tolist(), ended.tolist()
    for place in np.argsort(began, kind="stable").tolist():
        run = runs[place]
        agent = run.agent_id
        if agent not in lanes:
            lanes[agent], hosts[agent] = [], run.host
        if run.gpus:
            keys = [(agent, gpu, 0) for gpu in run.gpus]
        else:
            free = lanes[agent]
            lane = next((lane for lane, until in enumerate(free) if until <= starts[place]), len(free))
            free[lane : lane + 1] = [ends[place]]
            keys = [(agent, "", lane)]
        for key in keys:
            at.append(codes.setdefault(key, len(codes)))
            of.append(place)
    order = {agent: first for first, agent in enumerate(lanes)}
    rows = sorted(codes, key=lambda row: (order[row[0]], len(row[1]), row[1], row[2]))
    moved = np.empty(len(rows), np.intp)
    moved[[codes[row] for row in rows]] = np.arange(len(rows))
    named = tuple(Row(agent, hosts[agent], gpu, lane) for agent, gpu, lane in rows)
    return named, moved[np.array(at, np.intp)], np.array(of, np.intp)


def _together(at: Ints, starts: Floats, ends: Floats, states: Ints, most: int) -> tuple[Ints, Ints]:
    """For each run, in order of rows and starts, which share a place; and the bar there, which is that of its state."""
    count = len(at)
    group = np.arange(count)
    if count <= most:
        return group, group * len(RUN_STATES) + states
    span = float(ends.max() - starts.min()) or 1.0
    pixel, begins = span / _PIXELS, np.ones(count, np.bool_)
    while True:
        is_wide = ends - starts > pixel
        pixels = ((starts - starts.min()) / pixel).astype(np.intp)
        begins[1:] = (at[1:] != at[:-1]) | (pixels[1:] != pixels[:-1]) | is_wide[1:] | is_wide[:-1]
        group = np.cumsum(begins) - 1
        bars = group * len(RUN_STATES) + states
        if len(np.unique(bars)) <= most or pixel > span:
            return group, bars
        pixel *= 1.4

"""What a run uses over time, kept for the way to the service: few enough numbers for a run of weeks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from besom.agent.spool import Batch

SHORTEST_S = 1.0
PARTS = 200
"""Samples lie no closer than a second, and no closer than this part of the run's age: about 2,000 in a month.

Only the first and the last may lie closer: a run of a second has both.
"""
SEND_EVERY_S = 10.0
_PER_BATCH = 1_000


class Samples:
    """One run's samples. A sample sums up what was measured since the one before; those not yet sent stay in hand.

    Of memory a sample tells the most, of everything else the mean. Their number, and so the memory that they take, is
    bounded by how far apart they lie: a server that is away for a week finds all of them.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Nothing yet; `clock` gives seconds since the epoch, UTC."""
        self._clock = clock
        self._waiting = Batch(0, ())
        self._kept_s = -math.inf
        self._seen_s = 0.0
        self._sent_s = 0.0
        self._seen_at = 0.0
        self._gathered: dict[str, _Gathered] = {}

    def add(self, runtime_s: float, elapsed_s: float, values: Mapping[str, float | None]) -> None:
        """Take in what was measured when the run was `runtime_s` old, and stands for `elapsed_s` before it."""
        for name, value in values.items():
            if value is not None:
                self._gathered.setdefault(name, _Gathered(is_peak="memory" in name)).add(value, elapsed_s)
        self._seen_s, self._seen_at = runtime_s, self._clock()
        if runtime_s - self._kept_s >= max(SHORTEST_S, runtime_s / PARTS):
            self._keep()

    def end(self) -> None:
        """The run is over: what was measured since the last sample is one more."""
        if self._gathered:
            self._keep()

    def _keep(self) -> None:
        row = {"_timestamp": self._seen_at, "_runtime": self._seen_s}
        row |= {name: gathered.value for name, gathered in self._gathered.items()}
        self._waiting = Batch(self._waiting.first_row, [*self._waiting.rows, row])
        self._kept_s = self._seen_s
        self._gathered.clear()

    def is_in_hand(self) -> bool:
        """Whether one batch takes all that waits."""
        return len(self._waiting.rows) <= _PER_BATCH

    def next_batch(self, *, is_final: bool = False) -> Batch:
        """Samples to send and the number of the first; none where there are too few to be worth it, unless `is_final`.

        They stay in hand until they are acknowledged: one that is sent again has the same number.
        """
        first, rows = self._waiting.first_row, self._waiting.rows
        is_due = bool(rows) and (is_final or rows[-1]["_runtime"] - self._sent_s >= SEND_EVERY_S)
        return Batch(first, rows[:_PER_BATCH] if is_due else ())

    def acknowledge(self, batch: Batch) -> None:
        """The server has this batch."""
        if batch.rows:
            self._sent_s = batch.rows[-1]["_runtime"]
            self._waiting = Batch(batch.first_row + len(batch.rows), self._waiting.rows[len(batch.rows) :])


class _Gathered:
    """One quantity since the last sample: its largest value, or its mean weighted by time."""

    def __init__(self, *, is_peak: bool) -> None:
        self._is_peak = is_peak
        self._largest = self._sum = self._weight = 0.0

    def add(self, value: float, weight: float) -> None:
        self._largest = max(self._largest, value)
        self._sum += value * weight
        self._weight += weight

    @property
    def value(self) -> float:
        return self._largest if self._is_peak else self._sum / self._weight

"""How many runs share a place, a GPU or the machine: as many as fit, while one more lets all of them together do more.

What pays is measured. The runs of a sweep differ, so the measure is by how much one and the same run slows down when
another joins it, or speeds up when that leaves. Where runs end before they can be compared so, their times are compared
instead.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

_HEAD_ROOM = 1.1
_LEAST_GAIN = 1.1
"""One run more must raise what all together do by so much."""
_MIXED = 0.15
"""A run that shared its place now with more and now with fewer, by so much on average, tells of neither number."""
_LEAST_ROWS = 3
_LEAST_RUNS = 3
_MOST_RUNS = 12
"""After so many runs at each number a gain that is still unclear is taken for what it seems."""


@dataclass(slots=True)
class _Run:
    """What was measured of one run; `paces` are rows and seconds by the number of runs that shared its place."""

    place: Hashable
    started_at: float
    peak_gb: float = 0.0
    rows: int = 0
    rows_at: float | None = None
    """When the latest row came, if nobody came or left since."""
    paces: dict[int, tuple[int, float]] = field(default_factory=lambda: defaultdict(lambda: (0, 0.0)))
    share_s: float = 0.0
    """Seconds times the number that shared its place, up to `shared_until`."""
    shared_until: float = 0.0


class Sharing:
    """The number that is found out, for all places together; pure, and not to be called by two threads at once.

    Times are in monotonic seconds, memory in 10^9 bytes.

    Attributes:
        number: How many runs share each place where they fit, as far as is known to pay.
        why: What the latest change of mind came from, for a person.
    """

    def __init__(self, room_gb: Mapping[Hashable, float | None], most: int, steady_s: float = 5.0) -> None:
        """Begin with one run for each place.

        Args:
            room_gb: Each place and the memory that it has for runs; None where unknown, and no place is shared then.
            most: The most runs that may share a place.
            steady_s: A pace is one that was kept up for so long.
        """
        self.number, self.why = 1, ""
        self._room_gb, self._most, self._steady_s = dict(room_gb), most, steady_s
        self._runs: dict[str, _Run] = {}
        self._largest_gb = 0.0
        self._slowdowns: defaultdict[int, list[float]] = defaultdict(list)
        """Logarithms of a run's pace with one run fewer, over that at a number."""
        self._times: defaultdict[int, list[float]] = defaultdict(list)
        """Logarithms of seconds a row, or of seconds where there are none, of runs that ended at a number."""

    def may_start(self, place: Hashable, asking: int = 0) -> bool:
        """Whether one more run may start at a place now, where so many others may start already."""
        sharing = self.shared_by(place) + asking
        if sharing == 0:
            return True
        wanted = self.number + 1 if self._is_worth_a_try(place) else self.number
        return sharing < wanted and self._fits(place, sharing + 1)

    def shared_by(self, place: Hashable) -> int:
        """How many runs are at a place."""
        return sum(run.place == place for run in self._runs.values())

    def started(self, run_id: str, place: Hashable, now: float) -> None:
        """A run has begun at a place."""
        self._interrupt(place, now)
        self._runs[run_id] = _Run(place, now, shared_until=now)

    def progressed(self, run_id: str, rows: int, peak_gb: float, now: float) -> None:
        """A run has logged so many rows up to now, and has had so much memory at most."""
        run = self._runs.get(run_id)
        if run is None:
            return
        run.peak_gb = max(run.peak_gb, peak_gb)
        if rows <= run.rows:
            return
        if run.rows_at is not None:
            number = self.shared_by(run.place)
            before_rows, before_s = run.paces[number]
            run.paces[number] = before_rows + rows - run.rows, before_s + now - run.rows_at
        run.rows, run.rows_at = rows, now
        self._judge()

    def ended(self, run_id: str, how: str, now: float, *, is_out_of_memory: bool = False) -> None:
        """A run is over.

        Args:
            run_id: The run.
            how: As in `wire.Finish`.
            now: The time.
            is_out_of_memory: It died for want of memory: where it shared its place, fewer will from now on.
        """
        run = self._runs.get(run_id)
        if run is None:
            return
        sharing = self.shared_by(run.place)
        self._interrupt(run.place, now)
        del self._runs[run_id]
        if is_out_of_memory:
            if sharing > 1:
                self._limit(sharing - 1, f"{sharing} together ran out of memory")
            return
        self._largest_gb = max(self._largest_gb, run.peak_gb)
        took_s = now - run.started_at
        if took_s > 0 and (how == "finished" or (run.rows and how in ("paused", "stopped"))):
            number = round(run.share_s / took_s)
            if abs(run.share_s / took_s - number) < _MIXED:
                self._times[number].append(math.log(took_s / max(run.rows, 1)))
        self._note_slowdowns(run)
        self._judge()

    def _interrupt(self, place: Hashable, now: float) -> None:
        """Somebody comes to the place or leaves it: what is measured of the others belongs to another number then."""
        sharing = self.shared_by(place)
        for run in self._runs.values():
            if run.place == place:
                run.share_s += sharing * (now - run.shared_until)
                run.shared_until, run.rows_at = now, None

    def _fits(self, place: Hashable, number: int) -> bool:
        room = self._room_gb[place]
        largest = max(self._largest_gb, *(run.peak_gb for run in self._runs.values()), 0.0)
        return room is not None and largest > 0 and number * largest * _HEAD_ROOM <= room

    def _is_worth_a_try(self, place: Hashable) -> bool:
        """Whether it is known how fast runs are at the present number, and unknown how fast with one more."""
        if self.number >= self._most:
            return False
        if len(self._times[self.number]) >= _LEAST_RUNS:
            return True
        here = (run for run in self._runs.values() if run.place == place)
        is_known = any(self._pace(run, self.number) is not None for run in here)
        # Runs that were too short to be compared one by one are compared by their times, which takes some of each.
        return is_known and len(self._times[self.number + 1]) < _LEAST_RUNS

    def _pace(self, run: _Run, number: int) -> float | None:
        """Rows a second of a run while so many shared its place; None where it was not long enough."""
        rows, seconds = run.paces.get(number, (0, 0.0))
        return rows / seconds if rows >= _LEAST_ROWS and seconds >= self._steady_s else None

    def _note_slowdowns(self, run: _Run) -> None:
        for number in run.paces:
            with_fewer, with_all = self._pace(run, number - 1), self._pace(run, number)
            if with_fewer is not None and with_all is not None:
                self._slowdowns[number].append(math.log(with_fewer / with_all))

    def _gain(self, number: int) -> float | None:
        """By what factor so many runs together do more than one fewer; None where that is not known well enough."""
        slowdowns = list(self._slowdowns[number])
        for run in self._runs.values():
            with_fewer, with_all = self._pace(run, number - 1), self._pace(run, number)
            if with_fewer is not None and with_all is not None:
                slowdowns.append(math.log(with_fewer / with_all))
        ratio = number / (number - 1)
        if slowdowns:
            return ratio * math.exp(-statistics.fmean(slowdowns))
        fewer, more = self._times[number - 1], self._times[number]
        if min(len(fewer), len(more)) < _LEAST_RUNS:
            return None
        longer = statistics.fmean(more) - statistics.fmean(fewer)
        error = math.sqrt(statistics.variance(more) / len(more) + statistics.variance(fewer) / len(fewer))
        is_clear = abs(math.log(ratio / _LEAST_GAIN) - longer) > error
        return ratio * math.exp(-longer) if is_clear or min(len(fewer), len(more)) >= _MOST_RUNS else None

    def _judge(self) -> None:
        """Settle on one more where that pays, and go back to one fewer where it turns out not to."""
        gain = self._gain(self.number + 1) if self.number < self._most else None
        if gain is not None and gain >= _LEAST_GAIN:
            self.number += 1
            self.why = f"{self.number} together do {gain:.2f} times what {self.number - 1} did"
        elif gain is not None:
            self._limit(self.number, f"{self.number + 1} together do only {gain:.2f} times what {self.number} did")
        elif self.number > 1 and (of_last := self._gain(self.number)) is not None and of_last < 1:
            self._limit(self.number - 1, f"{self.number} together do less than {self.number - 1}")

    def _limit(self, most: int, why: str) -> None:
        if most < self._most:
            self._most, self.why = most, why
            self.number = min(self.number, most)

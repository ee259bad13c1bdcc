"""Many workers at once: threads in a few processes, which begin together and stop at a deadline. Standard library only.

Hundreds of Pythons would not fit into a small machine's memory. A thread here is what would be a process elsewhere: it
shares nothing with the others, no connection and no cache; and it is so for every system that is measured.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

PROCESSES = 8
_READY_S = 300.0


class Over(Exception):
    """The deadline has passed: the worker drops what it is at."""


@dataclass(slots=True)
class Figures:
    """What workers did before the deadline.

    Attributes:
        operations: Asks, reports and ends of trials that were answered.
        asks_s: How long each ask took, in seconds.
        errors: What was raised at workers.
        told: Names of the trials that they were told are kept, from ask to end.
    """

    operations: int = 0
    asks_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Count another's too."""
        self.operations += other.operations
        self.asks_s += other.asks_s
        self.errors += other.errors
        self.told += other.told

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


class Shift:
    """One worker's time: from when all are ready, for so many seconds."""

    def __init__(self, seconds: float, barrier: Barrier) -> None:
        self.figures = Figures()
        self._seconds, self._barrier = seconds, barrier
        self._until = float("inf")

    def begin(self) -> float:
        """Wait until all others are ready too; the seconds that there are."""
        self._barrier.wait(_READY_S)
        self._until = time.monotonic() + self._seconds
        return self._seconds

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._until

    def count(self, operations: int = 1) -> None:
        """Note what was answered. Raises Over past the deadline, and counts no more."""
        if self.is_over:
            raise Over
        self.figures.operations += operations

    def note(self, error: BaseException) -> None:
        """Note what was raised."""
        self.figures.errors.append(f"{type(error).__name__}: {error}"[:200])


Work = Callable[[int, Shift], None]
"""A worker, by its number: it makes ready, calls `begin`, and works until the shift is over."""


def run(work: Work, workers: int, seconds: float) -> Figures:
    """What `workers` did in `seconds`. `work` goes to other processes: a function of a module, or a partial of one."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(workers), context.Queue()
    numbers = [list(range(first, workers, PROCESSES)) for first in range(min(PROCESSES, workers))]
    processes = [
        context.Process(target=_process, args=(work, each, seconds, barrier, answers), daemon=True) for each in numbers
    ]
    for process in processes:
        process.start()
    total = Figures()
    for _ in processes:
        total.add(answers.get(timeout=_READY_S + 2 * seconds + 60))  # one that died gives none
    for process in processes:
        process.join()
    return total


def _process(work: Work, numbers: Sequence[int], seconds: float, barrier: Barrier, answers: Queue[Figures]) -> None:
    shifts = [Shift(seconds, barrier) for _ in numbers]
    threads = [
        threading.Thread(target=_worker, args=(work, number, shift, barrier))
        for number, shift in zip(numbers, shifts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Figures()
    for shift in shifts:
        total.add(shift.figures)
    answers.put(total)


def _worker(work: Work, number: int, shift: Shift, barrier: Barrier) -> None:
    try:
        work(number, shift)
    except Over:
        return
    except BaseException as error:  # noqa: BLE001 - told to who measures
        shift.note(error)
        barrier.abort()  # nobody waits for who cannot begin

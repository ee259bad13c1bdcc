"""What a sweep had spent when each of its trials ended: the axes that searches are drawn and compared over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Literal

import numpy as np

from besom.analysis.columns import Floats, TrialColumns
from besom.records import Run, Sweep

SpentUnit = Literal["trials", "epochs", "hours", "gpu_hours"]
SPENT_UNITS: tuple[SpentUnit, ...] = ("trials", "epochs", "hours", "gpu_hours")


def spent_when_ended(columns: TrialColumns, sweep: Sweep, runs: Callable[[], Sequence[Run]], unit: str) -> Floats:
    """What had been spent when each trial ended or was paused, in that order, shape (ended,).

    Args:
        columns: The sweep's trials.
        sweep: For when it began.
        runs: Reads its runs; only epochs need them.
        unit: `trials` that ended; `epochs` (whatever the fidelity's unit is) and `gpu_hours` of these trials and those
            before them; `hours` since the sweep began, pauses included. NaN where nothing tells.
    """
    ended = columns.by_end
    if unit == "trials":
        return np.arange(1.0, len(ended) + 1.0)
    if unit == "hours":
        began = sweep.started_at if sweep.started_at is not None else sweep.created_at
        return np.maximum(0.0, columns.rested_at[ended] - began) / 3600.0
    if unit == "gpu_hours":
        return np.cumsum(columns.gpu_seconds[ended]) / 3600.0
    return np.cumsum(_fidelity(columns, runs())[ended])


def units_of(columns: TrialColumns, sweep: Sweep) -> tuple[SpentUnit, ...]:
    """The units in which anything is known to be spent; trials always are."""
    has_hours = sweep.started_at is not None and bool(np.isfinite(columns.rested_at).any())
    has_epochs = bool((columns.fidelities > 0).any())
    known = {"trials": True, "epochs": has_epochs, "hours": has_hours, "gpu_hours": bool(columns.gpu_seconds.any())}
    return tuple(unit for unit in SPENT_UNITS if known[unit])


def _fidelity(columns: TrialColumns, runs: Sequence[Run]) -> Floats:
    """What each trial's runs added, lost and failed attempts included: it was spent."""
    total = np.zeros(len(columns.numbers))
    if not len(runs) or not len(total):
        return total
    trials, reached, first = (
        np.array(list(map(attrgetter(name), runs)), dtype=np.float64)
        for name in ("trial", "fidelity", "first_fidelity")
    )
    added = reached - first
    at = np.minimum(np.searchsorted(columns.numbers, trials), len(total) - 1)
    is_known = columns.numbers[at] == trials
    np.add.at(total, at[is_known], np.maximum(0.0, added[is_known]))
    return total

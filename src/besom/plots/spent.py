"""The axes over which a search is drawn: what it had spent."""

from __future__ import annotations

from besom.analysis.columns import Floats
from besom.analysis.spent import SPENT_UNITS, spent_when_ended, units_of
from besom.plots.sweepdata import SweepData

X_AXES = SPENT_UNITS


def x_axes(data: SweepData) -> tuple[str, ...]:
    """The axes that something is known of, by name."""
    return units_of(data.columns, data.sweep)


def x_title(data: SweepData, unit: str) -> str:
    """What stands under the axis."""
    epochs = {"epoch": "epochs", "row of log": "rows of log", "step": "steps"}.get(data.x_label, data.x_label)
    return {"trials": "trials, as they ended", "epochs": f"{epochs} spent", "hours": "hours", "gpu_hours": "GPU-hours"}[
        unit
    ]


def x_of_ends(data: SweepData, unit: str) -> Floats:
    """What had been spent when each trial ended, in order of their ends."""
    return spent_when_ended(data.columns, data.sweep, lambda: data.runs, unit)

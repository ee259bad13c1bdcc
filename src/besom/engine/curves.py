"""An objective's curve over fidelity: the same from rows as they come in and from columns as they are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

import numpy as np
import numpy.typing as npt

from besom.engine.plan import Plan
from besom.records import Curve
from besom.wire import Row

Points = list[tuple[float, float]]


def points_of_rows(
    plan: Plan, rows: Sequence[Row], first_row: int, offset: float, fidelity: float
) -> tuple[Points, float]:
    """Objective points in `rows`, and the fidelity that the last row got to.

    Args:
        plan: Names the objective and what counts progress.
        rows: New rows of history.
        first_row: The number of the first of them.
        offset: Fidelity that the run began at, which rows are counted from where no metric counts progress.
        fidelity: What the rows before got to.
    """
    points: Points = []
    for number, row in enumerate(rows, first_row + 1):
        if plan.fidelity_metric is None:
            fidelity = offset + number
        elif (counted := as_number(row.get(plan.fidelity_metric))) is not None and math.isfinite(counted):
            fidelity = counted
        if plan.metric is not None and (value := as_number(row.get(plan.metric))) is not None:
            points.append((fidelity, value))
    return points, fidelity


def curve_from_columns(
    plan: Plan,
    rows: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    counted_rows: npt.NDArray[np.int64],
    counted: npt.NDArray[np.float64],
    offset: float = 0.0,
) -> Curve:
    """The curve of a run from its stored columns, equal to what `points_of_rows` made of its rows.

    Args:
        plan: Names what counts progress.
        rows: Row numbers of the objective, shape (n,).
        values: The objective, shape (n,).
        counted_rows: Row numbers of the metric that counts progress, shape (m,); empty where rows are counted.
        counted: That metric, shape (m,).
        offset: Fidelity that the run began at.
    """
    if plan.fidelity_metric is None:
        return Curve(zip((rows + 1 + offset).tolist(), values.tolist(), strict=True))
    finite = np.isfinite(counted)
    known = np.concatenate(([offset], counted[finite]))
    at = np.searchsorted(counted_rows[finite], rows, side="right")
    return Curve(zip(known[at].tolist(), values.tolist(), strict=True))


def inherited(before: Curve, first_fidelity: float) -> Curve:
    """What a run keeps of the curve that it goes on from: the part before its own first point."""
    return Curve(
        (fidelity, value)
        for fidelity, value in zip(before.fidelity, before.values, strict=True)
        if fidelity < first_fidelity
    )


def last_finite(curve: Curve) -> float | None:
    """The latest finite value; None if there is none."""
    return next((value for value in reversed(curve.values) if math.isfinite(value)), None)


def as_number(value: Any) -> float | None:
    """A logged value as a number; None where it is none (text, lists, booleans)."""
    if value is None or type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, SupportsFloat) or isinstance(value, str):
        return None
    return float(value)

"""`besom.plots` by the name that scripts know it by: a module, so that `from besom.plot import history` works.

Here a picture of a sweep also takes the sweep itself, its id or its name: it is then read anew from the home.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from besom import plots
from besom.plots import (  # noqa: F401
    DARK,
    LIGHT,
    Framed,
    Insight,
    Picture,
    SweepData,
    Theme,
    TrialData,
    __all__,
    comparison,
    framed,
    hung,
    names,
    pngs,
    read_sweep,
    trial_metrics,
    trial_picture,
    trial_resources,
    write_markdown,
    write_report,
    x_axes,
)
from besom.records import Sweep
from besom.server.connect import connect
from besom.service import sweeps_called

P = ParamSpec("P")
R = TypeVar("R")


def _of_any(draw: Callable[Concatenate[SweepData, P], R]) -> Callable[Concatenate[SweepData | Sweep | str, P], R]:
    """`draw`, of a sweep that need not have been read."""

    @wraps(draw)
    def drawn(data: SweepData | Sweep | str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if isinstance(data, SweepData):
            return draw(data, *args, **kwargs)
        with connect() as service:
            sweep = data if isinstance(data, Sweep) else sweeps_called(service, data)[0]
            return draw(read_sweep(service, sweep.id), *args, **kwargs)

    return drawn


contours = _of_any(plots.contours)
cost_against_quality = _of_any(plots.cost_against_quality)
history = _of_any(plots.history)
importance = _of_any(plots.importance)
insight_of = _of_any(plots.insight_of)
learning_curves = _of_any(plots.learning_curves)
parallel_coordinates = _of_any(plots.parallel_coordinates)
resources = _of_any(plots.resources)
slices = _of_any(plots.slices)
timeline = _of_any(plots.timeline)

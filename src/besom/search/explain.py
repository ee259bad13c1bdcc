"""Why the model suggests a configuration, for a person: what it expects there and which parameters matter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.numerics.acquisition import log_ei
from besom.records import Reason
from besom.search.model import Model
from besom.space import Space

Floats = npt.NDArray[np.float64]

_PROBES = 7
_DRIVERS = 3
_LEAST_SHARE = 0.1


def reason_of(model: Model, space: Space, x: Floats, results: int) -> Reason:
    """The reason for the suggestion at position `x`, shape (d,), of a model of `results` results.

    Details, in the minimised objective's units: `mean` and `sd` predicted there, `best` (the lowest mean so far),
    `expected_gain` below it; and `drivers`, the names of the parameters that the prediction depends on most.
    """
    mean, sd = model.posterior.predict(x[None, :])
    gain = float(np.exp(log_ei(mean, sd, model.best))[0]) * model.warp.unit
    low, at, high, best = model.warp.inverse(np.array([mean[0] - sd[0], mean[0], mean[0] + sd[0], model.best])).tolist()
    details: dict[str, Any] = {"mean": at, "sd": high / 2 - low / 2, "best": best, "expected_gain": gain}
    # Objectives near the largest floats overflow on the way back; what cannot be told is left out.
    finite = {name: value for name, value in details.items() if math.isfinite(value)}
    drivers = drivers_of(lambda points: model.posterior.predict(points)[0], space, x)
    text = f"A model of {results} results expects a gain of {gain:.3g} on the best so far"
    text += f", unsure by {details['sd']:.2g}; what it goes by: {', '.join(drivers)}." if drivers else "."
    return Reason("model", text, {**finite, "drivers": drivers, "results": results})


def drivers_of(predict: Callable[[Floats], Floats], space: Space, x: Floats) -> list[str]:
    """The parameters along which the predicted mean varies most around `x`, shape (d,), most important first."""
    lines = []
    for j, parameter in enumerate(space.free):
        count = min(len(parameter.levels), _PROBES) if not parameter.is_ordinal and parameter.levels else _PROBES
        line = np.repeat(x[None, :], _PROBES, axis=0)
        line[:, j] = np.linspace(0, 1, _PROBES) if parameter.is_ordinal else np.arange(_PROBES) % count
        lines.append(line)
    variance = predict(np.concatenate(lines)).reshape(len(lines), _PROBES).var(axis=1)
    if variance.sum() <= 0:
        return []
    order = np.argsort(-variance, kind="stable")[:_DRIVERS]
    return [space.free[j].name for j in order if variance[j] >= _LEAST_SHARE * variance.sum()]

"""What the surrogate expects along one parameter or two, all others as in the incumbent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from besom.analysis.importance import Importance
from besom.analysis.surrogate import Surrogate, config_of
from besom.analysis.values import ranking, value_of
from besom.numerics.threads import one_thread
from besom.records import Config, Trial
from besom.space import Parameter

Floats = npt.NDArray[np.float64]

_STEPS = 61
_SQUARE = 31
_TAIL = 0.005  # left out at each end of a prior that has none


@dataclass(frozen=True, slots=True)
class Marks:
    """Trials with a value that have all the parameters in question; all of one length.

    Attributes:
        numbers: The trials.
        at: Their values of each of these parameters.
        values: What they reached.
    """

    numbers: tuple[int, ...]
    at: tuple[tuple[Any, ...], ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The objective expected over one parameter; all of one length.

    Attributes:
        parameter: The parameter.
        at: Its values in order: all of them, or many between its ends.
        mean: The objective expected there.
        low, high: The 95 % band of the objective without its noise.
        incumbent: The incumbent's value.
        marks: The trials.
    """

    parameter: Parameter
    at: tuple[Any, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    incumbent: Any
    marks: Marks


@dataclass(frozen=True, slots=True)
class Contour:
    """The objective expected over two parameters.

    Attributes:
        x, y: The parameters.
        x_at, y_at: Their values in order.
        mean: The objective expected, a row for each of `y_at`.
        marks: The trials.
    """

    x: Parameter
    y: Parameter
    x_at: tuple[Any, ...]
    y_at: tuple[Any, ...]
    mean: tuple[tuple[float, ...], ...]
    marks: Marks


def slices(surrogate: Surrogate, trials: Iterable[Trial], goal: str, names: Sequence[str]) -> tuple[Slice, ...]:
    """A slice for each of the parameters named that is active in the incumbent.

    Raises:
        ConfigError: There is no parameter of such a name.
    """
    trials = list(trials)
    best = _incumbent(surrogate, trials, goal)
    found = [(surrogate.space.parameter(name), name) for name in names]
    return tuple(_slice(surrogate, trials, best, parameter) for parameter, name in found if name in best)


def _slice(surrogate: Surrogate, trials: Sequence[Trial], best: Config, parameter: Parameter) -> Slice:
    name = parameter.name
    at = values_along(parameter, _STEPS)
    mean, low, high = _predicted(surrogate, [{**best, name: value} for value in at])
    marks = _marks(surrogate, trials, (name,))
    return Slice(parameter, at, _plain(mean), _plain(low), _plain(high), best[name], marks)


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


def contour(surrogate: Surrogate, trials: Iterable[Trial], goal: str, x: str, y: str) -> Contour | None:
    """The objective expected over the parameters `x` and `y`; None where the incumbent does not have both.

    Raises:
        ConfigError: There is no parameter of such a name.
    """
    trials = list(trials)
    best = _incumbent(surrogate, trials, goal)
    first, second = surrogate.space.parameter(x), surrogate.space.parameter(y)
    if x not in best or y not in best:
        return None
    x_at, y_at = values_along(first, _SQUARE), values_along(second, _SQUARE)
    mean, _, _ = _predicted(surrogate, [{**best, x: across, y: up} for up in y_at for across in x_at])
    rows = tuple(tuple(row) for row in mean.reshape(len(y_at), len(x_at)).tolist())
    return Contour(first, second, x_at, y_at, rows, _marks(surrogate, trials, (x, y)))


def most_telling(found: Importance, count: int) -> tuple[str, ...]:
    """The parameters that explain most, alone and in pairs with others; at most `count`, without those in the noise."""
    explained = {share.names[0]: share.share for share in found.parameters}
    doubt = {share.names[0]: share.error for share in found.parameters}
    for pair in found.pairs:
        for name in pair.names:
            explained[name] += pair.share
            doubt[name] = min(doubt[name], pair.error)
    telling = [name for name in explained if explained[name] > max(doubt[name], 0.01)]
    return tuple(sorted(telling, key=lambda name: (-explained[name], name))[:count])


def values_along(parameter: Parameter, count: int) -> tuple[Any, ...]:
    """The parameter's values in order: all of them where they are few or no numbers, or `count` from end to end."""
    levels = parameter.levels
    if levels is not None and (len(levels) <= count or not parameter.is_ordinal):
        return tuple(levels)
    low, high = (parameter.from_unit(u) for u in (0.0, 1.0))
    if not all(np.isfinite(parameter.bounds or (0.0,))):
        low, high = (parameter.from_unit(u) for u in (_TAIL, 1.0 - _TAIL))
    spread = np.geomspace(low, high, count) if parameter.is_log and low > 0 else np.linspace(low, high, count)
    spread[[0, -1]] = low, high
    if levels is None and parameter.kind == "float":
        return tuple(spread.tolist())
    nearest = [round(value) if parameter.kind == "int" else value for value in spread.tolist()]
    return tuple(dict.fromkeys(parameter.from_unit(parameter.to_unit(value)) for value in nearest))


def _incumbent(surrogate: Surrogate, trials: Sequence[Trial], goal: str) -> Config:
    """The flat configuration of the best trial that has a place in the space."""
    best = (config_of(trial, surrogate.space) for trial in ranking(trials, goal))
    return next((config for config in best if config is not None), {})


def _predicted(surrogate: Surrogate, configs: Sequence[Config]) -> tuple[Floats, Floats, Floats]:
    """What is expected of configurations, with the parameters active that are so in them."""
    space = surrogate.space
    if space.is_conditional:
        middle = {parameter.name: parameter.from_unit(0.5) for parameter in space.parameters}
        configs = [space.activity.active({**middle, **config}) for config in configs]
    with one_thread():
        return surrogate.predict(surrogate.encode(configs))


def _marks(surrogate: Surrogate, trials: Sequence[Trial], names: tuple[str, ...]) -> Marks:
    shown = []
    for trial in trials:
        value, config = value_of(trial), config_of(trial, surrogate.space)
        if value is not None and config is not None and all(name in config for name in names):
            shown.append((trial.number, tuple(config[name] for name in names), value))
    at = tuple(tuple(place[i] for _, place, _ in shown) for i in range(len(names)))
    return Marks(tuple(number for number, _, _ in shown), at, tuple(value for _, _, value in shown))

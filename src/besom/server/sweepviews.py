"""What a sweep's page begins with: its numbers in cards, its parameters, and which pictures there are of it."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from besom.analysis.failing import FailureKind, failure_kinds
from besom.analysis.formats import FORMATS
from besom.analysis.overview import Overview
from besom.analysis.setaside import SetAsideView, set_aside_views
from besom.plots import gallery
from besom.plots.drawing import plotly_js_version
from besom.plots.facts import cards_of
from besom.plots.sweepdata import SweepData
from besom.records import TrialState
from besom.service import Progress
from besom.space import Parameter

_MOST_LEVELS = 100
_MOST_FAILURES = 6


@dataclass(frozen=True, slots=True)
class ParameterView:
    """A parameter of the space: what its axis is like, and its values where they are few."""

    name: str
    is_log: bool
    is_integer: bool
    levels: tuple[Any, ...] | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PictureName:
    """A picture that there is."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class CardView:
    """A number that says much, and words to it."""

    title: str
    figure: str
    words: str


@dataclass(frozen=True, slots=True)
class SweepView:
    """All of that.

    Attributes:
        version: Of the sweep: grows with each change.
        overview, progress: Where it stands.
        notice: What to say of it before all else; empty where there is nothing.
        set_aside: Hosts that get no further runs of it.
        cards: What it came to so far.
        parameters: Those that vary, in the order of the file.
        pictures: Those that there are, in the order in which they are shown.
        failures: In which ways trials failed, the most frequent first; of very many ways those.
        metrics: Names of what its runs logged.
        x_axes: What the search can be drawn over.
        best_formats: What a configuration can be had as.
        file: The sweep file as YAML.
        versions: Of besom and what it draws with.
    """

    version: int
    overview: Overview
    progress: Progress
    notice: str
    set_aside: tuple[SetAsideView, ...]
    cards: tuple[CardView, ...]
    failures: tuple[FailureKind, ...]
    parameters: tuple[ParameterView, ...]
    pictures: tuple[PictureName, ...]
    metrics: tuple[str, ...]
    x_axes: tuple[str, ...]
    best_formats: tuple[str, ...]
    file: str
    versions: dict[str, str]


def cards(data: SweepData) -> tuple[CardView, ...]:
    """What a sweep came to so far."""
    return tuple(CardView(card.title, card.figure, card.words) for card in cards_of(data))


@dataclass(frozen=True, slots=True)
class Slow:
    """Those parts of a view that are not worked out for each version: they change when trials change their state.

    Attributes:
        file: The sweep's file, whose text this is.
        mark: Differs whenever the rest does.
    """

    file: Mapping[str, Any]
    text: str
    mark: object
    cards: tuple[CardView, ...]
    failures: tuple[FailureKind, ...]
    metrics: tuple[str, ...]


def failures(data: SweepData) -> tuple[FailureKind, ...]:
    """In which ways its trials failed, the most frequent."""
    failed = np.flatnonzero(data.columns.are(TrialState.FAILED)).tolist()
    return failure_kinds(data.trials[at] for at in failed)[:_MOST_FAILURES]


def sweep_view(
    data: SweepData, number: int, line: Overview, progress: Progress, slow: Slow, notice: str = ""
) -> SweepView:
    """The beginning of the page of a sweep, as of its version `number`."""
    return SweepView(
        version=number,
        overview=line,
        progress=progress,
        notice=notice,
        set_aside=set_aside_views(progress.sweep),
        cards=slow.cards,
        failures=slow.failures,
        parameters=tuple(map(_parameter, data.space.free)) if data.space else (),
        pictures=tuple(PictureName(*each) for each in gallery.names(data)),
        metrics=slow.metrics,
        x_axes=tuple(gallery.x_axes(data)),
        best_formats=tuple(FORMATS),
        file=slow.text,
        versions=_versions(),
    )


def _parameter(parameter: Parameter) -> ParameterView:
    levels = None if parameter.count is None or parameter.count > _MOST_LEVELS else parameter.levels
    low, high = parameter.bounds or (None, None)
    is_integer = parameter.kind == "int"
    return ParameterView(parameter.name, parameter.is_log, is_integer, levels, _finite(low), _finite(high))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


@cache
def _versions() -> dict[str, str]:
    return {"besom": version("besom"), "Python": platform.python_version(), "plotly.js": plotly_js_version()}

"""Every picture of a sweep by its name, with its title and a note: the same in report, pages and notebooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besom.errors import require
from besom.plots import notes
from besom.plots.compared import comparison as compared
from besom.plots.history import history
from besom.plots.learning import learning_curves
from besom.plots.mattered import importance
from besom.plots.parallel import parallel_coordinates
from besom.plots.picture import Picture
from besom.plots.spending import cost_against_quality, resources
from besom.plots.spent import X_AXES, x_axes
from besom.plots.surroundings import contours, require_parameters, slices, two_of
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme
from besom.plots.timeline import timeline
from besom.plots.trial import MOST_PANELS, TrialData, trial_metrics, trial_resources
from besom.service import Progress, Service

__all__ = ["Framed", "comparison", "framed", "hung", "names", "trial_picture", "x_axes"]

_TITLES = {
    "history": "The search",
    "curves": "Learning curves",
    "parallel": "Which settings did well",
    "importance": "What mattered",
    "slices": "Around the best, one at a time",
    "contours": "Two at a time",
    "cost": "Cost against quality",
    "timeline": "Agents over time",
    "resources": "The machine",
}
_OF_TRIAL = {"metrics": "All its metrics", "resources": "The machine over time"}


@dataclass(frozen=True, slots=True)
class Framed:
    """A picture as it hangs.

    Attributes:
        name: What it is asked for by.
        title: Its heading.
        note: What it shows, and what it leaves out.
        picture: None where the note says why there is nothing to draw.
        options: What can be drawn in its place, a value and words for each: first what is drawn where nobody chooses;
            empty where there is nothing to choose.
    """

    name: str
    title: str
    note: str
    picture: Picture | None
    options: tuple[tuple[str, str], ...] = ()

    def content(self) -> dict[str, Any]:
        """The same in JSON's own types: `name`, `title`, `note`, `options`, and `figure` with `data` and `layout`.

        Where there is nothing to draw, `figure` is null and `note` says so.
        """
        options = [list(option) for option in self.options]
        shown = {"name": self.name, "title": self.title, "note": self.note, "options": options, "figure": None}
        if self.picture is None:
            return shown
        if self.picture.words:
            return {**shown, "note": self.picture.words}
        return {**shown, "figure": self.picture.content()}

    def to_json(self) -> str:
        """The content as JSON."""
        return json.dumps(self.content(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def names(data: SweepData) -> tuple[tuple[str, str], ...]:
    """Name and title of each picture that this sweep has, in the order in which they are shown; nothing is drawn."""
    has_values = bool(len(data.columns.ranked))
    has = {
        "curves": bool(data.progress.metric),
        "parallel": has_values,
        "importance": bool(data.progress.metric),
        "slices": has_values and data.space is not None and bool(data.space.free),
        "contours": has_values and data.space is not None and len(data.space.free) > 1,
        "cost": has_values,
        "resources": any(trial.resources for trial in data.trials),
    }
    return tuple((name, title) for name, title in _TITLES.items() if has.get(name, True))


def hung(data: SweepData, theme: Theme = LIGHT) -> tuple[Framed, ...]:
    """All pictures of the sweep, as a report shows them: where the model says nothing, importance says why for all."""
    found = (framed(data, name, theme) for name, _ in names(data))
    return tuple(each for each in found if each.picture is not None or each.name not in ("slices", "contours"))


def framed(
    data: SweepData,
    name: str,
    theme: Theme = LIGHT,
    *,
    x: str | None = None,
    metric: str | None = None,
    a: str | None = None,
    b: str | None = None,
    only: str | None = None,
    is_narrow: bool = False,
) -> Framed:
    """One picture of the sweep.

    Args:
        data: The sweep.
        name: One of those that `names` gives; others of its kind say why there is nothing to see.
        theme: Colours.
        x: For `history` what the search is drawn over: trials, epochs, hours, gpu_hours; for `cost` seconds or
            gpu_hours.
        metric: For `curves` another metric than the objective.
        a: For `slices` a parameter, for `contours` the one across.
        b: For `contours` the parameter up.
        only: For `curves`, "running": nothing but the trials under way, for pages that draw them anew.
        is_narrow: For a phone: what stands side by side stands one below the other.

    Raises:
        UnknownName: There is no such picture, parameter or axis.
    """
    require("picture", name, _TITLES)
    words, picture = _drawn(data, name, theme, x, metric, a, b, only, is_narrow)
    return Framed(name, _TITLES[name], words, picture, _parameters(data) if name in ("slices", "contours") else ())


def _parameters(data: SweepData) -> tuple[tuple[str, str], ...]:
    """The parameters that a model's picture can be drawn over."""
    if data.insight.surrogate is None or data.space is None:
        return ()
    usual = "by importance" if data.insight.importance.is_telling else "choose a parameter"
    return (("", usual), *((parameter.name, parameter.name) for parameter in data.space.free))


def _drawn(
    data: SweepData,
    name: str,
    theme: Theme,
    x: str | None,
    metric: str | None,
    a: str | None,
    b: str | None,
    only: str | None,
    is_narrow: bool,
) -> tuple[str, Picture | None]:
    match name:
        case "history":
            require("x", x or "trials", X_AXES)  # before the note is written of it
            return notes.history(data, x or "trials"), history(data, theme, x=x or "trials")
        case "curves":
            return notes.curves(data, metric), learning_curves(data, theme, metric=metric, only=only or None)
        case "parallel":
            return notes.parallel(data), parallel_coordinates(data, theme, is_narrow=is_narrow)
        case "cost":
            return notes.cost(data), cost_against_quality(data, theme, x=x or "seconds")
        case "timeline":
            return notes.timeline(data), timeline(data, theme)
        case "resources":
            return notes.resources(data), resources(data, theme, is_narrow=is_narrow)
    return _of_surrogate(data, name, theme, a, b, is_narrow)


def _of_surrogate(
    data: SweepData, name: str, theme: Theme, a: str | None, b: str | None, is_narrow: bool
) -> tuple[str, Picture | None]:
    require_parameters(data, filter(None, (a, b)))
    if name == "importance":
        found = data.insight.importance
        return notes.importance(data), importance(data, theme) if found.is_telling else None
    if data.insight.surrogate is None:
        return "There is too little yet to draw this from.", None
    is_telling = data.insight.importance.is_telling
    if name == "slices":
        if not (is_telling or a):
            return "Nothing tells which parameter to draw: choose one.", None
        return notes.slices(data, a), slices(data, theme, names=[a] if a else None, is_narrow=is_narrow)
    pair = (a, b) if a and b else two_of(data.insight) if is_telling else None
    if pair is None:
        return "Nothing tells which two parameters to draw: choose them.", None
    return notes.contours(data), contours(data, theme, names=pair)


def trial_picture(
    service: Service,
    sweep_id: str,
    trial_number: int,
    name: str,
    theme: Theme = LIGHT,
    *,
    first: int = 0,
    is_narrow: bool = False,
    progress: Progress | None = None,
) -> Framed:
    """One picture of one trial: "metrics", all that it logged; or "resources", what it took of the machine.

    `first` is the place of the first metric that is drawn; `progress` is the sweep's, where it is known already.

    Raises:
        UnknownName: There is no such sweep, trial or picture.
    """
    require("picture", name, _OF_TRIAL)
    data = TrialData(service, sweep_id, trial_number, progress)
    if name == "resources":
        picture = trial_resources(data, theme, is_narrow=is_narrow)
        return Framed(name, _OF_TRIAL[name], notes.TRIAL_RESOURCES, picture)
    picture = trial_metrics(data, theme, first=first, is_narrow=is_narrow)
    return Framed(name, _OF_TRIAL[name], notes.trial_metrics(data, first), picture, _stretches(data))


def _stretches(data: TrialData) -> tuple[tuple[str, str], ...]:
    """The metrics that can be drawn at once, where they are too many for that."""
    count = len(data.metrics)
    if count <= MOST_PANELS:
        return ()
    firsts = range(0, count, MOST_PANELS)
    return tuple((str(at or ""), f"{at + 1} to {min(count, at + MOST_PANELS)}") for at in firsts)


def comparison(datas: Sequence[SweepData], x: str = "trials", theme: Theme = LIGHT) -> Framed:
    """The incumbents of several sweeps over one axis: trials, epochs, hours or gpu_hours.

    Raises:
        UnknownName: There is no such axis.
    """
    require("x", x, X_AXES)
    return Framed("comparison", "Sweeps compared", notes.comparison(datas, x), compared(datas, theme, x=x))

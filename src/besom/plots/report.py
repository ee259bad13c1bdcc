"""A sweep's report: one HTML file that opens from disk, with pictures that move and nothing fetched from anywhere."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from besom.analysis import counted
from besom.plots.drawing import plotly_js, plotly_js_version, policy
from besom.plots.facts import facts_of
from besom.plots.history import history
from besom.plots.learning import MOST_CURVES, drawn, learning_curves
from besom.plots.mattered import MOST_BARS, Insight, importance, insight_of
from besom.plots.parallel import MOST_AXES, MOST_LINES, parallel_coordinates
from besom.plots.picture import Picture
from besom.plots.spending import cost_against_quality, resources
from besom.plots.surroundings import contours, slices, two_of
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import exchange
from besom.service import Service

_POINTS = 100


def write_report(service: Service, sweep_id: str, path: Path) -> Path:
    """The path of the report of the sweep as it stands, written whole or not at all.

    Args:
        service: Where the sweep is.
        sweep_id: The sweep.
        path: The file to write; one that is there is replaced.

    Raises:
        UnknownName: There is no such sweep.
        OSError: The file cannot be written.
    """
    path = Path(path)
    text = report_html(read_sweep(service, sweep_id, points=_POINTS))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def report_html(data: SweepData) -> str:
    """The whole report as text."""
    import jinja2

    folder = files("besom.plots") / "templates"
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = (folder / "report.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("besom.plots"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html").render(
        facts=facts_of(data),
        pictures=_pictures(data),
        colors=exchange(),
        style=style,
        script=script,
        plotly_js=plotly_js(),
        policy=policy(scripts=(plotly_js(), script), styles=(style,)),
        versions={"besom": version("besom"), "Python": platform.python_version(), "plotly.js": plotly_js_version()},
    )


def _pictures(data: SweepData) -> list[dict[str, str]]:
    """Each picture with its id, title, a note, and its figure as JSON that may stand inside a script element."""
    insight = insight_of(data)
    pictures: list[tuple[str, str, str, Picture | None]] = [
        ("history", "The search", "Each trial as it ended, and the best value so far.", history(data)),
        ("curves", "Learning curves", _curves_note(data), learning_curves(data)),
        *_mattered(data, insight),
        ("parallel", "Which settings did well", _parallel_note(data), parallel_coordinates(data)),
        ("cost", "Cost against quality", "What each trial took, and what it reached.", cost_against_quality(data)),
    ]
    if any(trial.resources for trial in data.trials):
        words = "Peaks and means of each trial, as measured once a second."
        pictures.append(("resources", "The machine", words, resources(data)))
    return [
        {"id": name, "title": title, "note": words, "figure": picture.to_json() if picture else ""}
        for name, title, words, picture in pictures
    ]


def _mattered(data: SweepData, insight: Insight) -> list[tuple[str, str, str, Picture | None]]:
    """What the surrogate says; a sentence where that is nothing."""
    found = insight.importance
    if not found.is_telling:
        return [("importance", "What mattered", str(found), None)]
    words = f"The share of the variance of {data.metric} over the whole space that each parameter explains, by a model "
    words += f"of {counted(found.trials, 'trial')}; lines span one standard error each way."
    if found.is_by_rank:
        words += " Values worse than the median count by their rank."
    if len(found.parameters) > MOST_BARS:
        words += f" The first {MOST_BARS} of {len(found.parameters)} parameters are shown."
    pictures: list[tuple[str, str, str, Picture | None]] = [
        ("importance", "What mattered", words, importance(data, insight=insight))
    ]
    around = "What the model expects when one parameter changes and all others stay as in the best trial."
    pictures.append(("slices", "Around the best, one at a time", around, slices(data, insight=insight)))
    if two_of(insight):
        around = "What the model expects when two parameters change and all others stay as in the best trial."
        pictures.append(("contours", "Two at a time", around, contours(data, insight=insight)))
    return pictures


def _curves_note(data: SweepData) -> str:
    logged = len({curve.trial for curve in data.curves if len(curve.x)})
    shown = len(drawn(data))
    words = f"{data.metric} over {data.x_label}, the best trial in front."
    if shown < logged:
        words += f" {shown} of {logged} trials are drawn: the best {MOST_CURVES // 2}, and others spread over the rest."
    return words


def _parallel_note(data: SweepData) -> str:
    words = "A line for each trial, through its parameters to its value; the stronger its colour, the better."
    if len(data.trials) > MOST_LINES:
        words += f" At most the best {MOST_LINES} trials are drawn."
    if data.space is not None and len(data.space.free) > MOST_AXES:
        words += f" The first {MOST_AXES} parameters that differ are shown."
    return words

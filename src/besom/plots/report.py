"""A sweep's report: one HTML file that opens from disk, with pictures that move and nothing fetched from anywhere."""

from __future__ import annotations

import os
import platform
import tempfile
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from besom.plots.facts import facts_of
from besom.plots.history import history
from besom.plots.learning import MOST_CURVES, drawn, learning_curves
from besom.plots.parallel import MOST_AXES, MOST_LINES, parallel_coordinates
from besom.plots.spending import cost_against_quality, resources
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import exchange
from besom.service import Service

if TYPE_CHECKING:
    import plotly.graph_objects as go

_POINTS = 100
_EMPTY = ""
"""plotly.js adds an empty style element and fills it rule by rule: its hash must be allowed too."""


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
    from plotly import __version__ as plotly_version
    from plotly.offline import get_plotlyjs

    folder = files("besom.plots") / "templates"
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = (folder / "report.js").read_text(encoding="utf-8")
    plotly_js: str = get_plotlyjs()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("besom.plots"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html").render(
        facts=facts_of(data),
        pictures=_pictures(data),
        colors=exchange(),
        style=style,
        script=script,
        plotly_js=plotly_js,
        policy=_policy(scripts=(plotly_js, script), styles=(style, _EMPTY)),
        versions={"besom": version("besom"), "Python": platform.python_version(), "plotly": plotly_version},
    )


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A content policy under which only these scripts run and nothing is loaded.

    plotly.js writes style attributes as it draws, which is why those, and only those, are allowed at large.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src-elem {' '.join(map(_hash, styles))}",
            "style-src-attr 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _pictures(data: SweepData) -> list[dict[str, str]]:
    """Each picture with its id, title, a note, and its figure as JSON that may stand inside a script element."""
    pictures = [
        ("history", "The search", "Each trial as it ended, and the best value so far.", history(data)),
        ("curves", "Learning curves", _curves_note(data), learning_curves(data)),
        ("parallel", "Which settings did well", _parallel_note(data), parallel_coordinates(data)),
        ("cost", "Cost against quality", "What each trial took, and what it reached.", cost_against_quality(data)),
    ]
    if any(trial.resources for trial in data.trials):
        words = "Peaks and means of each trial, as measured once a second."
        pictures.append(("resources", "The machine", words, resources(data)))
    return [
        {"id": name, "title": title, "note": words, "figure": _json(picture)}
        for name, title, words, picture in pictures
    ]


def _json(picture: go.Figure) -> str:
    text: str = picture.to_json(validate=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _curves_note(data: SweepData) -> str:
    logged = len({curve.trial for curve in data.curves if len(curve.x)})
    shown = len(drawn(data))
    words = f"{data.metric} over {data.x_label}, the best trial in front."
    if shown < logged:
        words += f" {shown} of {logged} trials are drawn: the best {MOST_CURVES // 2}, and others spread over the rest."
    return words


def _parallel_note(data: SweepData) -> str:
    words = "A line for each trial, through its parameters to its value; the darker, the better."
    if len(data.trials) > MOST_LINES:
        words += f" At most the best {MOST_LINES} trials are drawn."
    if data.space is not None and len(data.space.free) > MOST_AXES:
        words += f" The first {MOST_AXES} parameters that differ are shown."
    return words

"""A sweep's report: one HTML file that opens from disk, with pictures that move and nothing fetched from anywhere."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from besom.analysis.wording import number
from besom.plots.drawing import plotly_js, policy
from besom.plots.facts import facts_of
from besom.plots.gallery import framed, hung
from besom.plots.picture import Picture
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import exchange
from besom.plots.writing import put, versions
from besom.service import Service

_BROAD = ("slices", "resources")
_ROWS = 2000  # of the table: a browser sorts so many at once


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
    return put(Path(path), report_html(read_sweep(service, sweep_id)).encode())


def report_html(data: SweepData) -> str:
    """The whole report as text."""
    import jinja2

    folder = files("besom.plots") / "templates"
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = (folder / "report.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("besom.plots"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = number
    return environment.get_template("report.html").render(
        facts=facts_of(data, _ROWS),
        pictures=_pictures(data),
        colors=exchange(),
        style=style,
        script=script,
        plotly_js=plotly_js(),
        policy=policy(scripts=(plotly_js(), script), styles=(style,)),
        versions=versions(),
    )


def _pictures(data: SweepData) -> list[dict[str, str]]:
    """Each picture with its id, title, a note, and its figure as JSON that may stand inside a script element.

    Of those that a phone has no room for, `narrow` is the figure without its traces, as it is laid out there.
    """
    return [
        {
            "id": each.name,
            "title": each.title,
            "note": each.note,
            "figure": each.picture.to_json() if each.picture else "",
            "narrow": _narrow(data, each.name) if each.picture and each.name in _BROAD else "",
        }
        for each in hung(data)
    ]


def _narrow(data: SweepData, name: str) -> str:
    picture = framed(data, name, is_narrow=True).picture
    return Picture((), picture.layout).to_json() if picture else ""

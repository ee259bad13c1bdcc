"""A picture: what plotly.js draws, as plain data."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from besom.errors import MissingExtra
from besom.plots.drawing import page_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

MIME_TYPE = "application/vnd.plotly.v1+json"
Trace = dict[str, Any]
LARGEST = 1e304
"""Plotly draws nothing that lies further off than 1.8e304."""


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A plotly figure as its JSON has it: notebooks draw it, and `to_plotly` makes it one to work on.

    Attributes:
        data: The traces, those in front last.
        layout: Axes, words, size and theme.
        words: What the layout says in place of traces, where there is nothing to draw.
    """

    data: tuple[Trace, ...]
    layout: dict[str, Any]
    words: str = ""

    def to_json(self) -> str:
        """The figure as JSON that may stand inside a script element; what is not finite is null."""
        text = json.dumps(self.content(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

    def to_plotly(self) -> go.Figure:
        """The same as a `plotly.graph_objects.Figure`.

        Raises:
            MissingExtra: The package plotly is not installed.
        """
        try:
            import plotly.graph_objects as go
        except ImportError as error:
            raise MissingExtra(
                "Picture.to_plotly: needs the Python package plotly, got none; pip install 'besom[plot]'."
            ) from error
        return go.Figure(self.content())

    def __repr__(self) -> str:
        names = [str(trace["name"]) for trace in self.data if "name" in trace]
        return f"<Picture of {len(self.data)} traces{': ' if names else ''}{', '.join(names)}>"

    def _repr_html_(self) -> str:
        """A frame with a page of its own, for notebooks that cannot draw plotly's JSON themselves."""
        height = int(self.layout.get("height", 450))
        # In ASCII: read in another encoding, the script would not be the one that the page's policy lets run.
        page = html.escape(page_of(self.to_json())).encode("ascii", "xmlcharrefreplace").decode()
        return (
            f'<iframe sandbox="allow-scripts" style="width:100%;height:{height}px;border:0" srcdoc="{page}"></iframe>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What notebooks with plotly's renderer draw; they ask for the HTML apart."""
        return {MIME_TYPE: self.content()}

    def content(self) -> dict[str, Any]:
        """The figure in JSON's own types, as `data` and `layout`; what is not finite is null."""
        content: dict[str, Any] = _plain({"data": self.data, "layout": self.layout})
        return content


def scatter(**properties: Any) -> Trace:
    """A trace of points, lines or both."""
    return {"type": "scatter", **properties}


def of_trials(numbers: Sequence[int | None], **properties: Any) -> Trace:
    """A trace whose points are trials: pages tell by `meta`, and find a point's trial in `customdata`."""
    return scatter(**properties, customdata=list(numbers), meta="trials")


def brief(values: Iterable[float | None]) -> list[float | None]:
    """The numbers with the seven digits that a screen can show, none beyond `LARGEST`; what is not finite is None."""
    return [
        None if value is None or not math.isfinite(value) else float(f"{max(-LARGEST, min(LARGEST, value)):.7g}")
        for value in values
    ]


def _plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

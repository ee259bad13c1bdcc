"""What draws pictures in a browser: the plotly.js that lies beside, and the policy under which it may run."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

_EMPTY = ""
"""plotly.js adds an empty style element and fills it rule by rule: its hash must be allowed too."""

_DRAW = """
const figure = JSON.parse(document.getElementById("figure").textContent);
Plotly.newPlot("picture", figure.data, figure.layout, { displayModeBar: false, responsive: true });
"""


@cache
def plotly_js() -> str:
    """The script that defines `Plotly`, with the traces of Cartesian axes and nothing that is fetched."""
    return (files("besom.plots") / "plotlyjs" / "plotly-cartesian.min.js").read_text(encoding="utf-8")


def plotly_js_version() -> str:
    """The version that the script's first lines name."""
    named = re.search(r"plotly\.js .*?v(\d[\w.-]*)", plotly_js()[:400])
    assert named, "the script that scripts/renew-plotlyjs fetched does not name its version"
    return named[1]


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A content policy under which only these scripts run and nothing is loaded.

    plotly.js writes style attributes as it draws, which is why those, and only those, are allowed at large.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src-elem {' '.join(map(_hash, (*styles, _EMPTY)))}",
            "style-src-attr 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def page_of(figure: str) -> str:
    """A page that shows one picture and nothing else; `figure` is what `Picture.to_json` gives."""
    style = "body { margin: 0 }"
    script = plotly_js()
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy((script, _DRAW), (style,))}">'
        f'<title>besom</title><style>{style}</style></head><body><div id="picture"></div>'
        f'<script type="application/json" id="figure">{figure}</script>'
        f"<script>{script}</script><script>{_DRAW}</script></body></html>"
    )

"""Pictures as PNG, drawn by a browser that is installed: no package, and nothing from a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

from besom.errors import MissingExtra
from besom.plots.drawing import plotly_js, policy
from besom.plots.picture import Picture

BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
"""Programs that can draw, the first found is taken: the shell has no windows and does less."""
_TIMEOUT_S = 180
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--virtual-time-budget=600000",
    "--dump-dom",
)
_DRAW = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const size = JSON.parse(document.getElementById("size").textContent);
const put = (text) => {
  const place = document.createElement("pre");
  place.textContent = text;
  document.body.append(place);
};
(async () => {
  for (const { data, layout } of figures) {
    const height = layout.height || 400;
    put(await Plotly.toImage({ data, layout }, { format: "png", height, ...size }));
  }
  put("done");
})().catch((error) => put(`failed: ${error}`));
"""


def pngs(pictures: Sequence[Picture], width: int = 900, scale: float = 2.0) -> list[bytes]:
    """Each picture as a PNG, `width` by its own height, `scale` pixels to one of these.

    Raises:
        MissingExtra: No browser that can draw is installed, or it does not.
    """
    if not pictures:
        return []
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise MissingExtra(
            f"PNG: needs one of {', '.join(BROWSERS)} on PATH to draw, got none; install Chromium (on Debian: apt-get"
            " install chromium), or write HTML, which needs nothing."
        )
    with tempfile.TemporaryDirectory(prefix="besom-png-") as folder:
        page = Path(folder) / "pictures.html"
        page.write_text(_page(pictures, width, scale), encoding="utf-8")
        shown = _shown(program, page)
    found = [b64decode(text) for text in re.findall(r"<pre>data:image/png;base64,([A-Za-z0-9+/=]+)</pre>", shown)]
    if len(found) != len(pictures):
        why = re.search(r"<pre>(failed: [^<]*)</pre>", shown)
        raise MissingExtra(
            f"PNG: {program} must draw {len(pictures)} pictures, got {len(found)}{f' ({why[1]})' if why else ''};"
            " write HTML, which needs no browser."
        )
    return found


def _page(pictures: Sequence[Picture], width: int, scale: float) -> str:
    script = plotly_js()
    figures = ",".join(picture.to_json() for picture in pictures)
    size = json.dumps({"width": width, "scale": scale})
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy((script, _DRAW), ())}">'
        f'<title>besom</title></head><body><script type="application/json" id="figures">[{figures}]</script>'
        f'<script type="application/json" id="size">{size}</script>'
        f"<script>{script}</script><script>{_DRAW}</script></body></html>"
    )


def _shown(program: str, page: Path) -> str:
    """What the page holds when all is drawn."""
    # Chromium's sandbox refuses to run as root; the page is ours, and its policy lets nothing else run.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [program, *_QUIET, *sandbox, f"--user-data-dir={page.parent / 'profile'}", page.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingExtra(f"PNG: {program} must draw, got: {error}; write HTML, which needs no browser.") from error
    return done.stdout.decode("utf-8", "replace")

"""Files of a report: written whole or not at all, and what it takes to write them again."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from besom.plots.drawing import plotly_js_version


def put(path: Path, content: bytes) -> Path:
    """The path, with this content in one step: whoever reads meanwhile, and a full disk, leave the old file.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def versions() -> dict[str, str]:
    """The version of everything that a report comes from."""
    return {"besom": version("besom"), "Python": platform.python_version(), "plotly.js": plotly_js_version()}

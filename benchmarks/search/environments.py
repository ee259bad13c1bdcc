"""A virtual environment for each peer, made once, in `build/peers/`."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.peers.environment import ROOT
from benchmarks.search.roster import Entry

FOLDER = ROOT / "build" / "peers"


def python_for(entry: Entry) -> Path:
    """The Python that has what the peer needs; the project's own where it needs nothing."""
    if not entry.requirements:
        return Path(sys.executable)
    return python_with(entry.module.rstrip("_"), entry.requirements)


def python_with(name: str, requirements: tuple[tuple[str, ...], ...]) -> Path:
    """The Python of the environment `name` that has `requirements`, one call of pip each, in order."""
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / "made-for"
    wanted = repr(requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if not python.exists():
        venv.create(folder, with_pip=True)
    for arguments in requirements:
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run(pip, check=True, cwd=ROOT, stdout=sys.stderr)
    stamp.write_text(wanted, encoding="utf-8")
    return python

"""Virtual environments for what is measured: the peer's, and one for a fresh install of besom."""

from __future__ import annotations

import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OPTUNA = "optuna==5.0.0"
STORAGES = ("grpcio==1.81.0", "protobuf==6.33.5", "psycopg[binary]==3.3.3")
"""What Optuna's gRPC proxy and its storage on PostgreSQL need besides."""


def optuna() -> Path:
    """The Python that has Optuna; made on the first call and kept in `build/`."""
    return _kept("peer-optuna", OPTUNA)


def optuna_storages() -> Path:
    """The Python that has Optuna with what all of its storages need."""
    return _kept("peer-optuna-storages", OPTUNA, *STORAGES)


@cache
def _kept(name: str, *requirements: str) -> Path:
    folder = ROOT / "build" / name
    if not (folder / "ready").exists():
        make(folder, *requirements)
        (folder / "ready").touch()
    return folder / "bin" / "python"


def make(folder: Path, *requirements: str) -> tuple[Path, float]:
    """The Python of a new virtual environment with `requirements`, and the megabytes (10^6 bytes) they take there."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    before = _bytes(folder)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True, cwd=ROOT, stdout=sys.stderr)
    return python, (_bytes(folder) - before) / 1e6


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())

"""What a default install takes on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.peers.environment import OPTUNA, ROOT, make
from benchmarks.result import Result, Row


def measure() -> Result:
    """Megabytes of all files that `pip install` adds to a fresh virtual environment, bytecode included."""
    with tempfile.TemporaryDirectory() as folder:
        _, besom = make(Path(folder, "besom"), str(ROOT))
        _, optuna = make(Path(folder, "optuna"), OPTUNA)
    return Result(
        "Default install",
        "MB (10^6 bytes) that pip adds to a fresh virtual environment, with all requirements and their bytecode.",
        (Row("size, MB", besom, 300, optuna),),
        peer="Optuna",
    )

"""An export of W&B's runs from disk: which of its forms it has, and its runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

from besom.cli.foreign import wandb_objects, wandb_tables
from besom.cli.foreign.runs import ForeignRun
from besom.errors import MessageError

_CELL_MAX = 2**31 - 1
"""Cells that hold a whole summary are longer than the 128 kB that Python's csv allows."""


def read_export(path: Path, parameters: Collection[str] | None = None, metric: str | None = None) -> list[ForeignRun]:
    """The runs of an export: a table as downloaded or as `to_csv` writes it, JSON, or JSON lines.

    Args:
        path: The file.
        parameters: Names of the parameters, where known: a plain table does not say which columns these are.
        metric: The objective's name, where known; it is none of them.

    Raises:
        MessageError: It cannot be read, or is no export of runs.
    """
    text = _text(path)
    if not text.strip():
        raise MessageError(f"{path}: needs runs, got an empty file; export it anew.")
    if text.lstrip()[0] in "[{":
        return wandb_objects.runs_of(_objects(path, text), path.name)
    csv.field_size_limit(_CELL_MAX)
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise MessageError(
            f"{path}: needs a table in CSV, got what cannot be read ({error}); export it anew."
        ) from None
    return wandb_tables.runs_of(header, rows, path.name, parameters, metric)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MessageError(f"{path}: needs UTF-8 text, got byte {error.start} that is not; save it as UTF-8.") from None
    except OSError as error:
        raise MessageError(f"{path}: needs a file that can be read, got {error.strerror}; correct the path.") from None


def _objects(path: Path, text: str) -> list[object]:
    """What stands in a JSON list, in one JSON object, or on JSON lines."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise MessageError(f"{path}: needs JSON of sensible depth, got deeper; flatten it.") from None
    except json.JSONDecodeError as whole:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        objects: list[object] = []
        for number, line in lines:
            try:
                objects.append(json.loads(line))
            except (json.JSONDecodeError, RecursionError) as error:
                # Whichever got further was meant.
                line_of, told = (number, error) if number > 1 else (whole.lineno, whole)
                law = "needs a JSON list of runs, or one JSON object a line"
                raise MessageError(f"{path}:{line_of}: {law}, got {told}; correct it there.") from None
        return objects
    if isinstance(found, dict) and isinstance(found.get("runs"), list):
        return list(found["runs"])
    return found if isinstance(found, list) else [found]

"""What the tasks made here are scored against: the best value known and the median of random draws.

`reference_search` finds them, and keeps them in `data/references.json`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.search.tasks.task import Task

PATH = Path(__file__).parent / "data" / "references.json"


@cache
def references() -> dict[str, dict[str, Any]]:
    """By task: `best` at any epoch, `worst`, and `config`, the configuration that ended best, at `best_end`."""
    found: dict[str, dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def scored(task: Task) -> Task:
    """The task with its `best` and `worst`; without, where no search has been made for it yet."""
    found = references().get(task.name)
    return task if found is None else replace(task, best=found["best"], worst=found["worst"])

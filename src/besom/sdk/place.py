"""Where a script's run lives: the folder that its agent made, or one of its own when it is started by hand."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from besom.sdk.journal import say


@dataclass(frozen=True, slots=True)
class Place:
    """A run's folders, and what its agent says of it.

    Attributes:
        folder: Where rows go; None for nowhere.
        checkpoints: Where checkpoints go; they survive a stop, a resume and a retry.
        id: The run's id.
        sweep_id: The sweep's; None without an agent.
        config: The configuration that the sweep chose, nested.
        fidelity: Where the last run of the trial got to; None at the start.
        until: The fidelity to run to, and to leave a checkpoint at; the trial may be gone on with from there. None for
            as far as the script goes.
        seed: A seed, the same in every attempt; None without an agent.
    """

    folder: Path | None
    checkpoints: Path
    id: str
    sweep_id: str | None = None
    trial: int | None = None
    repeat: int = 0
    attempt: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    fidelity: float | None = None
    until: float | None = None
    seed: int | None = None


def find(environ: Mapping[str, str]) -> Place:
    """The place that the environment names, or a new one under `$BESOM_HOME/by-hand`."""
    folder = environ.get("BESOM_RUN_DIR")
    return _from_agent(Path(folder), environ) if folder else _by_hand(environ)


def _from_agent(folder: Path, environ: Mapping[str, str]) -> Place:
    return Place(
        folder=folder,
        checkpoints=Path(environ.get("BESOM_CHECKPOINT_DIR") or folder / "checkpoints"),
        id=environ.get("BESOM_RUN_ID") or folder.name,
        sweep_id=environ.get("BESOM_SWEEP_ID") or None,
        trial=int(environ["BESOM_TRIAL"]) if environ.get("BESOM_TRIAL") else None,
        repeat=int(environ.get("BESOM_REPEAT") or 0),
        attempt=int(environ.get("BESOM_ATTEMPT") or 0),
        config=_config(folder / "config.json"),
        fidelity=float(environ["BESOM_FIDELITY"]) if environ.get("BESOM_FIDELITY") else None,
        until=float(environ["BESOM_UNTIL"]) if environ.get("BESOM_UNTIL") else None,
        seed=int(environ["BESOM_SEED"]) if environ.get("BESOM_SEED") else None,
    )


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict):
        raise TypeError(f"{path}: must hold a JSON object, got {type(found).__name__}; only the agent writes it.")
    return found


def _by_hand(environ: Mapping[str, str]) -> Place:
    home = Path(environ.get("BESOM_HOME") or Path.home() / ".besom")
    run_id = secrets.token_hex(4)
    folder = home / "by-hand" / f"{time.strftime('%Y-%m-%d')}-{run_id}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        say(f"{folder}: cannot be made ({error.strerror}); nothing of this run is kept. Set BESOM_HOME elsewhere.")
        return nowhere()
    say(f"no agent started this script; its rows are kept in {folder}")
    return Place(folder=folder, checkpoints=folder / "checkpoints", id=run_id)


def nowhere() -> Place:
    """A place that keeps nothing, for `mode="disabled"`; checkpoints go where programs keep what does not matter."""
    run_id = secrets.token_hex(4)
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")
    return Place(folder=None, checkpoints=temporary / f"besom-{run_id}", id=run_id)


def is_main_process(environ: Mapping[str, str]) -> bool:
    """Whether this process is the one of a distributed training that logs: rank 0, or no rank at all."""
    rank = environ.get("RANK") or environ.get("LOCAL_RANK") or "0"
    return rank.strip() == "0"

"""What was submitted for a sweep: a folder for each launch, and how its actors are called.

$BESOM_HOME/sweeps/SWEEP/ray/TOKEN/
    launch.json     what was asked for
    logs/3-1.log    the second attempt of agent 3, where nodes share the home
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from besom.launch.ray.options import RayOptions

NAMESPACE = "besom"
"""Of all actors, so that their names meet nobody else's."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Agents that were submitted together. Actors get it, so all of it can be pickled.

    Attributes:
        folder: Where all of it lies.
        token: What its actors are known by.
        sweep_id: The sweep.
        home: The agents' home. Runs and checkpoints lie there; where nodes do not share it, each has its own.
        server, server_token: Where the agents find the sweep.
        options: What Ray was asked for.
        created_at: When, UTC.
    """

    folder: Path
    token: str
    sweep_id: str
    home: Path
    server: str
    server_token: str
    options: RayOptions
    created_at: float

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def runs(self) -> Path:
        """Where agents keep runs, as those of any other launch do."""
        return self.folder.parent.parent / "runs"

    @property
    def actors(self) -> list[str]:
        """The names of its actors, in the order of their numbers."""
        return [actor_name(self.sweep_id, self.token, index) for index in range(self.options.agents)]

    def save(self) -> None:
        """Write it down, for the eyes of its user only: the server's token is in it."""
        fields: dict[str, Any] = {**asdict(self), "home": str(self.home)}
        del fields["folder"]
        draft = self.folder / f".launch.json.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(fields, file, indent=1)
        draft.replace(self.folder / "launch.json")


def agent_name(token: str, index: int) -> str:
    """What an agent is called, in all its attempts; its heartbeats are known by it."""
    return f"ray-{token}-{index}"


def actor_name(sweep_id: str, token: str, index: int) -> str:
    """What Ray knows an agent's actor by."""
    return f"{sweep_id}.{token}.{index}"


def parts_of(name: str) -> tuple[str, str, int]:
    """Sweep, launch token and number of the agent with that name in Ray."""
    sweep_id, token, index = name.rsplit(".", 2)
    return sweep_id, token, int(index)


def launches_of(sweep_folder: Path) -> list[Launch]:
    """All launches of a sweep that were made from here, the oldest first. `sweep_folder` is the sweep's in the home."""
    found = (_read(path) for path in (sweep_folder / "ray").glob("*/launch.json"))
    return sorted(found, key=lambda launch: launch.created_at)


def _read(path: Path) -> Launch:
    fields: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    options = RayOptions(**fields["options"])
    return Launch(folder=path.parent, **{**fields, "options": options, "home": Path(fields["home"])})

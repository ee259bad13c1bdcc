"""What was submitted to a cluster for a sweep: a folder for each launch, and how its agents are called.

$BESOM_HOME/sweeps/SWEEP/KIND/TOKEN/    KIND is that of the cluster
    launch.json     what was asked for, and where agents find the sweep
    logs/3-1.log    the second attempt of agent 3
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from besom.server.home import Home

Options = TypeVar("Options")
"""What a kind of cluster can be asked for."""


@dataclass(frozen=True, slots=True)
class ClusterLaunch(ABC, Generic[Options]):
    """Agents that were submitted together; each kind of cluster adds what it knows them by.

    Attributes:
        kind: The kind of cluster.
        folder: Where all of it lies.
        token: What tells it from other launches.
        sweep_id: The sweep.
        home: The agents' home.
        server, server_token: Where the agents find the sweep.
        options: What the cluster was asked for.
        created_at: When, UTC.
    """

    kind: ClassVar[str]
    folder: Path
    token: str
    sweep_id: str
    home: Path
    server: str
    server_token: str
    options: Options
    created_at: float

    @classmethod
    def prepare(cls, home: Path, sweep_id: str, server: tuple[str, str], options: Options, now: float) -> Self:
        """A new launch, not yet on disk.

        Args:
            home: The home, an absolute path.
            sweep_id: The sweep.
            server: Address and token.
            options: What to ask the cluster for.
            now: Seconds since the epoch, UTC.
        """
        token = secrets.token_hex(4)
        folder = Home(home).sweep(sweep_id) / cls.kind / token
        return cls(folder, token, sweep_id, home, server[0], server[1], options, now)

    def more_like(self, options: Options, now: float) -> Self:
        """Another launch with these options, not yet on disk, with all else as in this one."""
        token = secrets.token_hex(4)
        return replace(self, folder=self.folder.parent / token, token=token, options=options, created_at=now)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The launch in a folder."""
        fields: Mapping[str, Any] = json.loads((folder / "launch.json").read_text(encoding="utf-8"))
        options = cls._options_of(fields["options"])
        return cls(folder=folder, **{**fields, "options": options, "home": Path(fields["home"])})

    @classmethod
    def of_sweep(cls, home: Path, sweep_id: str) -> list[Self]:
        """All launches of a sweep that were made from a home, the oldest first."""
        found = (cls.read(path.parent) for path in (Home(home).sweep(sweep_id) / cls.kind).glob("*/launch.json"))
        return sorted(found, key=lambda launch: launch.created_at)

    @property
    def address(self) -> str:
        """What agents are told to find the server by."""
        return self.server

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def runs(self) -> Path:
        """Where agents keep runs, as those of any other launch do."""
        return self.folder.parent.parent / "runs"

    @property
    def environment(self) -> dict[str, str]:
        """What agents find in their environment: where their sweep is."""
        places = {"BESOM_SERVER": self.address, "BESOM_HOME": str(self.home)}
        return {**places, "BESOM_TOKEN": self.server_token} if self.server_token else places

    def command(self, name: str, idle_s: float) -> list[str]:
        """An agent's command line.

        Args:
            name: What the agent is called, which its heartbeats are known by.
            idle_s: After so many seconds without a run it ends.
        """
        words = [sys.executable, "-m", "besom", "agent", self.sweep_id, "--folder", str(self.runs)]
        return [*words, "--name", name, "--idle", f"{idle_s:.0f}s"]

    def log(self, index: int, attempt: int) -> Path:
        """What one attempt of an agent says."""
        return self.logs / f"{index}-{attempt}.log"

    def make(self) -> None:
        """Make its folders, and write it down."""
        self.logs.mkdir(parents=True)
        self.runs.mkdir(parents=True, exist_ok=True)
        self.save()

    def save(self) -> None:
        """Write it down, for the eyes of its user only: the server's token is in it."""
        fields: dict[str, Any] = {**asdict(self), "options": self._written(self.options), "home": str(self.home)}
        del fields["folder"]
        draft = self.folder / f".launch.json.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(fields, file, indent=1)
        draft.replace(self.folder / "launch.json")

    @staticmethod
    @abstractmethod
    def _written(options: Options) -> dict[str, Any]:
        """The options as JSON has them."""

    @staticmethod
    @abstractmethod
    def _options_of(written: Mapping[str, Any]) -> Options:
        """The options from what `_written` gave."""

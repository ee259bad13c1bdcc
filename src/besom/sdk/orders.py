"""Orders that the agent leaves for the script in the run's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Stopped(SystemExit):
    """The run was told to stop or pause. Raised by `log()`; a script that lets it pass ends well, with exit code 0.

    Attributes:
        order: stop or pause.
        why: The reason, for a person.
    """

    def __init__(self, order: str, why: str) -> None:
        super().__init__(0)
        self.order = order
        self.why = why

    def __str__(self) -> str:
        return f"{self.order}: {self.why}" if self.why else self.order


class Orders:
    """The file in which the agent says stop or pause; looking costs one system call while it is absent."""

    def __init__(self, folder: Path) -> None:
        self._path = os.fspath(folder / "order.json")

    def obey(self) -> None:
        """Raise Stopped if the run was told to stop or pause."""
        try:
            os.stat(self._path)
        except OSError:
            return
        try:
            with open(self._path, encoding="utf-8") as file:
                order = json.load(file)
            verb, why = str(order["order"]), str(order.get("why", ""))
        except (OSError, ValueError, KeyError, TypeError):  # taken back, or not written by an agent
            return
        if verb in ("stop", "pause"):
            raise Stopped(verb, why)

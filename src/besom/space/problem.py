"""One thing that is wrong in a sweep file: where, and what."""

from __future__ import annotations

from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of the sweep file down."""


class Problem(NamedTuple):
    """A sentence about one place: law, got what; next move."""

    path: KeyPath
    text: str

    @property
    def place(self) -> str:
        """The path as people write it: `besom.metrics[0].regex`."""
        written = ""
        for step in self.path:
            written += f"[{step}]" if isinstance(step, int) else f".{step}" if written else str(step)
        return written

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.path else self.text

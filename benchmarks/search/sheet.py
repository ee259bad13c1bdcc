"""A table of cells, as aligned text or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Sheet:
    """Rows under a head; the first column is words, the others are numbers. `notes` stand below."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Columns aligned by blanks."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        body = ("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines)
        return "\n".join([self.title, "", *body, "", *self.notes, ""])

    def markdown(self) -> str:
        """A section with a table."""
        lines = [self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows]
        body = ("| " + " | ".join(line) + " |" for line in lines)
        return "\n".join([f"### {self.title}", "", *body, "", *self.notes, ""])

"""What a benchmark hands back, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One number that was measured.

    Attributes:
        what: What was measured, with its unit.
        value: The number for besom.
        limit: What it may be at most (or at least, with `more_is_better`); None where nothing was promised.
        peer: The same of the peer, measured in the same run; None without one.
        more_is_better: Whether a higher number is better.
    """

    what: str
    value: float
    limit: float | None = None
    peer: float | None = None
    more_is_better: bool = False

    @property
    def is_kept(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.more_is_better else self.value <= self.limit

    @property
    def times_better(self) -> float | None:
        """How many times better than the peer; None without one."""
        if not self.peer or not self.value:
            return None
        return self.value / self.peer if self.more_is_better else self.peer / self.value


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's table: `how` says what was done, in a sentence; `preface` is a table before it."""

    title: str
    how: str
    rows: tuple[Row, ...]
    peer: str = ""
    preface: str = ""

    def table(self) -> str:
        """The table as text."""
        lines = [("", "besom", "limit", self.peer or "peer", "times better", "")]
        for row in self.rows:
            sign = "≥" if row.more_is_better else "≤"
            limit = "" if row.limit is None else f"{sign} {_short(row.limit)}"
            peer = "" if row.peer is None else _short(row.peer)
            ratio = "" if row.times_better is None else f"{row.times_better:.2g}"
            verdict = {True: "kept", False: "MISSED", None: ""}[row.is_kept]
            lines.append((row.what, _short(row.value), limit, peer, ratio, verdict))
        widths = [max(len(line[column]) for line in lines) for column in range(6)]
        head = [self.title, self.how, *([self.preface, ""] if self.preface else [])]
        return "\n".join([*head, *(_aligned(line, widths) for line in lines)])


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
    return "  ".join([line[0].ljust(widths[0]), *numbers]).rstrip()


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"

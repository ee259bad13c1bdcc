"""The exceptions that tracebacks tell of: those of Python, Rich, exception groups and of several processes at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_IN_TRACEBACK = re.compile(
    r"^(?P<before>.*?)"
    r"(?:(?P<head>(?:╭─+ )?(?:Original |Exception Group )?Traceback \(most recent call last\)(?::| ─+╮))"
    r"|  File \".+\", line \d+(?:, in .+)?)$"
)
"""The head or a frame; before it, the margin of a group, or the name of one process among several, as `[rank0]: `."""
_EXCEPTION = re.compile(r"[^\W\d][\w.<>]*(: .*|:?$)")
_MARGIN = " +|"
_CHAINED = re.compile(r"During handling of the above exception|The above exception was the direct cause")
_ENDS_NOTHING = re.compile(
    r"Exception ignored |Exception in (thread|callback) |Error in atexit\.|--- Logging error ---|future: <Task "
)
_LAUNCHERS = re.compile(r"([\w.]+\.)?ChildFailedError:|subprocess\.CalledProcessError: Command '\['\S*python")
"""torchrun's and accelerate's own exceptions, once a script of theirs has failed."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """An exception as a traceback tells it.

    Attributes:
        line: The line on which its type stands.
        process: What names its process among several.
        margin: What stands before its lines besides: of a group, and the deeper of its members.
        ends_nothing: Whether the program goes on after it.
    """

    line: str
    process: str
    margin: str
    ends_nothing: bool

    def is_member_of(self, group: _Raised) -> bool:
        """Whether it is one of an exception group's, given that it was told after it."""
        return "|" in group.margin and len(self.margin) > len(group.margin)


def exceptions_in(lines: Sequence[str]) -> list[str]:
    """The exceptions that ended the processes whose tracebacks these are, one of each, that told last at the end.

    An exception is the line on which its type stands, whatever its message has besides; behind that of a group stands
    its last member's.
    """
    raised = list(_tracebacks(lines))
    raised = [each for each in raised if not each.ends_nothing] or raised
    raised = [each for each in raised if not _LAUNCHERS.match(each.line)] or raised
    last: dict[str, tuple[_Raised, ...]] = {}
    for each in raised:
        outer = last.pop(each.process, ())[:1]
        last[each.process] = (*outer, each) if outer and each.is_member_of(outer[0]) else (each,)
    return [": ".join(each.line for each in told) for told in last.values()]


def _tracebacks(lines: Sequence[str]) -> Iterator[_Raised]:
    """The exception of each traceback, also of one whose beginning is cut off."""
    is_open: dict[str, bool] = {}  # by what stands before their lines
    ends_nothing = False
    for at, line in enumerate(lines):
        if found := _IN_TRACEBACK.match(line):
            is_open[found["before"]] = True
            if found["head"]:
                ends_nothing = _announces_nothing(lines[at - 1] if at else "", before=ends_nothing)
            continue
        before = _before(line, is_open)
        if before is not None and is_open[before] and _EXCEPTION.match(line[len(before) :]):
            is_open[before] = False
            process = before.rstrip(_MARGIN)
            yield _Raised(_type_and_text(lines[at:], before), process, before[len(process) :], ends_nothing)


def _announces_nothing(line: str, *, before: bool) -> bool:
    """Whether a traceback after that line is of what ends no program; `before`: whether that before it was."""
    return bool(_ENDS_NOTHING.search(line)) or (before and bool(_CHAINED.search(line)))


def _before(line: str, known: Mapping[str, bool]) -> str | None:
    """Which of the known beginnings the line has: the longest; None if it has none."""
    return max((each for each in known if line.startswith(each)), key=len, default=None)


def _type_and_text(lines: Sequence[str], before: str) -> str:
    """The first line; where that is the type alone, as the text begins with a new line, with the second."""
    first, *more = (line[len(before) :].strip() for line in lines[:2] if line.startswith(before))
    return f"{first} {more[0]}" if first.endswith(":") and more and more[0][:1].isalnum() else first

"""What the engine is told beside `besom.wire`'s messages, and what it tells its driver to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from besom.records import Record
from besom.wire import Ask, Command, Finish, Import, Report, Row


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: leases may have ended and budgets of hours may be spent.

    `up_since` is when the server began to listen: agents that could not reach it before get a whole lease to come back.
    `stepped_s` is how far the clock was set forward since the last one (back, if negative): no time has passed by that.
    """

    up_since: float
    stepped_s: float = 0.0


Message = Ask | Report | Finish | Command | Import | Tick


@dataclass(frozen=True, slots=True)
class AppendRows:
    """Keep these rows of history behind those that the run has."""

    run_id: str
    first_row: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class AppendOutput:
    """Keep this output of the program from byte `offset` on."""

    run_id: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """What to do, all or nothing, before the reply is given.

    Attributes:
        reply: The answer to the message: `wire.Answer`, `wire.Receipt`, `records.Sweep` or None.
        save: Records to insert or replace, each once.
        rows: History to keep, where the message was of one run.
        output: Output to keep.
        ended_runs: What the history of runs that ended is kept under: it may be compacted.
        histories: History to keep of several runs, or of what a run used.
    """

    reply: Any = None
    save: tuple[Record, ...] = ()
    rows: AppendRows | None = None
    output: AppendOutput | None = None
    ended_runs: tuple[str, ...] = ()
    histories: tuple[AppendRows, ...] = ()

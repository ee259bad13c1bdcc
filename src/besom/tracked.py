"""Runs as W&B's client tells of them: what it says beside history and output, which are kept as those of any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar
from urllib.parse import quote

T = TypeVar("T")

ENTITY, PROJECT = "besom", "uncategorized"
"""What W&B's client calls by these names where a sweep file names none."""

LIVE = frozenset({"pending", "running", "preempting"})
STATES = LIVE | {"finished", "failed", "crashed", "killed", "preempted"}
"""W&B's words for where a run stands."""


def plain_id(entity: str, project: str, name: str) -> str:
    """What a run that is none of a trial is kept under."""
    return "/".join(quote(part, safe="") for part in (entity, project, name))


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines of one kind a run has sent, over all processes that were this run.

    Attributes:
        count: Lines kept.
        first: The first line of the present process: a program that is started again under the same name without
            resuming counts from 0 anew.
        shift: What is added to the client's offsets.
    """

    count: int = 0
    first: int = 0
    shift: int = 0

    def fresh(self, offset: int, lines: Sequence[T]) -> tuple[Sequence[T], Self]:
        """Those of `lines`, sent from `offset` on, that are not kept yet; and the count with them.

        A gap is closed: the client has let go of what would fill it.
        """
        at = self.shift + offset
        shift = self.shift if at <= self.count else self.count - offset
        new = lines[max(0, self.count - shift - offset) :]
        return new, replace(self, count=self.count + len(new), shift=shift)

    def restarted(self) -> Self:
        """As it is when a program begins again under the same name."""
        return replace(self, first=self.count, shift=self.count)

    def resumed(self) -> Self:
        """As it is when a program goes on: it counts from those that it was told of."""
        return replace(self, shift=self.first)

    @property
    def shown(self) -> int:
        """Lines of the present process, and of those that it resumed."""
        return self.count - self.first


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """One run of W&B's client.

    Attributes:
        id: What its history is kept under: the run's id where an agent was given it, `plain_id` otherwise.
        entity, project, name: What the client calls it by.
        created_at, heartbeat_at: First and last heard of; seconds since the epoch, UTC.
        sweep_id: The sweep that it belongs to; empty for none.
        of_trial: Whether it is a run of one of the sweep's trials.
        state: One of STATES.
        exit_code: How it ended.
        is_stopped: Somebody asked it to stop by W&B's API.
        history: Lines of history; `history_id` says what they are kept under.
        events: Lines of system metrics; they are kept under `<id>/events`.
        output: Lines that the program printed.
        held: The last of them, which a progress bar may still rewrite.
        output_bytes: Bytes of output kept.
        resources: Peaks and means of what it used, as agents report them.
        samples: How many lines these are of.
    """

    id: str
    entity: str
    project: str
    name: str
    created_at: float
    heartbeat_at: float
    sweep_id: str = ""
    of_trial: bool = False
    state: str = "running"
    exit_code: int | None = None
    is_stopped: bool = False
    display_name: str = ""
    group: str = ""
    job_type: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    host: str = ""
    program: str = ""
    commit: str = ""
    repo: str = ""
    history: Lines = Lines()
    history_id: str = ""
    events: Lines = Lines()
    output: Lines = Lines()
    held: str | None = None
    output_bytes: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def events_id(self) -> str:
        return f"{self.id}/events"


@dataclass(frozen=True, slots=True)
class TrackedValues:
    """What a tracked run was configured with, and its summary: large, so kept apart from the run.

    Attributes:
        id: The run's.
        config: As the client sends it: names to `{"value": …}`, W&B's own under `_wandb`.
        summary: Names to values, nested as logged.
    """

    id: str
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)

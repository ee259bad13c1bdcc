"""Who asks, and what W&B's words for our things are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from besom.engine import State
from besom.errors import MessageError
from besom.records import Sweep, SweepState
from besom.tracked import ENTITY, PROJECT


@dataclass(frozen=True, slots=True)
class Caller:
    """A client: the address that it reached us at, and what it calls itself."""

    base_url: str
    user_agent: str = ""

    @property
    def is_legacy(self) -> bool:
        """Whether it is the Python process that clients had before `wandb-core`."""
        return self.user_agent.startswith("W&B Internal Client")


AGENT = "wandb"
"""How ids of W&B's agents begin."""


def is_of_wandb(agent_id: str) -> bool:
    """Whether the agent is one of W&B's client."""
    return agent_id.startswith(f"{AGENT}-")


def checked_path(entity: str, project: str) -> tuple[str, str]:
    """The two names, if they can stand in an address.

    Raises:
        MessageError: They cannot.
    """
    for what, name in (("entity", entity), ("project", project)):
        if name in (".", "..") or "/" in name or not name.strip() or not name.isprintable():
            raise MessageError(f"{what}: needs a name without slashes, got {name!r}; choose another.")
    return entity, project


def path_of(sweep: Sweep) -> tuple[str, str]:
    """The entity and project that clients find a sweep under."""
    return str(sweep.file.get("entity") or ENTITY), str(sweep.file.get("project") or PROJECT)


def sweep_state(state: State) -> str:
    """W&B's word for where a sweep stands."""
    match state.sweep.state:
        case SweepState.RUNNING:
            return "RUNNING" if state.runs else "PENDING"
        case SweepState.PAUSED:
            return "PAUSED"
        case SweepState.CANCELLED:
            return "CANCELED"
        case SweepState.STOPPING | SweepState.FINISHED:
            return "FINISHED"


def instant(seconds: float | None) -> str | None:
    """An instant as W&B writes it: `2026-11-21T02:08:45Z`."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_wrapped(value: Any) -> bool:
    """Whether a value of a configuration is in that shape."""
    return isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "desc"}


def as_args(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in the shape that W&B's agent and config files have."""
    return {name: {"value": value} for name, value in config.items()}

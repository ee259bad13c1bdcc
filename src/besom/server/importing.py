"""An import's message inside a group of the writer: the sweep is made with its first part."""

from __future__ import annotations

from besom.engine import create_import, handle
from besom.records import Sweep
from besom.server.states import States
from besom.server.writer import Group
from besom.wire import Import


def take_in(group: Group, states: States, part: Import, now: float) -> Sweep:
    """The sweep with the trials of the part. Raises SweepFileError, ConfigError, OutOfOrder or WrongState."""
    if part.sweep_id not in group.states and not states.knows(part.sweep_id):
        group.add(*create_import(part, now))
    sweep: Sweep = group.add(*handle(group.state(part.sweep_id), part, now))
    return sweep

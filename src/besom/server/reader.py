"""The service on a home that may not be written to: an archive, or somebody else's results."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NoReturn

from besom.errors import NotWritable
from besom.server.reads import Reads
from besom.server.states import States
from besom.service import Progress
from besom.store.contract import Store


class Reader(Reads):
    """Implements `besom.service.Service` on a store that this process does not own: what changes something is refused.

    It shows what the store held when it was first asked for.

    Args:
        store: A store opened for reading; it stays open.
        refusal: What is said of a call that would change something.
        clock: Seconds since the epoch, UTC.

    Attributes:
        again_s: Progress that is asked for so long after the store was read looks there again, for others may write.
    """

    def __init__(self, store: Store, refusal: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._refusal = refusal
        self._clock = clock
        self.again_s = math.inf
        self._read_at = clock()
        self._asked, self._tallies = {}, {}
        self._agents = {agent.id: agent for agent in store.agents()}
        self._states = States(store)

    def progress(self, sweep_id: str) -> Progress:
        """Where the sweep stands. Raises UnknownName, StoreError."""
        if self._clock() - self._read_at >= self.again_s:
            self._states.reread()
            self._agents = {agent.id: agent for agent in self._store.agents()}
            self._read_at = self._clock()
        return super().progress(sweep_id)

    def _refuse(self, *given: object, **named: object) -> NoReturn:
        raise NotWritable(self._refusal)

    create_sweep = import_trials = command = hello = bye = ask = report = finish = _refuse

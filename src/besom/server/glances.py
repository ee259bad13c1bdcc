"""Sweeps that have ended, as far as they are looked at: read without what only decisions need, and kept for a while."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from besom.engine import State, glance
from besom.store.contract import Store

_TRIALS_KEPT = 250_000


class Glances:
    """States that nothing may be decided from. Threads may share it.

    Args:
        store: Where sweeps are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, State]] = OrderedDict()

    def get(self, sweep_id: str, version: int) -> State:
        """The sweep with this very id, which has ended, as of a version of it.

        Raises:
            UnknownName: There is no such sweep.
            SweepFileError: Its file is not valid for this version of besom.
        """
        with self._reading:
            found = self._kept.get(sweep_id)
            if found is None or found[0] != version:
                with _uncollected():
                    found = version, self._read(sweep_id)
            self._kept[sweep_id] = found
            self._kept.move_to_end(sweep_id)
            self._let_go()
            return found[1]

    def known(self, sweep_id: str, version: int) -> State | None:
        """The same, if it was read and has not changed."""
        found = self._kept.get(sweep_id)
        return found[1] if found is not None and found[0] == version else None

    def _read(self, sweep_id: str) -> State:
        store = self._store
        return glance(store.sweep(sweep_id), store.trials(sweep_id), store.runs(sweep_id))

    def _let_go(self) -> None:
        kept = sum(len(state.trials) for _, state in self._kept.values())
        while kept > _TRIALS_KEPT and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            kept -= len(oldest.trials)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: it would go through what is being read again and again, for a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

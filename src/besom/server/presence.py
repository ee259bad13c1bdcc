"""Whether the store is there and this process's own: a database at the other end of a connection may come and go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from besom.errors import StoreError, WrongState
from besom.store.contract import Store

_LOOK_AGAIN_S = 1.0
"""So long a store that was found away is taken to be: to knock at it may take seconds."""

log = logging.getLogger("besom.server")


class Presence:
    """Looks after the store when there is reason to doubt that it is there.

    Args:
        store: Where everything is kept.
        reread: Called when the store was away and is back: what it holds may differ from what is known of it.
        note_lost: Called once, when another process has become the store's owner for good.
    """

    def __init__(self, store: Store, reread: Callable[[], None], note_lost: Callable[[WrongState], object]) -> None:
        self._store, self._reread, self._note_lost = store, reread, note_lost
        self._is_in_doubt = self._is_stale = self._is_lost = False
        self._absence, self._look_at = "", 0.0

    def doubt(self) -> None:
        """Look before the next group."""
        self._is_in_doubt = True

    def absence(self) -> str | None:
        """Why nothing can be kept now; None where it can. What is known is the store's again where it was away."""
        if not self._is_in_doubt:
            return None
        if self._is_lost or time.monotonic() < self._look_at:
            return self._absence
        try:
            self._is_stale |= self._store.check()
            if self._is_stale:
                self._reread()
                log.warning("the database is back")
        except StoreError as error:
            if not self._absence:
                log.warning("%s", error)
            self._absence, self._look_at = str(error), time.monotonic() + _LOOK_AGAIN_S
            return self._absence
        except WrongState as error:
            self._absence, self._is_lost = str(error), True
            self._note_lost(error)
            return self._absence
        self._is_in_doubt, self._is_stale, self._absence, self._look_at = False, False, "", 0.0
        return None

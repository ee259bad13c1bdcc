"""Who serves a home that has no server: the command that needs one, until another does."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from besom.errors import BesomError, WrongState
from besom.server.connect import is_out_of_reach
from besom.server.home import Address, Home
from besom.server.serve import serve_in_thread

_PATIENCE_S = 30.0
_LOOK_S = 0.05
_WISH_S = 0.25
"""How often it is looked whether a server that is to last wants the home."""

_log = logging.getLogger("besom.agent")


class Heir:
    """Knows where the home's server is. Serves itself where there is none, or where it was another command that ended.

    What it serves ends with it, and before that where a `besom server` wants the home.

    Attributes:
        environment: What scripts are to find the server by; changed in place when it is another.
    """

    def __init__(self, home: Home, token: str | None) -> None:
        self.environment: dict[str, str] = {}
        self._home, self._token = home, token
        self._known: Address | None = None
        self._serving = ExitStack()
        self._lock = threading.Lock()
        self._has_ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._has_ended.set()
        with self._lock:
            self._serving.close()

    def begin(self) -> tuple[str, str | None]:
        """Address and token of the server, of this process's own where there was none.

        Raises:
            WrongState: Another process owns the home, or is about to, and does not listen.
            StoreError: The home cannot be written to.
        """
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with self._lock:
                    place = self._found() or self._served()
            except WrongState:  # another process has just become the owner, and is about to say where it listens
                if time.monotonic() > until:
                    raise
            else:
                return place
            time.sleep(_LOOK_S)

    def find(self) -> tuple[str, str | None] | None:
        """Address and token of the server, which may be this process's own from now on; None while there is none."""
        with self._lock:
            try:
                return self._found() or (None if self._is_awaited() else self._served())
            except BesomError:  # somebody else is quicker, or the disk is full
                return None

    def _found(self) -> tuple[str, str | None] | None:
        found = self._home.find_server()
        return None if found is None or is_out_of_reach(self._home, found) else self._noted(found)

    def _is_awaited(self) -> bool:
        """Whether the server that was there is one that somebody keeps up."""
        return self._known is not None and self._known.is_lasting

    def _served(self) -> tuple[str, str | None]:
        if self._home.is_wanted:
            raise WrongState(f"{self._home.path}: a besom server is about to own it; wait until it listens.")
        token = (self._known.token if self._known else "") or self._token
        served = self._serving.enter_context(serve_in_thread(self._home, token=token, is_lasting=False))
        threading.Thread(target=self._hand_over_when_wanted, name="besom-heir", daemon=True).start()
        return self._noted(Address(served.address, served.token or "", is_lasting=False))

    def _hand_over_when_wanted(self) -> None:
        while not self._has_ended.wait(_WISH_S):
            if self._home.is_wanted:
                _log.info("%s: a besom server is there, and serves from now on", self._home.path)
                with self._lock:
                    self._serving.close()
                return

    def _noted(self, found: Address) -> tuple[str, str | None]:
        self._known, token = found, found.token or self._token
        self.environment["BESOM_SERVER"] = found.url
        if token:
            self.environment["BESOM_TOKEN"] = token
        else:
            self.environment.pop("BESOM_TOKEN", None)
        return found.url, token

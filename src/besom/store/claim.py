"""Whose a PostgreSQL database is: the session that writes holds an advisory lock, so that no other process's does.

The lock lives and dies with the session. Where its connection broke, nobody knows whether the last transaction was
kept, nor who wrote since: nothing more is written before the claim is renewed, and what was known is read anew.
"""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from besom.errors import StoreError, WrongState
from besom.store.trouble import told

_KEY = 0xBE50
"""Any number that other programs are unlikely to lock in a database that is besom's alone."""
_PATIENCE_S = 2.0
"""A process that was killed holds its lock for as long as PostgreSQL takes to notice."""
_FAREWELL_S = 0.5
"""How long a session of this process's own that was ended may take to be gone."""
_LOST_AFTER_S = 10.0
"""A command that holds the lock is soon done; who holds it for longer is a server."""
_LOCK = text("select pg_try_advisory_lock(:key)")
_HOLDER = text(
    "select activity.pid, activity.application_name from pg_locks join pg_stat_activity as activity using (pid) "
    "where locktype = 'advisory' and granted and classid = 0 and objid = :key and objsubid = 1 "
    "and database = (select oid from pg_database where datname = current_database())"
)
_END = text("select pg_terminate_backend(:pid)")


class Claim:
    """One process's claim on a database. Threads must take turns.

    Args:
        engine: To the database; its sessions are called `name`.
        place: The database, for messages.
        name: This process, for others' messages; no other has the same.
    """

    def __init__(self, engine: Engine, place: str, name: str) -> None:
        self._engine, self._place, self._name = engine, place, name
        self._session: Connection | None = None
        self._holder = ""
        self._refused_since: float | None = None
        """Since then it was `_holder` who held it, at each look."""

    def take(self) -> None:
        """Own the database. Raises WrongState where another process does, StoreError where it cannot be opened."""
        until = time.monotonic() + _PATIENCE_S
        while not self._is_taken():
            if time.monotonic() > until:
                raise WrongState(
                    f"{self._place}: one server owns it at a time, and {self._holder} does; use that one "
                    "(BESOM_SERVER), end it, or name another database."
                )
            time.sleep(0.05)

    def session(self) -> Connection:
        """The session that writes. Raises StoreError where its connection broke and was not yet renewed."""
        if self._session is None or self._session.invalidated:
            raise StoreError(f"{self._place}: the connection to it broke, nothing of this was written; try again.")
        return self._session

    def renew(self) -> bool:
        """See `Store.check`."""
        if self._is_alive():
            return False
        self.close()
        try:
            is_taken = self._is_taken_again()
        except StoreError:
            self._refused_since = None
            raise
        if is_taken:
            self._refused_since = None
            return True
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        if now - self._refused_since < _LOST_AFTER_S:
            raise StoreError(f"{self._place}: the connection broke, and {self._holder} owns it now; waiting for it.")
        raise WrongState(
            f"{self._place}: one server owns it at a time; while the connection was broken {self._holder} became "
            "that one, so this one ends."
        )

    def close(self) -> None:
        """Let go of the database."""
        if self._session is not None:
            with suppress(SQLAlchemyError):
                self._session.invalidate()
                self._session.close()
            self._session = None

    def _is_alive(self) -> bool:
        if self._session is None or self._session.invalidated:
            return False
        try:
            with self._session.begin():
                self._session.exec_driver_sql("select 1")
        except SQLAlchemyError:
            return False
        return True

    def _is_taken_again(self) -> bool:
        """As `_is_taken`; where this process's former session still holds it, that is given a moment to be gone."""
        until = time.monotonic() + _FAREWELL_S
        while not (is_taken := self._is_taken()) and self._is_going() and time.monotonic() < until:
            time.sleep(0.01)
        return is_taken

    def _is_going(self) -> bool:
        """Whether who held it at the last look was this process's former session, or was gone in that moment."""
        return self._holder in ("", self._name)

    def _is_taken(self) -> bool:
        """Try to lock the database; note who holds it where somebody does, and end that where it was ourselves."""
        with told(self._place):
            session = self._engine.connect()
            try:
                with session.begin():
                    is_taken = bool(session.execute(_LOCK, {"key": _KEY}).scalar())
                    if not is_taken:
                        self._note_holder(session)
            except BaseException:
                session.close()
                raise
        if is_taken:
            self._session = session
        else:
            session.close()
        return is_taken

    def _note_holder(self, session: Connection) -> None:
        found = session.execute(_HOLDER, {"key": _KEY}).first()
        if found is None:  # gone in this moment
            self._holder, self._refused_since = "", None
            return
        holder = found.application_name or f"a program (PostgreSQL's process {found.pid})"
        if holder != self._holder:
            self._holder, self._refused_since = holder, None
        if found.application_name == self._name:  # a connection that broke, of which PostgreSQL knows nothing yet
            session.execute(_END, {"pid": found.pid})

"""Addresses of pages that name a sweep or a trial that does not exist."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from besom.errors import StoreError, UnknownName
from besom.server.pages.door import Door
from besom.server.reads import Reads


def missing(reads: Reads, door: Door) -> Callable[[Request], bool]:
    """Tells whether what a page's address names does not exist; nothing is told to who has yet to bring the token."""

    def is_missing(request: Request) -> bool:
        names = request.path_params
        if "sweep" not in names or not door.lets_in(request.headers):
            return False
        try:
            sweep_id = reads.resolve(names["sweep"])
            return "trial" in names and not _has_trial(reads, sweep_id, names["trial"])
        except UnknownName:
            return True
        except StoreError:  # the page tells of that
            return False

    return is_missing


def _has_trial(reads: Reads, sweep_id: str, number: str) -> bool:
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return is_number and reads.has_trial(sweep_id, int(number))

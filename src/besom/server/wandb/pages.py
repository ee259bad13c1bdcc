"""Lists as W&B's clients read them: edges with cursors, a page at a time."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from besom.errors import MessageError

T = TypeVar("T")
_PAGE, _LARGEST = 50, 10_000


def page(
    items: Sequence[T],
    arguments: Mapping[str, Any],
    key: Callable[[T], str | int | float],
    node: Callable[[T], Mapping[str, Any]],
    more: Callable[[T], Mapping[str, Any]] = lambda _: {},
    *,
    is_descending: bool = False,
) -> dict[str, Any]:
    """A connection: `first` of the items after the cursor `after`.

    A cursor is an item's key, so that a client may delete what it has read and go on to the next page.

    Args:
        items: All of them, by rising key.
        arguments: Those of the field.
        key: What tells an item from the others.
        node: What an item is told as.
        more: Further fields of an item's edge.
        is_descending: The greatest key comes first.

    Raises:
        MessageError: The cursor is none of ours.
    """
    after, first = arguments.get("after"), arguments.get("first")
    size = min(first, _LARGEST) if isinstance(first, int) and first >= 0 else _PAGE
    begin = 0
    if after is not None:
        given = _key_of(after)
        try:
            at = bisect_left(items, given, key=key) if is_descending else bisect_right(items, given, key=key)
        except TypeError:
            raise _no_cursor(after) from None
        begin = len(items) - at if is_descending else at
    ordered = items[::-1] if is_descending else items
    edges = [{"node": node(each), "cursor": _cursor(key(each)), **more(each)} for each in ordered[begin : begin + size]]
    return {
        "totalCount": len(items),
        "pageInfo": {
            "__typename": "PageInfo",
            "endCursor": edges[-1]["cursor"] if edges else None,
            "hasNextPage": begin + size < len(items),
        },
        "edges": edges,
    }


def numbered(
    items: Sequence[T],
    arguments: Mapping[str, Any],
    node: Callable[[T], Mapping[str, Any]],
    size: int = _PAGE,
    largest: int = _LARGEST,
) -> dict[str, Any]:
    """A connection: `first` of the items, or `size`, after the place that the cursor `after` names.

    For lists that are put in order anew each time they are asked for, by whatever the client likes.

    Args:
        items: All of them, in order.
        arguments: Those of the field.
        node: What an item is told as.
        size: The length of a page where the client asks for none.
        largest: The most that a client gets at once.

    Raises:
        MessageError: The cursor is none of ours.
    """
    after, first = arguments.get("after"), arguments.get("first")
    if after and not str(after).isdecimal():
        raise _no_cursor(after)
    begin = int(after or 0)
    end = begin + min(first if isinstance(first, int) and first > 0 else size, largest)
    edges = [{"node": node(each), "cursor": str(at)} for at, each in enumerate(items[begin:end], begin + 1)]
    return {
        "totalCount": len(items),
        "pageInfo": {
            "__typename": "PageInfo",
            "endCursor": str(min(end, len(items))),
            "hasNextPage": end < len(items),
        },
        "edges": edges,
    }


def _cursor(key: str | float) -> str:
    return urlsafe_b64encode(json.dumps(key).encode()).decode()


def _key_of(cursor: Any) -> Any:
    try:
        return json.loads(urlsafe_b64decode(str(cursor).encode()))
    except (binascii.Error, ValueError):
        raise _no_cursor(cursor) from None


def _no_cursor(cursor: Any) -> MessageError:
    return MessageError(f"after: must be a cursor of an earlier page, got {cursor!r}; leave it out for the first.")

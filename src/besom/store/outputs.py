"""Queries for what programs print: pieces of bytes, with the middle of a very long output left out."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from besom.store import tables

HEAD = 1 << 20  # bytes kept from the start
TAIL = 4 << 20  # bytes kept before the end, at least
_PIECE = 1 << 18

_table = tables.outputs.c


def append(connection: Connection, run_id: str, offset: int, text: str) -> None:
    """Add text from byte `offset` on, and let go of what is neither in the head nor in the tail."""
    data = text.encode("utf-8", errors="replace")
    if not data:
        return
    end = offset + len(data)
    stretches = [(first, min(first + _PIECE, end)) for first in range(offset, end, _PIECE)]
    kept = [(first, stop) for first, stop in stretches if first < HEAD or stop > end - TAIL]
    connection.execute(
        insert(tables.outputs),
        [
            {"run_id": run_id, "first_byte": first, "end_byte": stop, "data": data[first - offset : stop - offset]}
            for first, stop in kept
        ],
    )
    if end > HEAD + TAIL:
        connection.execute(
            delete(tables.outputs).where(
                _table.run_id == run_id, _table.first_byte >= HEAD, _table.end_byte <= end - TAIL
            )
        )


def compact(connection: Connection, run_id: str) -> None:
    """Merge pieces that touch into one, so that a run has one or two. Doing it again changes nothing."""
    pieces = _read(connection, run_id, 0, None)
    merged: list[tuple[int, bytearray]] = []
    for first, data in pieces:
        if merged and merged[-1][0] + len(merged[-1][1]) == first:
            merged[-1][1].extend(data)
        else:
            merged.append((first, bytearray(data)))
    if len(merged) == len(pieces):
        return
    connection.execute(delete(tables.outputs).where(_table.run_id == run_id))
    connection.execute(
        insert(tables.outputs),
        [
            {"run_id": run_id, "first_byte": first, "end_byte": first + len(data), "data": bytes(data)}
            for first, data in merged
        ],
    )


def read(connection: Connection, run_id: str, offset: int, limit: int | None) -> str:
    """Text from byte `offset` on, at most `limit` bytes; where bytes were left out, a line says how many.

    Args:
        connection: To the database.
        run_id: The run.
        offset: First byte wanted; negative counts from the end. One inside of a character means the next character.
        limit: Bytes wanted, the line about bytes left out not counted; None for all.
    """
    if offset < 0:
        end = connection.execute(select(func.max(_table.end_byte)).where(_table.run_id == run_id)).scalar() or 0
        offset = max(end + offset, 0)
    stop = None if limit is None else offset + limit
    text, at = bytearray(), offset
    for first, data in _read(connection, run_id, offset, stop):
        if first > at:
            text += f"\n[… {first - at:,} bytes left out …]\n".encode()
            at = first
        part = data[at - first : None if stop is None else stop - first]
        text += part
        at += len(part)
    return text.decode("utf-8", errors="ignore")


def _read(connection: Connection, run_id: str, start: int, stop: int | None) -> list[tuple[int, bytes]]:
    query = (
        select(_table.first_byte, _table.data)
        .where(_table.run_id == run_id, _table.end_byte > start)
        .order_by(_table.first_byte)
    )
    if stop is not None:
        query = query.where(_table.first_byte < stop)
    return [(first, data) for first, data in connection.execute(query)]

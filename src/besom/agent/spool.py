"""Reading a run's history on from where the server has it, in batches, without ever holding more than one."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS_PER_BATCH = 2_000
BYTES_PER_BATCH = 1_000_000
LONGEST_LINE = 16_000_000

_log = logging.getLogger("besom.agent")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to send, and the number of the first."""

    first_row: int
    rows: Sequence[dict[str, Any]]


class Spool:
    """The rows of `history.jsonl` in the order they were logged; a row's number counts the valid lines before it.

    A batch stays in hand until it is acknowledged, everything behind it stays in the file. A last line without its
    newline is being written: it waits. A line that is no JSON object is left out, and told once. Where the file was cut
    short, what is added behind the cut follows.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._batch = Batch(0, ())
        self._is_told = False
        self._is_discarding = False

    def has_more(self) -> bool:
        """Whether something waits to be sent (perhaps only half a line)."""
        if self._batch.rows:
            return True
        try:
            size = self._path.stat().st_size
        except OSError:
            return False
        self._heed_cut(size)
        return size > self._offset

    def next_batch(self, *, is_final: bool = False) -> Batch:
        """The batch in hand, or the next from the file; without rows where there are none yet.

        Args:
            is_final: The script has ended: a last line is taken also without its newline, if it is whole.
        """
        while not self._batch.rows and self._read(is_final=is_final):
            pass
        return self._batch

    def is_in_hand(self) -> bool:
        """Whether nothing lies in the file behind what is in hand."""
        try:
            return self._path.stat().st_size <= self._offset
        except OSError:
            return True

    def acknowledge(self, next_row: int) -> None:
        """The server has every row before `next_row`."""
        first, rows = self._batch.first_row, self._batch.rows
        if first <= next_row <= first + len(rows):
            self._batch = Batch(next_row, rows[next_row - first :])
        else:
            self.seek(next_row)

    def seek(self, row: int, *, is_final: bool = False) -> None:
        """Read on from row number `row`: back, where a server lost rows; ahead, after a crash of the agent.

        Args:
            row: The number of a row.
            is_final: See `next_batch`: a last line without its newline may be one that the server has already.
        """
        self._offset, self._batch, self._is_discarding = 0, Batch(0, ()), False
        while True:
            batch = self.next_batch(is_final=is_final)
            after = batch.first_row + len(batch.rows)
            if not batch.rows or row < after:
                break
            self._batch = Batch(after, ())
        if row > batch.first_row:
            self._batch = Batch(row, batch.rows[row - batch.first_row :])

    def _read(self, *, is_final: bool) -> bool:
        """Take further lines from the file into the batch; False where there are no whole ones."""
        try:
            with self._path.open("rb") as file:
                self._heed_cut(file.seek(0, os.SEEK_END))
                file.seek(self._offset)
                data = file.read(BYTES_PER_BATCH)
                while b"\n" not in data and BYTES_PER_BATCH <= len(data) < LONGEST_LINE:
                    more = file.read(len(data))
                    if not more:
                        break
                    data += more
        except FileNotFoundError:
            return False
        end = data.rfind(b"\n") + 1
        if not end and len(data) >= LONGEST_LINE:
            self._tell(f"a line of over {LONGEST_LINE:,} bytes was left out")
            self._is_discarding, end = True, len(data)
        elif not end and is_final:
            end = len(data)
        if not end:
            return False
        lines = data[:end].splitlines(keepends=True)[:ROWS_PER_BATCH]
        self._offset += sum(map(len, lines))
        rows = [row for line in lines if (row := self._row(line)) is not None]
        self._batch = Batch(self._batch.first_row, rows)
        return True

    def _heed_cut(self, size: int) -> None:
        if size < self._offset:
            self._tell(f"it was cut from {self._offset:,} to {size:,} bytes")
            self._offset = size

    def _row(self, line: bytes) -> dict[str, Any] | None:
        if self._is_discarding:
            self._is_discarding = not line.endswith(b"\n")
            return None
        try:
            row = json.loads(line.strip(b"\0"))  # a power cut leaves zeros where a file had grown
        except ValueError:
            row = None
        if isinstance(row, dict):
            return row
        if line.strip():
            self._tell(f"a line that is no JSON object was left out: {line[:80]!r}")
        return None

    def _tell(self, what: str) -> None:
        if not self._is_told:
            _log.warning("%s: %s; log with besom.log, or append one JSON object a line.", self._path, what)
            self._is_told = True

"""The program's output: sent in pieces, bounded on disk, and its last lines for whoever asks why it failed."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from besom.agent import holes

PIECE = 256_000
LARGEST_FILE = 64_000_000
"""Bytes of output that stay on the disk; it is shortened to that where it has grown to twice as many."""
LARGEST_SHARE = 16_000_000
"""Bytes that are sent of one run: from there on only the end is."""
LAST_PIECE = 64_000
_COPIED_AT_ONCE = 500_000


def _one_for_one(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "?" * (error.end - error.start), error.end


codecs.register_error("besom.one-for-one", _one_for_one)


def text_of(data: bytes, *, is_final: bool) -> tuple[str, int]:
    """`data` as text whose UTF-8 is just as long, and how many bytes that took: half a character waits for its rest.

    Bytes that are no UTF-8 become question marks, one for one, so that an offset means the same in file and text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("besom.one-for-one")
    text = decoder.decode(data.replace(b"\0", b"?"), is_final)
    return text, len(data) - len(decoder.getstate()[0])


class Output:
    """`output.log`, read on from where the server has it."""

    def __init__(self, path: Path) -> None:
        self._path, self._aside = path, path.with_name(path.name + ".1")
        self._was_moved = False
        self._freed = 0
        """Where the file begins: what lay before was given back to the disk."""
        self._position = 0
        """Where to read on in the file."""
        self._piece = b""
        self._piece_from = 0
        """Offset of the piece in what the server has; differs from the file's once something was left out."""
        self._left_out = 0
        """Bytes before the position that were never read."""

    def size(self) -> int:
        """Bytes in the file."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def has_more(self) -> bool:
        """Whether there is something to send now."""
        return bool(self._piece) or (self._piece_from < LARGEST_SHARE and self.size() > self._position)

    def is_in_hand(self) -> bool:
        """After the script's end: whether nothing is left behind the piece in hand."""
        return self.size() <= self._position and not self._left_out

    def next_piece(self, *, is_final: bool = False) -> tuple[int, str]:
        """Offset and text of the piece in hand, or of the next one; empty where there is none yet."""
        if not self._piece:
            self._piece = self._read(is_final=is_final).encode()
        return self._piece_from, self._piece.decode()

    def acknowledge(self, next_byte: int) -> None:
        """The server has everything before `next_byte`, and wants what follows to start there."""
        known = next_byte - self._piece_from
        self._piece = self._piece[known:] if known > 0 else self._piece
        self._piece_from = next_byte

    def seek(self, next_byte: int) -> None:
        """Read on from there: the server has the rest since before this agent."""
        self._freed = holes.first_data(self._path)
        self._position = min(next_byte, self.size())
        self._piece, self._piece_from = b"", next_byte
        self._skip_freed()

    def last_lines(self, count: int = 20, width: int = 400) -> str:
        """The last lines printed; of one that was overwritten by carriage returns, what remained visible."""
        text, _ = text_of(self._tail(LAST_PIECE), is_final=True)
        lines = [line.rstrip("\r").rsplit("\r", 1)[-1].rstrip()[:width] for line in text.rstrip().split("\n")]
        return "\n".join(lines[-count:])

    @property
    def is_large(self) -> bool:
        """Whether the file should be shortened."""
        return self.size() - self._freed > 2 * LARGEST_FILE

    def shorten(self, before: int | None = None) -> bool:
        """Keep only the end of what is on the disk. Whether the file begins anew, at 0, for that.

        Its beginning is freed in place where the filesystem can do so, up to byte `before` at most, and nothing is
        lost. Elsewhere its end is moved to `output.log.1`. The next piece to send is in hand before, so that of a flood
        in the first moment the beginning is kept.
        """
        self.next_piece()
        end = self.size() - LARGEST_FILE
        freed = holes.punch(self._path, end if before is None else min(before, end))
        if freed is None:
            self._move_aside()
            return True
        self._freed = max(self._freed, freed)
        self._skip_freed()
        return False

    def _move_aside(self) -> None:
        """Copy the end to `output.log.1` and cut the file, which the script holds open.

        What it prints in the instant between is lost; on a disk without room for the copy, all of it.
        """
        with self._path.open("r+b") as file:
            try:
                with self._aside.open("wb") as aside:
                    file.seek(max(0, self.size() - LARGEST_FILE))
                    for _ in range(1 + LARGEST_FILE // _COPIED_AT_ONCE):
                        aside.write(file.read(_COPIED_AT_ONCE))
                    # A script may print faster than this copies: the end is what counts, wherever that is by now.
                    file.seek(max(file.tell(), self.size() - _COPIED_AT_ONCE))
                    aside.write(file.read(2 * _COPIED_AT_ONCE))
            except OSError:
                self._aside.unlink(missing_ok=True)
            size = self.size()
            file.truncate(0)
        self._was_moved = True
        self._left_out += max(0, size - self._position)
        self._position = 0

    def _skip_freed(self) -> None:
        if self._position < self._freed:
            self._left_out += self._freed - self._position
            self._position = self._freed

    def _read(self, *, is_final: bool) -> str:
        if self._piece_from >= LARGEST_SHARE or (self._left_out and is_final):
            return self._ending() if is_final else ""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read(PIECE)
        except FileNotFoundError:
            return ""
        text, taken = text_of(data, is_final=is_final)
        self._position += taken
        if text and self._left_out:
            text, self._left_out = _note(self._left_out) + text, 0
        return text

    def _ending(self) -> str:
        """After too much output: how much was left out, and the end of it. The second time there is nothing more."""
        rest = self.size() - self._position
        unsent = self._left_out + rest
        if unsent <= 0:
            return ""
        tail = self._tail(min(LAST_PIECE, unsent))
        left_out = unsent - len(tail)
        self._position, self._left_out = self._position + rest, 0
        return (_note(left_out) if left_out else "") + text_of(tail, is_final=True)[0]

    def _tail(self, count: int) -> bytes:
        """The last bytes printed, of which some may have been moved aside."""
        tail = _end_of(self._path, count)
        return _end_of(self._aside, count - len(tail)) + tail if self._was_moved else tail


def _note(left_out: int) -> str:
    return f"\n[besom: {left_out:,} bytes of output are left out here]\n"


def _end_of(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - count))
            return file.read(count)
    except FileNotFoundError:
        return b""

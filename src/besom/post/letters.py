"""A letter: one message in one file, which is whole or is not taken.

The first line names the format, the second is the head as JSON; then comes the body, as it is, and last a line with the
length and the checksum of all that. A file of which only a part can be seen yet, or that was torn, has another end or
another sum. It is written under another name and renamed, so that this is rare.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

_TITLE = b"besom letter 1\n"
_DIGEST_BYTES = 16
_SEAL = len(b"\n%020d %s\n" % (0, bytes(2 * _DIGEST_BYTES)))
_LONGEST_HEAD = 1 << 20
_PART = 1 << 20
_NOT_YET = frozenset({errno.ENOENT, errno.ESTALE})


class Letter:
    """A letter that was opened, to be used with `with`: it can be read on when others delete it.

    Attributes:
        head: What stands in front of the body.
        length: Of the body, in bytes.
    """

    def __init__(self, head: Mapping[str, Any], file: BinaryIO, begins_at: int, length: int) -> None:
        self.head, self.length = head, length
        self._file, self._begins_at = file, begins_at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def parts(self) -> Iterator[bytes]:
        """The body, piece by piece."""
        self._file.seek(self._begins_at)
        yield from _parts(self._file, self.length)

    def content(self) -> bytes:
        """The whole body."""
        return b"".join(self.parts())


def write(path: Path, head: Mapping[str, Any], body: Iterable[bytes] = (), *, is_lasting: bool = True) -> None:
    """Have the letter there, all at once, for its user's eyes only. One writer for each path.

    Args:
        path: Its file.
        head: Anything that JSON can say.
        body: Its pieces.
        is_lasting: Its bytes are on disk before its name is. A name without them would be no letter, only a delay.

    Raises:
        OSError: It cannot be written, and is not there.
    """
    draft = path.with_name(f".{path.name}.draft")
    digest, length = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in _all_parts(head, body):
                file.write(part)
                digest.update(part)
                length += len(part)
            file.write(_seal(length, digest.hexdigest()))
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def opened(path: Path) -> Letter | None:
    """The letter at `path`; None where there is no whole one, perhaps not yet.

    Raises:
        OSError: It cannot be read, and that will not pass by itself.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        if error.errno in _NOT_YET:
            return None
        raise
    letter = None
    try:
        letter = _checked(file)
    except OSError as error:
        if error.errno not in _NOT_YET:
            raise
    finally:
        if letter is None:
            file.close()
    return letter


def _checked(file: BinaryIO) -> Letter | None:
    size = file.seek(0, os.SEEK_END)
    length = size - _SEAL
    if length < len(_TITLE):
        return None
    file.seek(0)
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in _parts(file, length):
        digest.update(part)
    if file.read() != _seal(length, digest.hexdigest()):
        return None
    file.seek(0)
    if file.readline(len(_TITLE)) != _TITLE:
        return None
    try:
        head = json.loads(file.readline(_LONGEST_HEAD))
    except ValueError:
        return None
    begins_at = file.tell()
    return Letter(head, file, begins_at, length - begins_at) if isinstance(head, dict) else None


def _all_parts(head: Mapping[str, Any], body: Iterable[bytes]) -> Iterator[bytes]:
    yield _TITLE
    yield json.dumps(head, separators=(",", ":")).encode() + b"\n"
    yield from body


def _seal(length: int, digest: str) -> bytes:
    return b"\n%020d %s\n" % (length, digest.encode())


def _parts(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The next `length` bytes, or as many as there are."""
    while length > 0:
        part = file.read(min(length, _PART))
        if not part:
            return
        length -= len(part)
        yield part

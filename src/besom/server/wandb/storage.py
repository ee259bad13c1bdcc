"""Bytes on disk: files of runs, blobs of artifacts, and links that say who may read or write which of them."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from besom.errors import MessageError, StoreError

Verb = Literal["GET", "PUT"]
LINKS = "/wandb/storage"
LINK_S = 24 * 3600
"""How long a link is good: clients ask for it right before they use it, but may have much to send."""
BLOBS = ".blobs"
"""A folder that no quoted name can be: these never start with a dot."""

_INCOMING = ".incoming"
_RESERVE = 256 << 20
_LONGEST_NAME, _LONGEST_PLACE = 255, 3000  # bytes: what Linux has, and what leaves room for the root
_KNOWN_DIGESTS = 20_000
_ODD = re.compile(r'[\x00-\x1f\x7f-\x9f=%/\\:*?"<>|\u2028\u2029\ud800-\udfff]|\A\.|[. ]\Z')
_DEVICE = re.compile(r"(?i)con|prn|aux|nul|com[0-9]|lpt[0-9]")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})")


def quoted(name: str) -> str:
    """A file name that stands for `name`, whatever is in it; `unquoted` gives it back.

    Letters of all scripts stay as they are. What a file system or a shell could take for something else (slashes,
    control characters, a dot in front, names of devices) becomes =XX of its UTF-8 bytes; not %XX, which
    proxies decode once too often.

    Raises:
        MessageError: It is too long for a file name.
    """
    found = _ODD.sub(lambda odd: _escaped(odd.group()), name) or "="
    if _DEVICE.fullmatch(found.partition(".")[0]):
        found = _escaped(found[0]) + found[1:]
    if len(found.encode()) > _LONGEST_NAME:
        raise MessageError(f"name {name[:40]!r}…: may have {_LONGEST_NAME} bytes, got more; shorten it.")
    return found


def unquoted(file_name: str) -> str:
    """The name that `quoted` made the file name of."""
    raw = file_name.encode("utf-8", "surrogatepass") if file_name != "=" else b""
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found.group(1).decode()), raw)
    return plain.decode("utf-8", "surrogatepass")


def place(*names: str) -> str:
    """Where in the storage something lies: the names quoted, with slashes between."""
    return "/".join(map(quoted, names))


def _escaped(text: str) -> str:
    return "".join(f"={byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


class Storage:
    """Files under one folder, each at its `place`. One process owns it; its threads may share it.

    Args:
        root: The folder; made when something is first put there.
        secret: What links are signed with.
        clock: Seconds since the epoch, UTC.
        is_durable: Uploads survive a loss of power, at the cost of waiting for the disk.
        reserve: Bytes that uploads leave free on the disk, so that the server can go on writing its own.
    """

    def __init__(
        self,
        root: Path,
        secret: str,
        clock: Callable[[], float] = time.time,
        *,
        is_durable: bool = False,
        reserve: int = _RESERVE,
    ) -> None:
        self.root = Path(root)
        self._secret = secret.encode()
        self._clock = clock
        self.is_durable = is_durable
        self.reserve = reserve
        self.incoming = self.root / _INCOMING
        self._digests: dict[tuple[str, int, int], str] = {}
        shutil.rmtree(self.incoming, ignore_errors=True)  # what a server that was killed had begun

    def link(self, base_url: str, verb: Verb, where: str) -> str:
        """A URL that lets whoever has it do just this for `LINK_S`, without a token."""
        until = str(int(self._clock() + LINK_S))
        return f"{base_url}{LINKS}/{until}-{self._signature(until, verb, where)}/{verb}/{quote(where)}"

    def is_signed(self, leave: str, verb: str, where: str) -> bool:
        """Whether a link, of which `leave` is the part behind LINKS, is one of ours and still good."""
        until, _, signature = leave.partition("-")
        is_ours = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(until, verb, where).encode()
        )
        return is_ours and until.isdecimal() and self._clock() <= int(until)

    def _signature(self, until: str, verb: str, where: str) -> str:
        said = f"{until}\n{verb}\n{where}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()

    def path(self, where: str) -> Path:
        """The file of a place.

        Raises:
            MessageError: It is none that `place` makes.
        """
        first, *rest = where.split("/")
        for each in rest if first == BLOBS else (first, *rest):
            if not each or _requoted(each) != each:
                raise MessageError(f"path {where[:80]!r}: must lie in the storage, and does not; ask for a link first.")
        if len(os.fsencode(where)) > _LONGEST_PLACE:
            raise MessageError(f"path {where[:40]!r}…: may have {_LONGEST_PLACE} bytes, got more; shorten it.")
        return self.root / where

    def upload(self, where: str, size: int = 0) -> Upload:
        """A file in the making, to be used with `with`.

        Raises:
            MessageError: `where` is no place.
            StoreError: There is no room for `size` bytes.
        """
        return Upload(self, where, size)

    def put(self, where: str, content: bytes) -> None:
        """Have these bytes there, all or none. Raises as `upload`, and StoreError."""
        with Upload(self, where, 0, has_reserve=True) as file:
            file.write(content)
            file.keep()

    def put_json(self, where: str, content: Any) -> None:
        """Have it there as JSON. Raises as `put`."""
        self.put(where, json.dumps(content).encode())

    def delete(self, where: str) -> bool:
        """Whether there was a file, which now is not. Folders that are left empty go too."""
        path = self.path(where)
        try:
            path.unlink()
        except OSError:
            return False
        with suppress(OSError):
            for folder in path.relative_to(self.root).parents[:-1]:
                (self.root / folder).rmdir()
        return True

    def walk(self, where: str) -> Iterator[tuple[str, os.stat_result]]:
        """Names (not quoted, with slashes) and states of all files below a place, in no order."""
        top = self.path(where)
        for folder, _, files in os.walk(top):
            for each in files:
                with suppress(OSError):
                    path = Path(folder, each)
                    yield "/".join(map(unquoted, path.relative_to(top).parts)), path.stat()

    def md5(self, path: Path) -> str:
        """The file's MD5 in Base64, as W&B has it; read once, and then known."""
        state = path.stat()
        key = (str(path), state.st_mtime_ns, state.st_size)
        found = self._digests.get(key)
        if found is None:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
            found = b64encode(digest).decode()
            if len(self._digests) >= _KNOWN_DIGESTS:
                self._digests.clear()
            self._digests[key] = found
        return found


def _requoted(file_name: str) -> str:
    try:
        return quoted(unquoted(file_name))
    except (UnicodeError, MessageError):
        return ""


class Upload:
    """A file that appears, whole, when it is kept; otherwise nothing of it stays."""

    def __init__(self, storage: Storage, where: str, size: int, *, has_reserve: bool = False) -> None:
        self._storage = storage
        self._reserve = 0 if has_reserve else storage.reserve
        self._target = storage.path(where)
        self._digest = hashlib.md5(usedforsecurity=False)
        self._temporary = storage.incoming / secrets.token_hex(16)
        try:
            storage.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._has_room(size)
            self._file = self._temporary.open("xb")
        except OSError as error:
            raise _no_room(error) from error

    @property
    def hex_md5(self) -> str:
        """The MD5 of what was written."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> None:
        """Append it.

        Raises:
            StoreError: The disk has no room for it, or cannot be written.
        """
        try:
            self._has_room(len(content))
            self._file.write(content)
        except OSError as error:
            raise _no_room(error) from error
        self._digest.update(content)

    def keep(self) -> None:
        """Put the file in its place; one that was there is no more.

        Raises:
            StoreError: The disk has no room for it, or cannot be written.
            MessageError: A folder has its name, or a file that of its folder.
        """
        try:
            self._file.flush()
            if self._storage.is_durable:
                os.fsync(self._file.fileno())
            self._file.close()
            self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._temporary.replace(self._target)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            law = f"name {unquoted(self._target.name)!r}: must not be that of a folder, nor lie in what is a file"
            raise MessageError(f"{law}; give it another.") from error
        except OSError as error:
            raise _no_room(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError):
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _has_room(self, size: int) -> None:
        if self._reserve and shutil.disk_usage(self._storage.incoming).free < size + self._reserve:
            raise OSError(errno.ENOSPC, "No space left on device")


def _no_room(error: OSError) -> StoreError:
    return StoreError(f"storage: cannot be written ({error.strerror or error}); make room on the server's disk.")

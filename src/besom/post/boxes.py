"""Where letters lie: `HOME/post/BOX/requests/N.letter` and `answers/N.letter`, a box for each client.

Each folder has one writer: the client writes and deletes requests, the server answers. Folders are listed rather than
names tried, because a network file system asks its server again when a folder is opened, but may remember for a minute
that a name was not there. Times of files are never looked at.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LETTER = re.compile(r"([0-9]{1,18})\.letter")
_ODD = re.compile(r"[^A-Za-z0-9-]")


def folder_of(address: str) -> Path | None:
    """The home that a server's address names as a path (`/shared/besom`, `~/besom`, `./besom`, `file:///shared/besom`).

    None for any other address.
    """
    if address.startswith("file://"):
        parts = urlsplit(address)
        return Path(unquote(parts.path)) if parts.netloc in ("", "localhost") and len(parts.path) > 1 else None
    return Path(address).expanduser().absolute() if address.startswith(("/", "./", "../", "~")) else None


@dataclass(frozen=True, slots=True)
class Box:
    """The letters of one client."""

    path: Path

    @property
    def requests(self) -> Path:
        return self.path / "requests"

    @property
    def answers(self) -> Path:
        return self.path / "answers"

    def request(self, number: int) -> Path:
        return self.requests / f"{number}.letter"

    def answer(self, number: int) -> Path:
        return self.answers / f"{number}.letter"

    def make(self) -> None:
        """Have its folders there, the one that servers look for last. Raises OSError."""
        for folder in (self.path, self.answers, self.requests):
            folder.mkdir(mode=0o700, exist_ok=True)


@dataclass(frozen=True, slots=True)
class Post:
    """The folder of all boxes of a home. The server makes it, for its user alone."""

    path: Path

    @classmethod
    def of(cls, home: Path) -> Post:
        """That of a home."""
        return cls(home / "post")

    @property
    def sign(self) -> Path:
        """The server's sign of life."""
        return self.path / "server.letter"

    def new_box(self) -> Box:
        """One that nobody has, not made yet."""
        host = _ODD.sub("-", socket.gethostname())[:60]
        return Box(self.path / f"{host}-{os.getpid()}-{secrets.token_hex(4)}")

    def boxes(self) -> Iterator[Box]:
        """All that clients have made. Raises OSError."""
        with os.scandir(self.path) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    yield Box(Path(entry.path))


def numbers_in(folder: Path) -> set[int]:
    """Numbers of the letters in a folder. Raises OSError."""
    return {int(found[1]) for path in folder.iterdir() if (found := _LETTER.fullmatch(path.name))}

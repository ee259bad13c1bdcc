"""The files that pages are made of: read once from the package, pressed once, and kept by browsers by their edition."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.datastructures import Headers
from starlette.responses import Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_PRESSED = frozenset({".html", ".js", ".css", ".svg", ".txt"})
_LEAST_PRESSED = 500
_SHELL, DRAWING = "shell.html", "plotly-cartesian.min.js"
_COMPILE_AT_ONCE = b"//# allFunctionsCalledOnLoad\n"
"""Has Chromium compile all of a script as it arrives, beside the page, which has a fifth of a second less to do."""
_MARK = "~"
"""Begins the edition in an address; no file's name does."""


@dataclass(frozen=True)
class Leaf:
    """One file: what it holds, and what the browser is told of it."""

    body: bytes
    suffix: str

    @cached_property
    def pressed(self) -> bytes | None:
        """The body through gzip, where that makes it smaller."""
        if self.suffix not in _PRESSED or len(self.body) < _LEAST_PRESSED:
            return None
        return gzip.compress(self.body, 9, mtime=0)

    @cached_property
    def name(self) -> str:
        """What the body's bytes hash to."""
        return blake2b(self.body, digest_size=16).hexdigest()

    def answer(
        self, headers: Headers, more: Mapping[str, str], *, is_lasting: bool = False, status: int = HTTPStatus.OK
    ) -> Response:
        """The file as a browser with these headers wants it, or the word that it has it already.

        Args:
            headers: The request's.
            more: Headers to answer with.
            is_lasting: The address names this very content: it need never be asked for again.
            status: Another than 200 is always said, with the whole file.
        """
        pressed = self.pressed if takes_gzip(headers) else None
        tag = f'"{self.name}{"" if pressed is None else "-gzip"}"'
        kept = "public, max-age=31536000, immutable" if is_lasting else "no-cache"
        said = {"ETag": tag, "Cache-Control": kept, "Vary": "Accept-Encoding", **more}
        if status == HTTPStatus.OK and has_tag(headers, tag):
            return Response(status_code=304, headers=said)
        if pressed is not None:
            said["Content-Encoding"] = "gzip"
        return Response(
            self.body if pressed is None else pressed, status, {**said, "Content-Type": _TYPES[self.suffix]}
        )


def takes_gzip(headers: Headers) -> bool:
    """Whether who asks can read what gzip has pressed."""
    given = (each.partition(";") for each in headers.get("accept-encoding", "").split(","))
    return any(
        name.strip().lower() == "gzip" and more.replace(" ", "") not in ("q=0", "q=0.0") for name, _, more in given
    )


def has_tag(headers: Headers, tag: str) -> bool:
    """Whether who asks has what the tag names."""
    return tag in (each.strip() for each in headers.get("if-none-match", "").split(","))


class Shelf:
    """All files that may be asked for, by name. What is not listed here cannot be read, whatever the name.

    Each has two addresses: its name, under which it is asked for again each time, and its name behind the edition,
    under which browsers keep it, and the code that they made of a script. The page names its files by the second.
    """

    def __init__(self) -> None:
        drawing = files("besom.plots") / "plotlyjs" / DRAWING
        self._places = {**_below(files("besom.server.pages") / "static", ""), DRAWING: drawing}
        self._leaves: dict[str, Leaf] = {}
        self._shells: dict[bool, Leaf] = {}

    def leaf(self, name: str) -> Leaf | None:
        """The file of that name; None where there is none. It is read when it is first asked for."""
        leaf = self._leaves.get(name)
        place = self._places.get(name)
        if leaf is None and place is not None:
            first = _COMPILE_AT_ONCE if name == DRAWING else b""
            leaf = self._leaves[name] = Leaf(first + place.read_bytes(), _suffix(name))
        return leaf

    def shell(self, *, has_pictures: bool) -> Leaf:
        """The one page that all addresses of the dashboard get; its scripts see by the address what to show.

        Where there will be pictures, what draws them is fetched with the page: it is the largest of its files.
        """
        if has_pictures not in self._shells:
            text = self._places[_SHELL].read_text(encoding="utf-8")
            drawing = f'<link rel="preload" as="script" href="/static/{DRAWING}">\n</head>'
            text = text.replace("</head>", drawing) if has_pictures else text
            text = text.replace('"/static/', f'"/static/{_MARK}{self.edition}/')
            self._shells[has_pictures] = Leaf(text.encode(), ".html")
        return self._shells[has_pictures]

    @cached_property
    def edition(self) -> str:
        """What all files' names and contents hash to."""
        known = blake2b(digest_size=8)
        for name in sorted(self._places):
            leaf = self.leaf(name)
            known.update(f"{name} {leaf.name if leaf else ''}\n".encode())
        return known.hexdigest()

    def named(self, address: str) -> tuple[str, bool]:
        """The name in an address below /static/, and whether it is of this edition; an older one gets this one too."""
        if not address.startswith(_MARK):
            return address, False
        edition, _, name = address.removeprefix(_MARK).partition("/")
        return name, edition == self.edition

    def warm_up(self) -> None:
        """Read and press all files, before the first browser waits for that."""
        self.shell(has_pictures=True)
        for name in self._places:
            leaf = self.leaf(name)
            _ = leaf and leaf.pressed


@cache
def the_shelf() -> Shelf:
    """The one that all servers of this process share: it holds the package's own files."""
    return Shelf()


def _below(folder: Traversable, path: str) -> dict[str, Traversable]:
    """Files below a folder of the package by their paths in it; only kinds that pages are made of."""
    found: dict[str, Traversable] = {}
    for each in folder.iterdir():
        if each.is_dir():
            found |= _below(each, f"{path}{each.name}/")
        elif _suffix(each.name) in _TYPES and not each.name.startswith("."):
            found[path + each.name] = each
    return found


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]

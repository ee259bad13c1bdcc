"""The addresses of the dashboard: one page for all of them, and the files that it is made of."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, compile_path

from besom.server.pages.shelf import Shelf

PAGES = ("/", "/compare", "/agents", "/sweeps/{sweep}", "/sweeps/{sweep}/trials/{trial}")
STATIC = "/static/"
_WITH_PICTURES = ("/sweeps/", "/compare")
_PATTERNS = tuple(compile_path(path)[0] for path in PAGES)
_EMPTY = b64encode(sha256(b"").digest()).decode()
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # plotly.js fills one empty style element rule by rule, and writes style attributes as it draws.
        f"style-src-elem 'self' 'sha256-{_EMPTY}'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_page(path: str) -> bool:
    """Whether the address shows a page, which holds nothing but its scripts' addresses, or is one of its files."""
    return path.startswith(STATIC) or any(pattern.match(path) for pattern in _PATTERNS)


def routes(shelf: Shelf, is_missing: Callable[[Request], bool]) -> list[BaseRoute]:
    """The routes. They come before those that take any two names.

    Args:
        shelf: What the pages are made of.
        is_missing: Whether what the address names does not exist, as far as who asks may know; the page says so too.
    """

    def shown(request: Request) -> Response:
        shell = shelf.shell(has_pictures=request.url.path.startswith(_WITH_PICTURES))
        status = HTTPStatus.NOT_FOUND if is_missing(request) else HTTPStatus.OK
        return shell.answer(request.headers, HEADERS, status=status)

    async def page(request: Request) -> Response:
        return await run_in_threadpool(shown, request)

    async def file(request: Request) -> Response:
        return await run_in_threadpool(_answer, shelf, str(request.path_params["name"]), request)

    pages: list[BaseRoute] = [Route(path, page, methods=["GET"], include_in_schema=False) for path in PAGES]
    return [*pages, Route(STATIC + "{name:path}", file, methods=["GET"], include_in_schema=False)]


def _answer(shelf: Shelf, address: str, request: Request) -> Response:
    name, is_lasting = shelf.named(address)
    leaf = shelf.leaf(name)
    if leaf is None:
        return PlainTextResponse("no such file.", 404, headers=HEADERS)
    return leaf.answer(request.headers, HEADERS, is_lasting=is_lasting)

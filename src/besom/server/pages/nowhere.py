"""Addresses of nothing: who opens one in a browser gets the dashboard's page, which says so and leads back."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from besom.server.pages.routes import HEADERS
from besom.server.pages.shelf import Shelf

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Nowhere:
    """Answers as `app` does, but where it has nothing for who opens an address in a browser: those get the page.

    Args:
        app: The application.
        shelf: What the page is made of.
    """

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_opened(Headers(scope=scope), scope):
            await self._app(scope, receive, send)
            return
        is_nothing = False

        async def sent(message: Message) -> None:
            nonlocal is_nothing
            is_nothing = is_nothing or _tells_of_nothing(message)
            if not is_nothing:
                await send(message)

        await self._app(scope, receive, sent)
        if is_nothing:
            shell = self._shelf.shell(has_pictures=False)
            page = shell.answer(Headers(scope=scope), HEADERS, status=HTTPStatus.NOT_FOUND)
            await page(scope, receive, send)


def is_opened(headers: Headers, scope: Scope) -> bool:
    """Whether a person opens the address in a browser, and no program asks."""
    is_read = scope["method"] in READING and not scope["path"].startswith("/api/")
    return is_read and "text/html" in headers.get("accept", "")


def _tells_of_nothing(message: Message) -> bool:
    """Whether it begins the answer that there is nothing, for programs: pages say so themselves."""
    if message["type"] != "http.response.start" or message["status"] != HTTPStatus.NOT_FOUND:
        return False
    return not Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")

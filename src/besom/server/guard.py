"""Who may speak to the server, and how much at once: token, Host, Origin, size of the body."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from besom.connections import is_loopback
from besom.errors import MessageError, NotAllowed
from besom.server.api.bodies import answer
from besom.server.api.refusals import refusal
from besom.server.keys import is_authorised
from besom.server.pages.door import LOGIN, LOGOUT, Door
from besom.server.pages.nowhere import READING, is_opened
from besom.server.pages.routes import is_page

BODY_LIMIT = 64 << 20
SIGNED = "/wandb/storage/"
"""Addresses that bear a signature in place of a token, and whose bodies may be large: they go to disk as they come."""
_WITHOUT_TOKEN = frozenset({"/healthz", LOGIN, LOGOUT})
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
TELEMETRY = "/sdk/otel/"
"""What clients measure of themselves: it is thrown away, so anybody may send it."""
_WANDB = ("/graphql", "/files/", "/sdk/", "/artifacts")


class Guard:
    """Passes on what may be asked of `app`.

    With a token, every request must bear it, or the key that W&B's client makes of it, or the cookie that the door gave
    for it, or an address that was signed. Open are only the dashboard's page, which holds no data, and its files. What
    a cookie lets in must come from a page of this server. Who opens another address in a browser gets the page too: it
    asks for the token, and goes on to there.

    Without one the server listens on loopback only, and web pages must be kept out: a request must name a loopback host
    (a page whose name was made to point here names its own, "DNS rebinding"), and one that a page sent must come from a
    page of this server.
    """

    def __init__(self, app: ASGIApp, token: str | None, door: Door) -> None:
        self._app = app
        self._token = token or None
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _as_named(send)
        headers = Headers(scope=scope)
        is_signed = scope["path"].startswith(SIGNED)
        refused = self._refused(headers, scope["method"], scope["path"])
        refused = refused or (None if is_signed else _too_large(headers))
        if refused is not None and refused.status_code == HTTPStatus.UNAUTHORIZED and is_opened(headers, scope):
            refused, scope = None, {**scope, "path": "/", "raw_path": b"/"}
        if refused is not None:
            await refused(scope, receive, send)
            return
        if not (is_signed or "content-length" in headers):  # otherwise uvicorn holds the body to it
            receive = _limited(receive)
        await self._app(scope, receive, send)

    def _refused(self, headers: Headers, method: str, path: str) -> Response | None:
        if self._token is None:
            return _not_from_here(headers)
        if is_authorised(headers.get("authorization", ""), self._token):
            return None
        if path.startswith((SIGNED, TELEMETRY)) or (method in READING and is_page(path)):
            return None
        if path in _WITHOUT_TOKEN:
            return _foreign(headers) if method not in READING and "origin" in headers else None
        if not self._door.knows(headers):
            return _not_allowed(path)
        return _foreign(headers) if method not in READING else _embedded(headers)


def _not_from_here(headers: Headers) -> Response | None:
    """The refusal of what no page of this server and no program on this machine sent."""
    host = headers.get("host", "")
    if not is_loopback(_name(host)):
        law = f"Host: must be localhost where the server has no token, got {host!r}"
        return refusal(NotAllowed(f"{law}; call it localhost, or give the server a token."), 403)
    return _foreign(headers) if "origin" in headers else _embedded(headers)


def _foreign(headers: Headers) -> Response | None:
    """The refusal of what a page of another place sent, or what does not say which page did."""
    host, origin = headers.get("host", ""), headers.get("origin", "")
    if host and _place(origin) == host:
        return None
    law = f"Origin: must be this server, got {origin!r}"
    return refusal(NotAllowed(f"{law}; open one of its own pages."), 403)


def _embedded(headers: Headers) -> Response | None:
    """The refusal of what another page fetches by its visitor's cookie or machine; going there is no fetching."""
    is_own = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    if is_own or headers.get("sec-fetch-mode") == "navigate":
        return None
    law = f"Sec-Fetch-Site: must be same-origin or none here, got {headers['sec-fetch-site']!r}"
    return refusal(NotAllowed(f"{law}; open one of its own pages."), 403)


def _as_named(send: Send) -> Send:
    """Sends on, and has browsers take each answer for what it says it is."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            if not any(name == _NO_SNIFFING[0] for name, _ in headers):
                message["headers"] = [*headers, _NO_SNIFFING]
        await send(message)

    return named


def _not_allowed(path: str) -> Response:
    if not path.startswith(_WANDB):
        return refusal(NotAllowed("Authorization: must be `Bearer` and the server's token; set BESOM_TOKEN."))
    law = "WANDB_API_KEY: must be the key that `besom server` prints, and is not; export that one."
    return answer({"errors": [{"message": law}]}, 401)


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _too_large(headers: Headers) -> Response | None:
    length = headers.get("content-length", "0")
    is_too_large = length.isdigit() and int(length) > BODY_LIMIT
    return refusal(MessageError(_size_law(length)), 413) if is_too_large else None


def _size_law(length: str) -> str:
    return f"body: at most {BODY_LIMIT} bytes, got {length}; send it in parts."


def _limited(receive: Receive) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > BODY_LIMIT:
            raise HTTPException(413, _size_law("more"))
        return message

    return counted

"""Who may speak to the server, and how much at once: token, Host, Origin, size of the body."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from besom.errors import MessageError, NotAllowed
from besom.server.api.bodies import answer
from besom.server.api.refusals import refusal
from besom.server.keys import is_authorised

BODY_LIMIT = 64 << 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SIGNED = "/wandb/storage/"
"""Addresses that bear a signature in place of a token, and whose bodies may be large: they go to disk as they come."""
_WITHOUT_TOKEN = frozenset({"/", "/healthz"})
_TELEMETRY = "/sdk/otel/"
"""What clients measure of themselves: it is thrown away, so anybody may send it."""
_WANDB = ("/graphql", "/files/", "/sdk/", "/artifacts")


class Guard:
    """Passes on what may be asked of `app`.

    With a token, every request but for `/` and `/healthz` must bear it, or the key that W&B's client makes of it, or an
    address that was signed. Without one the server listens on loopback
    only, and web pages must be kept out: a request must name a loopback host (a page whose name was made to point here
    names its own, "DNS rebinding"), and one that a page sent must come from a page of this server.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_signed = scope["path"].startswith(SIGNED)
        refused = self._refused(headers, scope["path"]) or (None if is_signed else _too_large(headers))
        if refused is not None:
            await refused(scope, receive, send)
            return
        if is_signed or "content-length" in headers:  # uvicorn holds the body to it
            await self._app(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)

    def _refused(self, headers: Headers, path: str) -> Response | None:
        if self._token is not None:
            is_open = path in _WITHOUT_TOKEN or path.startswith((SIGNED, _TELEMETRY))
            if is_open or is_authorised(headers.get("authorization", ""), self._token):
                return None
            return _not_allowed(path)
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(host) not in LOOPBACK:
            law = f"Host: must be localhost where the server has no token, got {host!r}"
            return refusal(NotAllowed(f"{law}; call it localhost, or give the server a token."), 403)
        if origin is not None and urlsplit(origin).netloc != host:
            law = f"Origin: must be this server where it has no token, got {origin!r}"
            return refusal(NotAllowed(f"{law}; open one of its own pages."), 403)
        return None


def _not_allowed(path: str) -> Response:
    if not path.startswith(_WANDB):
        return refusal(NotAllowed("Authorization: must be `Bearer` and the server's token; set BESOM_TOKEN."))
    law = "WANDB_API_KEY: must be the key that `besom server` prints, and is not; export that one."
    return answer({"errors": [{"message": law}]}, 401)


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


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

"""The door: who brings the server's token gets a cookie, which stands for it in this browser and nowhere else."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from besom.errors import MessageError, NotAllowed
from besom.server.api.refusals import refusal
from besom.server.keys import is_authorised

LOGIN, LOGOUT = "/login", "/logout"
_LASTS_S = 30 * 86400
_MOST_BYTES = 4096


class Door:
    """Makes and knows the cookies of one server.

    A cookie holds when it was made, and that instant signed with the token: never the token itself. Another token, or
    thirty days, end it.

    Args:
        token: The server's; None where it needs none.
        clock: Seconds since the epoch, UTC.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.time) -> None:
        self._token = token or None
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """`POST /login` with {"token": …}, and `POST /logout`."""
        return [
            Route(LOGIN, self._login, methods=["POST"], include_in_schema=False),
            Route(LOGOUT, self._logout, methods=["POST"], include_in_schema=False),
        ]

    def lets_in(self, headers: Headers) -> bool:
        """Whether who asks may see what the server holds: it needs no token, or a token or a cookie came along."""
        if self._token is None:
            return True
        return is_authorised(headers.get("authorization", ""), self._token) or self.knows(headers)

    def knows(self, headers: Headers) -> bool:
        """Whether a request's cookie was made here, and still holds."""
        given = cookie_parser(headers.get("cookie", "")).get(_name_of(headers), "")
        made_at, _, signature = given.partition(".")
        if self._token is None or not (made_at.isascii() and made_at.isdigit() and len(made_at) < 16):
            return False
        age = self._clock() - int(made_at)
        is_ours = hmac.compare_digest(signature.encode(), self._signed(made_at).encode())
        return is_ours and -60 < age < _LASTS_S

    async def _login(self, request: Request) -> Response:
        response = Response(status_code=204)
        if self._token is None:  # nothing is asked for
            return response
        if not hmac.compare_digest((await _given(request)).encode(), self._token.encode()):
            law = "token: must be the one that `besom server` prints, and is not"
            return refusal(NotAllowed(f"{law}; copy the whole of it."))
        made_at = str(int(self._clock()))
        self._set(request, response, f"{made_at}.{self._signed(made_at)}", _LASTS_S)
        return response

    async def _logout(self, request: Request) -> Response:
        response = Response(status_code=204)
        self._set(request, response, "", 0)
        return response

    def _set(self, request: Request, response: Response, value: str, seconds: int) -> None:
        is_secure = request.url.scheme == "https"
        name = _name_of(request.headers)
        response.set_cookie(name, value, seconds, path="/", secure=is_secure, httponly=True, samesite="strict")
        response.headers["Cache-Control"] = "no-store"

    def _signed(self, made_at: str) -> str:
        assert self._token is not None
        return hmac.new(self._token.encode(), f"cookie of besom/{made_at}".encode(), sha256).hexdigest()


def _name_of(headers: Headers) -> str:
    """The cookie's name: browsers send cookies to every port of a host, and each server is to find its own."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"besom_{port}" if port.isascii() and port.isdigit() else "besom"


async def _given(request: Request) -> str:
    """The token that a request brings. Raises MessageError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            break
    try:
        token = json.loads(body[:_MOST_BYTES]).get("token")
    except (ValueError, RecursionError, AttributeError):
        token = None
    if not isinstance(token, str):
        raise MessageError('body: needs {"token": "…"}, got none; send the token that `besom server` prints.')
    return token

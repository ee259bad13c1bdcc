"""An address on this machine whose requests go to a server by letters: for scripts whose libraries know only HTTP."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import SpooledTemporaryFile

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from besom.connections import NoAnswer
from besom.errors import NotAllowed, ServerUnreachable, WrongState
from besom.post import Reply, Sender, folder_of
from besom.server.api.refusals import refusal
from besom.server.forwarding import lasting
from besom.server.guard import SIGNED, TELEMETRY
from besom.server.keys import is_authorised
from besom.server.serve import listening_at, serving

_ANSWER_S = 600.0
_IN_MEMORY = 1 << 20
_PART = 1 << 16

log = logging.getLogger("besom.server")


class Bridge:
    """The application: passes on what bears `token`, or a link that the server signed.

    Args:
        sender: The way to the server.
        token: What requests must bear: other users of the machine reach this address too.
    """

    def __init__(self, sender: Sender, token: str) -> None:
        self._sender, self._token = sender, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            with ExitStack() as open_things:
                await (await self._answer(request, open_things))(scope, receive, send)
        except ClientDisconnect:
            return

    async def _answer(self, request: Request, open_things: ExitStack) -> Response | _Passed:
        path = request.scope["path"]  # not that of `request.url`, which is made of what the client calls the host
        if path.startswith(TELEMETRY):
            return Response()  # the server throws it away
        if not (path.startswith(SIGNED) or is_authorised(request.headers.get("authorization", ""), self._token)):
            return refusal(NotAllowed("Authorization: must bear this agent's token; use the one in BESOM_TOKEN."))
        body = open_things.enter_context(SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - closed by who opened the stack
        async for part in request.stream():
            body.write(part)
        body.seek(0)
        parts = iter(lambda: body.read(_PART), b"")
        headers = lasting(dict(request.headers))
        exchange = self._sender.exchange(request.method, _target(request.scope), headers, parts, _ANSWER_S)
        try:
            return _Passed(await run_in_threadpool(open_things.enter_context, exchange))
        except NoAnswer as error:
            return refusal(ServerUnreachable(f"besom's server: must answer a letter, got: {error}; try again."), 503)


class _Passed:
    """The server's answer, passed on piece by piece."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = self._reply
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        headers.append((b"content-length", str(reply.length).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        for part in reply.parts():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _target(scope: Scope) -> str:
    """The path as it was sent, with the query."""
    path, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")
    return f"{path}?{query}" if query else path


@contextmanager
def way_for_scripts(address: str, token: str | None) -> Iterator[dict[str, str]]:
    """The environment variables that tell scripts of the server at `address`.

    Of one that is reached by files they name an address on this machine, which lasts as long: a bridge with a token of
    its own. Where there is not even loopback they name the home itself: what logs with besom needs no server.
    """
    home = folder_of(address)
    if home is None:
        yield _variables(address, token)
        return
    sender, own_token = Sender(home), secrets.token_urlsafe(24)
    with ExitStack() as stack:
        try:
            listening = stack.enter_context(listening_at("127.0.0.1", 0))
        except WrongState as error:
            log.warning("scripts that use W&B's client cannot log here: %s", error)
            yield _variables(str(home), None)
            return
        stack.callback(sender.close)
        stack.enter_context(serving(Bridge(sender, own_token), listening))
        yield _variables(f"http://127.0.0.1:{listening.getsockname()[1]}", own_token)


def _variables(address: str, token: str | None) -> dict[str, str]:
    return {"BESOM_SERVER": address, **({"BESOM_TOKEN": token} if token else {})}

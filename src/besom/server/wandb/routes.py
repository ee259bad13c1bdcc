"""The addresses that W&B's client speaks to, and how errors are told so that it understands them."""

from __future__ import annotations

import json
import logging
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from besom.errors import (
    BesomError,
    MessageError,
    NotAllowed,
    StoreError,
    UnknownName,
    WrongState,
)
from besom.server.wandb.caller import Caller
from besom.server.wandb.graphql import NotSupported
from besom.server.wandb.protocol import Protocol
from besom.server.wandb.stream import read_chunk
from besom.server.wandb.values import as_json

_STATUS: tuple[tuple[type[BesomError], int], ...] = (
    (UnknownName, 404),
    (NotAllowed, 403),
    (WrongState, 409),
    (MessageError, 400),
    (StoreError, 503),
    (NotSupported, 200),
)
"""400, 403, 404 and 409 are final for clients; 5xx they try again for days, keeping what they have to say."""
log = logging.getLogger("besom.server")


def routes(protocol: Protocol) -> list[BaseRoute]:
    """The routes, answered by `protocol`."""

    async def graphql(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answered, protocol, body, _caller(request))

    async def file_stream(request: Request) -> Response:
        names = [str(request.path_params[name]) for name in ("entity", "project", "run")]
        body = await request.body()
        return await run_in_threadpool(_streamed, protocol, names, body)

    async def telemetry(request: Request) -> Response:
        """The client's measurements of itself: nobody here wants them."""
        await request.body()
        return _json({})

    return [
        Route("/graphql", graphql, methods=["POST"]),
        Route("/files/{entity}/{project}/{run}/file_stream", file_stream, methods=["POST"]),
        Route("/sdk/otel/{rest:path}", telemetry, methods=["POST"]),
        *protocol.storage_routes(),
    ]


def _answered(protocol: Protocol, body: bytes, caller: Caller) -> Response:
    try:
        data = protocol.execute(*_document(body), caller)
    except BesomError as error:
        return _refused(error)
    except Exception as error:  # a bug of ours must not end somebody's script
        log.exception("W&B's client: a query failed by a bug of besom")
        told = f"a bug of besom ({type(error).__name__}); the server's log has more."
        return _json({"data": None, "errors": [{"message": told}]})  # by a 500 clients would wait for days
    return _json({"data": data})


def _streamed(protocol: Protocol, names: list[str], body: bytes) -> Response:
    try:
        is_stopped = protocol.stream(names[0], names[1], names[2], read_chunk(_read(body)))
    except BesomError as error:
        return _refused(error)
    return _json({"stopped": True} if is_stopped else {})


def _document(body: bytes) -> tuple[str, dict[str, Any]]:
    """A GraphQL document and its variables."""
    given = _read(body)
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise MessageError('body: needs a JSON object with "query", got none; send GraphQL.')
    variables = given.get("variables")
    return given["query"], variables if isinstance(variables, dict) else {}


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"body: needs JSON in UTF-8, got what cannot be read ({error}); correct it.") from None


def _refused(error: BesomError) -> Response:
    """An error as clients show it: they print the first message, and try again or not by the status."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
    told = [{"message": str(error), "extensions": {"code": type(error).__name__}}]
    return _json({"data": None, "errors": told}, status)


def _json(value: Any, status: int = 200) -> Response:
    return Response(as_json(value), status, media_type="application/json")


def _caller(request: Request) -> Caller:
    host = request.headers.get("host") or request.url.netloc
    return Caller(f"{request.url.scheme}://{host}", request.headers.get("user-agent", ""))

"""Errors as HTTP answers: one JSON shape, and a status code for each kind."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from besom.encoding import error_to_json
from besom.errors import (
    BesomError,
    ConfigError,
    LeaseLost,
    MessageError,
    NotAllowed,
    OutOfOrder,
    ServerError,
    StoreError,
    SweepFileError,
    UnknownName,
    WrongState,
)
from besom.server.api.bodies import answer

STATUS: dict[type[BesomError], int] = {
    MessageError: 422,
    SweepFileError: 422,
    ConfigError: 422,
    UnknownName: 404,
    WrongState: 409,
    LeaseLost: 409,
    OutOfOrder: 409,
    NotAllowed: 401,
    StoreError: 507,
}

log = logging.getLogger("besom.server")

_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string", "enum": [kind.__name__ for kind in STATUS] + ["ServerError"]},
                "message": {"type": "string"},
                "expected": {"type": "integer", "description": "OutOfOrder: the number that is welcome next."},
                "problems": {"type": "array", "items": {"type": "string"}, "description": "SweepFileError: one each."},
            },
        }
    },
}
_MEANINGS = {
    401: "NotAllowed: the token is missing or wrong.",
    404: "UnknownName: there is no such sweep, trial, run or agent.",
    409: "WrongState, LeaseLost or OutOfOrder: the present state refuses it.",
    422: "MessageError, SweepFileError or ConfigError: what was sent is not valid.",
    507: "StoreError: the database cannot be read or written.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {"application/json": {"schema": _SCHEMA}}}
    for status, meaning in _MEANINGS.items()
}


def refusal(error: BesomError, status: int | None = None) -> Response:
    """The answer that tells of an error."""
    code = status or next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    response = answer({"error": error_to_json(error)}, code)
    if code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer_to(error: Exception, method: str, path: str) -> Response:
    """The answer to a request that an error came of."""
    place = f"{method} {path}"
    match error:
        case BesomError():
            return refusal(error)
        case RequestValidationError():
            wrong = (
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}, got {each['input']!r}" for each in error.errors()
            )
            return refusal(MessageError("; ".join(wrong)))
        case HTTPException(status_code=413):
            return refusal(MessageError(error.detail), 413)
        case HTTPException():
            told = UnknownName(f"{place}: {error.detail}; see /api/openapi.json for what there is.")
            return refusal(told, error.status_code)
    log.error("%s failed", place, exc_info=error)
    return refusal(ServerError(f"{place}: a bug of besom ({type(error).__name__}); the server's log has more."))


def _said(each: dict[str, Any]) -> str:
    return f"{'.'.join(map(str, each['loc']))}: {each['msg']}, got {each['input']!r}"


def add_refusals(app: FastAPI) -> None:
    """Answer every error of the app in the one shape."""

    async def told(request: Request, error: Exception) -> Response:
        return answer_to(error, request.method, request.url.path)

    for kind in (BesomError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, told)

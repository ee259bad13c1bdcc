"""Bodies of requests and answers: JSON as `besom.encoding` has it, and how the API's description shows it."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from besom.encoding import from_json, to_json
from besom.errors import MessageError


def answer(value: Any, status: int = 200) -> Response:
    """A response with `value` as JSON; numbers that are not finite as the tokens NaN, Infinity, -Infinity."""
    body = json.dumps(to_json(value), separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")


async def received(request: Request, kind: Any) -> Any:
    """The request's body as a `kind`. Raises MessageError."""
    body = await request.body()
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"body: must be JSON in UTF-8, got what cannot be read ({error}); correct it.") from error
    return from_json(kind, data)


@cache
def described(kind: Any) -> dict[str, Any]:
    """What the API's description says of a request whose body is a `kind`: for `openapi_extra`."""
    schema = TypeAdapter(kind).json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(schema)}}}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions in the places that refer to them, since it stands inside a larger document."""
    definitions = schema.pop("$defs", {})

    def put_in(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return put_in(definitions[part["$ref"].rsplit("/", 1)[-1]])
            return {name: put_in(item) for name, item in part.items()}
        return [put_in(item) for item in part] if isinstance(part, list) else part

    whole: dict[str, Any] = put_in(schema)
    return whole


def strict_json(value: Any) -> bytes:
    """`value` as JSON that browsers read: what is not finite is null."""
    plain = to_json(value)
    try:
        return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(plain), allow_nan=False, separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

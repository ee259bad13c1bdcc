"""Files by HTTP: PUT and GET of signed links, and the addresses that clients make up for an artifact's files."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from besom.errors import BesomError, MessageError, NotAllowed, StoreError, UnknownName
from besom.server.api.refusals import refusal
from besom.server.wandb.storage import BLOBS, LINK_S, LINKS, Storage, Upload, unquoted

_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{32}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
log = logging.getLogger("besom.server")


def blob_place(digest: str) -> str:
    """Where the bytes lie whose MD5 has this hexadecimal form."""
    return f"{BLOBS}/{digest[:2]}/{digest}"


def routes(storage: Storage) -> list[Route]:
    """What is to be mounted at the server's root.

    `/wandb/storage/…` asks for no token: the link is the leave. `/artifacts/…` and `/artifactsV2/…` do: clients send
    theirs there.
    """

    async def put(request: Request) -> Response:
        try:
            return await _put(storage, request, _granted(storage, request, "PUT"))
        except BesomError as error:
            return _refused(error)

    async def get(request: Request) -> Response:
        try:
            return await _sent(storage.path(_granted(storage, request, "GET")))
        except BesomError as error:
            return _refused(error)

    async def blob(request: Request) -> Response:
        try:
            return await _sent(storage.path(blob_place(_digest(request.path_params["rest"]))))
        except BesomError as error:
            return _refused(error)

    signed = LINKS + "/{leave}/{verb}/{where:path}"
    return [
        Route(signed, put, methods=["PUT"], include_in_schema=False),
        Route(signed, get, methods=["GET"], include_in_schema=False),
        Route("/artifacts/{rest:path}", blob, methods=["GET"], include_in_schema=False),
        Route("/artifactsV2/{rest:path}", blob, methods=["GET"], include_in_schema=False),
    ]


def _granted(storage: Storage, request: Request, verb: str) -> str:
    given = request.path_params
    if given["verb"] != verb or not storage.is_signed(given["leave"], verb, given["where"]):
        law = f"link: must be one that besom gave for {verb} in the last {LINK_S // 3600} hours, and is not"
        raise NotAllowed(f"{law}; ask for a new one.")
    where: str = given["where"]
    return where


def _digest(rest: str) -> str:
    """Of `…/BIRTH_ARTIFACT/DIGEST` (older clients) or `…/BIRTH_ARTIFACT/DIGEST/NAME`."""
    parts = rest.rsplit("/", 2)
    for each in (*parts[-2:-1], parts[-1]):
        if _DIGEST.fullmatch(each):
            return each
    raise UnknownName(f"artifact file {rest[-80:]!r}: must name a digest, and does not; download the whole artifact.")


async def _put(storage: Storage, request: Request, where: str) -> Response:
    length = request.headers.get("content-length", "0")
    parts = _parts(request)
    try:
        with await run_in_threadpool(storage.upload, where, int(length) if length.isdigit() else 0) as upload:
            async for part in parts:
                await run_in_threadpool(upload.write, part)
            await run_in_threadpool(_keep, upload, where)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except BesomError as error:
        try:
            async for _ in parts:  # a client that cannot send all takes that for a lost connection, and tries again
                pass
        except ClientDisconnect:
            pass
        return _refused(error)
    return Response(status_code=200)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    gathered = bytearray()
    async for chunk in request.stream():
        gathered += chunk
        if len(gathered) >= _CHUNK:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _keep(upload: Upload, where: str) -> None:
    if where.startswith(f"{BLOBS}/") and upload.hex_md5 != where.rsplit("/", 1)[1]:
        law = f"file: must have the MD5 {where.rsplit('/', 1)[1]} that was announced, got {upload.hex_md5}"
        raise MessageError(f"{law}; leave it unchanged while it is sent.")
    upload.keep()


async def _sent(path: Path) -> Response:
    if not await run_in_threadpool(path.is_file):
        raise UnknownName(f"file {unquoted(path.name)!r}: is not here; it was not sent, or has been deleted.")
    name = unquoted(path.name).encode("utf-8", "replace").decode()
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=_HEADERS)


def _refused(error: BesomError) -> Response:
    """Final for W&B's clients, so that the script goes on: they repeat what is answered 5xx."""
    if isinstance(error, StoreError):
        log.warning("W&B's client: an upload was refused: %s", error)
        return refusal(error, 413)
    if isinstance(error, NotAllowed):
        return refusal(error, 403)
    return refusal(error, 400 if isinstance(error, MessageError) else None)

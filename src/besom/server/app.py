"""The HTTP application: every call of the service under /api/v1, described at /api/openapi.json."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from besom.server.api import agents, runs, sweeps
from besom.server.api.bodies import answer
from besom.server.api.refusals import RESPONSES, add_refusals
from besom.server.driver import Driver
from besom.server.guard import Guard
from besom.server.wandb.protocol import Protocol
from besom.server.wandb.routes import routes as wandb_routes

_DESCRIPTION = """Messages may be sent again: the second time changes nothing, except for POST /sweeps and commands.
Numbers that are not finite are the tokens NaN, Infinity and -Infinity, both ways, as Python's json module has them.
Errors have one shape: {"error": {"type": …, "message": …}}."""

_PAGE = """<!doctype html><meta charset="utf-8"><title>besom</title>
<h1>besom runs here</h1>
<p>Its API: <a href="/api/openapi.json">/api/openapi.json</a>.
Sweeps: <a href="/api/v1/sweeps">/api/v1/sweeps</a>.</p>
"""


def build_app(driver: Driver, token: str | None, folder: Path) -> ASGIApp:
    """The application, answered by `driver`.

    Args:
        driver: What it speaks for.
        token: What requests must bear; None for a server that listens on loopback only.
        folder: Where files that W&B's client uploads are kept.
    """
    # No pages of documentation: FastAPI's fetch their scripts from elsewhere.
    app = FastAPI(
        title="besom",
        description=_DESCRIPTION,
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    add_refusals(app)
    for room in (sweeps, agents, runs):
        app.include_router(room.routes(driver), prefix="/api/v1", responses=RESPONSES)

    protocol = Protocol(driver, folder, token)
    app.router.routes += wandb_routes(protocol)

    @app.get("/healthz", summary="Whether the server answers", tags=["server"])
    async def healthz() -> Response:
        return answer({"status": "ok"})

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(_PAGE)

    app.router.routes += protocol.page_routes()  # they take any two names
    return Guard(app, token)

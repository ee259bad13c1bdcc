"""The HTTP application: every call of the service under /api/v1, described at /api/openapi.json, and the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from besom.errors import BesomError
from besom.server.answers import Answers
from besom.server.api import agents, cards, news, runs, sweeps, views
from besom.server.api.bodies import answer
from besom.server.api.desk import Desk
from besom.server.api.refusals import RESPONSES, add_refusals
from besom.server.driver import Driver
from besom.server.guard import Guard
from besom.server.home import Home
from besom.server.news import News
from besom.server.pages.door import Door
from besom.server.pages.missing import missing
from besom.server.pages.nowhere import Nowhere
from besom.server.pages.routes import routes as page_routes
from besom.server.pages.shelf import Shelf, the_shelf
from besom.server.shortcut import Shortcut
from besom.server.views import Views
from besom.server.wandb.protocol import Protocol
from besom.server.wandb.routes import routes as wandb_routes

log = logging.getLogger("besom.server")
_DESCRIPTION = """Messages may be sent again: the second time changes nothing, except for POST /sweeps and commands.
Numbers that are not finite are the tokens NaN, Infinity and -Infinity, both ways, as Python's json module has them.
Errors have one shape: {"error": {"type": …, "message": …}}."""


class App:
    """The application, answered by `driver`.

    Args:
        driver: What it speaks for.
        token: What requests must bear; None for a server that listens on loopback only.
        home: Where files lie: those that W&B's client uploads, and trials' checkpoints.
    """

    def __init__(self, driver: Driver, token: str | None, home: Home) -> None:
        self._driver, self._views = driver, Views(driver, home)
        desk = Desk(driver, Answers(), self._views)
        self.news = News(desk.told, driver.unfinished)
        driver.on_change(self.news.note)
        door = Door(token)
        self._shelf = the_shelf()
        often = agents.frequent_routes(driver, "/api/v1", RESPONSES)
        routed = _routed(driver, token, home, desk, self.news, door, self._shelf, often)
        self._guarded = Guard(Shortcut(Nowhere(routed, self._shelf), often), token, door)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._guarded(scope, receive, send)

    def warm_up(self) -> None:
        """Read what is likely to be looked at first: the pages' files, and the newest sweep."""
        self._shelf.warm_up()
        try:
            for sweep in self._driver.sweeps()[:1]:
                self._views.view(sweep.id)
        except BesomError as error:  # who looks at it is told
            log.info("the newest sweep cannot be shown: %s", error)

    def close(self) -> None:
        """End what would go on for as long as somebody listens. May be called on any thread."""
        self.news.close()


def _routed(
    driver: Driver,
    token: str | None,
    home: Home,
    desk: Desk,
    told: News,
    door: Door,
    shelf: Shelf,
    often: Sequence[BaseRoute],
) -> FastAPI:
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
    app.router.routes += often
    for room in (sweeps, agents, runs):
        app.include_router(room.routes(driver), prefix="/api/v1", responses=RESPONSES)
    for shown in (views.routes(desk), cards.routes(desk), news.routes(desk, told)):
        app.include_router(shown, prefix="/api/v1", responses=RESPONSES)

    protocol = Protocol(driver, home.path / "wandb", token)
    app.router.routes += [*door.routes(), *page_routes(shelf, missing(driver, door)), *wandb_routes(protocol)]

    @app.get("/healthz", summary="Whether the server answers", tags=["server"])
    async def healthz() -> Response:
        return answer({"status": "ok"})

    app.router.routes += protocol.page_routes()  # they take any two names
    return app

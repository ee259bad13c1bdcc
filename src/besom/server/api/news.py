"""The stream of what happens, for open pages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from besom.server.api.desk import Desk
from besom.server.news import News


def routes(desk: Desk, news: News) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["pages"])

    @router.get(
        "/news",
        response_class=Response,
        summary="What changes, as server-sent events",
        responses={200: {"content": {"text/event-stream": {}}, "description": "Events: overview, sweep, agents."}},
    )
    async def listen(sweep: str | None = None) -> Response:
        found = None if sweep is None else desk.driver.resolve(sweep)
        return await news.listen(found, desk.driver.unfinished() if found is None else [found])

    return router

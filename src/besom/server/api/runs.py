"""What runs have logged and printed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from besom.server.api.bodies import answer
from besom.server.driver import Driver

ROWS_AT_ONCE = 50_000


def routes(driver: Driver) -> APIRouter:
    """The routes, answered by `driver`."""
    router = APIRouter(tags=["runs"])

    @router.get("/runs/{run_id}/metrics", response_model=list[str], summary="Names of its numeric metrics")
    def metrics(run_id: str) -> Response:
        return answer(driver.metrics(run_id))

    @router.get("/runs/{run_id}/rows", response_model=list[dict[str, Any]], summary="History rows as logged")
    def rows(
        run_id: str,
        first: Annotated[int, Query(ge=0, description="Number of the first row wanted.")] = 0,
        limit: Annotated[int, Query(ge=1, le=ROWS_AT_ONCE)] = ROWS_AT_ONCE,
    ) -> Response:
        return answer(driver.rows(run_id, first, limit))

    @router.get("/runs/{run_id}/output", response_model=str, summary="What the program printed")
    def output(
        run_id: str,
        offset: Annotated[int, Query(description="From this byte on; negative counts from the end.")] = 0,
    ) -> Response:
        return answer(driver.output(run_id, offset))

    @router.get("/runs/{run_id}/resources", response_model=list[dict[str, Any]], summary="What it used over time")
    def resources(run_id: str) -> Response:
        return answer(driver.resource_rows(run_id))

    return router

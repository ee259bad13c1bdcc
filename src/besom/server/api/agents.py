"""What agents say: hello, ask, report, finish, bye. These come often, so they neither take a thread nor wait in one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besom.errors import MessageError
from besom.records import Agent
from besom.server.api.bodies import answer, described, received
from besom.server.driver import Driver
from besom.wire import Answer, Ask, Finish, Hello, Receipt, Report


def routes(driver: Driver) -> APIRouter:
    """The routes, answered by `driver`."""
    router = APIRouter(tags=["agents"])

    @router.get("/agents", response_model=list[Agent], summary="All agents")
    def agents() -> Response:
        return answer(driver.agents())

    @router.post("/agents", openapi_extra=described(Hello), summary="An agent presents itself")
    async def hello(request: Request) -> Response:
        await run_in_threadpool(driver.hello, await received(request, Hello))
        return answer({})

    @router.delete("/agents/{agent_id:path}", summary="An agent leaves politely")
    def bye(agent_id: str) -> Response:
        driver.bye(agent_id)
        return answer({})

    return router


def frequent_routes(driver: Driver, prefix: str, responses: Mapping[int | str, dict[str, Any]]) -> list[APIRoute]:
    """The routes of what agents say all the time: for a `Shortcut`, so nothing but path and request is injected."""
    often = APIRouter(prefix=prefix, tags=["agents"], responses=dict(responses))

    @often.post(
        "/sweeps/{sweep_id}/ask",
        response_model=Answer,
        openapi_extra=described(Ask),
        summary="A run to execute, or when to ask again, or that the sweep is done",
    )
    async def ask(sweep_id: str, request: Request) -> Response:
        future = driver.send_ask(sweep_id, await received(request, Ask))
        return answer(await asyncio.wrap_future(future))

    @often.post(
        "/runs/{run_id}/report",
        response_model=Receipt,
        openapi_extra=described(Report),
        summary="Progress of a run; renews its lease",
    )
    async def report(run_id: str, request: Request) -> Response:
        message: Report = await received(request, Report)
        _check(run_id, message)
        return answer(await asyncio.wrap_future(driver.send(message)))

    @often.post("/runs/{run_id}/finish", openapi_extra=described(Finish), summary="A run is over")
    async def finish(run_id: str, request: Request) -> Response:
        message: Finish = await received(request, Finish)
        _check(run_id, message)
        await asyncio.wrap_future(driver.send(message))
        return answer({})

    return [route for route in often.routes if isinstance(route, APIRoute)]


def _check(run_id: str, message: Report | Finish) -> None:
    if message.run_id != run_id:
        raise MessageError(f"run_id: must be the path's {run_id}, got {message.run_id}; send one of them to the other.")

"""What pages ask of trials, of the best configuration, and of agents."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from besom.analysis.agents import AgentView
from besom.analysis.trialcard import TrialCard
from besom.server.api.bodies import strict_json
from besom.server.api.desk import Desk
from besom.server.api.views import Narrow, Theme


def routes(desk: Desk) -> APIRouter:
    """The routes, answered at `desk`."""
    router = APIRouter(tags=["pages"])
    views = desk.views

    @router.get("/sweeps/{sweep_id}/trials/{number}/card", response_model=TrialCard, summary="All of a trial in words")
    async def card(request: Request, sweep_id: str, number: int) -> Response:
        return await desk.on_sweep(request, sweep_id, lambda found: strict_json(views.card(found, number)), number)

    @router.get(
        "/sweeps/{sweep_id}/trials/{number}/pictures/{name}",
        response_model=dict[str, Any],
        summary="One picture of a trial",
    )
    async def picture(
        request: Request,
        sweep_id: str,
        number: int,
        name: str,
        theme: Theme = "light",
        narrow: Narrow = False,
        first: Annotated[int, Query(ge=0, description="The place of the first metric that is drawn.")] = 0,
    ) -> Response:
        def draw(found: str) -> bytes:
            return views.trial_picture(found, number, name, theme, first=first, is_narrow=narrow)

        return await desk.on_sweep(request, sweep_id, draw, number, name, theme, narrow, first)

    @router.get("/sweeps/{sweep_id}/best/{form}", response_model=str, summary="A configuration to be pasted")
    async def best(request: Request, sweep_id: str, form: str, trial: int | None = None) -> Response:
        def work_out(found: str) -> bytes:
            return views.best(found, form, trial).encode("utf-8", "replace")

        kind = "text/plain"
        return await desk.on_sweep(request, sweep_id, work_out, form, trial, media_type=kind)

    @router.get("/agents/view", response_model=list[AgentView], summary="Agents, and what they run")
    async def agents(request: Request) -> Response:
        return await desk.agents(request.headers)

    return router

"""What pages ask of sweeps: answers kept as bytes, so that fifty pages cost what one does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from besom.analysis.overview import Overview
from besom.analysis.trialpage import TrialPage
from besom.errors import MessageError, UnknownName
from besom.server.api.bodies import strict_json
from besom.server.api.desk import Desk
from besom.server.sweepviews import SweepView
from besom.server.trialtable import Query as TableQuery
from besom.server.trialtable import Selection

ROWS_AT_ONCE = 1000
_MOST_COMPARED = 50
Theme = Annotated[Literal["light", "dark"], Query(description="Colours.")]
Narrow = Annotated[bool, Query(description="For a phone: one below the other what else stands side by side.")]
Where = Annotated[str, Query(description='Conditions that all hold: [["lr", 0.1, null], ["state", ["failed"]]].')]


def routes(desk: Desk) -> APIRouter:
    """The routes, answered at `desk`."""
    router = APIRouter(tags=["pages"])
    views = desk.views

    @router.get("/overview", response_model=list[Overview], summary="A line for each sweep, newest first")
    async def all_sweeps(request: Request) -> Response:
        lines = await desk.lines(await desk.all_sweeps())
        body = b"[" + b",".join(lines) + b"]"
        answered = await desk.answers.get("overview", body, lambda: body, request.headers)
        return answered.response(request.headers)

    @router.get("/sweeps/{sweep_id}/view", response_model=SweepView, summary="What a sweep's page begins with")
    async def view(sweep_id: str, request: Request) -> Response:
        return await desk.on_sweep(request, sweep_id, lambda found: strict_json(views.view(found)))

    @router.get("/sweeps/{sweep_id}/pictures/{name}", response_model=dict[str, Any], summary="One picture of a sweep")
    async def picture(
        request: Request,
        sweep_id: str,
        name: str,
        theme: Theme = "light",
        x: str | None = None,
        metric: str | None = None,
        a: str | None = None,
        b: str | None = None,
        only: str | None = None,
        narrow: Narrow = False,
    ) -> Response:
        asked = {"x": x, "metric": metric, "a": a, "b": b, "only": only}

        def draw(found: str) -> bytes:
            return views.picture(found, name, theme, asked, is_narrow=narrow)

        return await desk.on_sweep(request, sweep_id, draw, name, theme, narrow, *asked.values())

    @router.get("/sweeps/{sweep_id}/table", response_model=TrialPage, summary="A page of the table of its trials")
    async def table(
        request: Request,
        sweep_id: str,
        sort: str = "value",
        descending: bool | None = None,
        where: Where = "",
        text: str = "",
        first: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=ROWS_AT_ONCE)] = 100,
        metrics: Annotated[str, Query(description='Metrics whose cells are wanted: ["val/loss"].')] = "",
    ) -> Response:
        asked = TableQuery(sort, descending, where, text, first, limit, metrics)
        known = views.important(sweep_id)  # an answer is not kept beyond the moment that this is known

        def draw(found: str) -> bytes:
            return strict_json(views.table(found, asked))

        return await desk.on_sweep(request, sweep_id, draw, asked, known)

    @router.get("/sweeps/{sweep_id}/selection", response_model=Selection, summary="Trials that fulfil conditions")
    async def selection(request: Request, sweep_id: str, where: Where = "") -> Response:
        return await desk.on_sweep(request, sweep_id, lambda found: strict_json(views.selection(found, where)), where)

    @router.get("/compare", response_model=dict[str, Any], summary="Several sweeps on one axis")
    async def compare(
        request: Request,
        sweeps: Annotated[str, Query(description="Ids, with commas between them.")],
        x: str = "trials",
        theme: Theme = "light",
    ) -> Response:
        named, missing = _found(desk, [each for each in sweeps.split(",") if each])
        if not 1 <= len(named) <= _MOST_COMPARED:
            law = f"sweeps: needs 1 to {_MOST_COMPARED} ids with commas between them, got {len(named)}"
            raise MessageError(f"{law}; name some.")
        versions = tuple(views.version(each) for each in named)
        draw = partial(views.comparison, named, missing, x, theme)
        answered = await desk.answers.get(("compare", *named, "", *missing, x, theme), versions, draw, request.headers)
        return answered.response(request.headers)

    return router


def _found(desk: Desk, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Ids of the sweeps that `names` mean, and the names that mean none. Raises UnknownName where none means any."""
    found: dict[str, None] = {}
    missing: dict[str, UnknownName] = {}
    for name in names:
        try:
            found[desk.driver.resolve(name)] = None
        except UnknownName as unknown:
            missing[name] = unknown
    if missing and not found:
        raise next(iter(missing.values()))
    return list(found), list(missing)

"""What people ask and tell of sweeps and their trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besom.records import Run, Sweep, Trial
from besom.server.api.bodies import answer, described, received
from besom.server.driver import Driver
from besom.service import MetricCurve, Progress
from besom.wire import Command, Import


@dataclass(frozen=True, slots=True)
class NewSweep:
    """A sweep file's content, and the folder that its program is looked for in."""

    file: Mapping[str, Any]
    folder: str = ""


def routes(driver: Driver) -> APIRouter:
    """The routes, answered by `driver`."""
    router = APIRouter(tags=["sweeps"])

    @router.get("/sweeps", response_model=list[Sweep], summary="All sweeps, newest first")
    def sweeps() -> Response:
        return answer(driver.sweeps())

    @router.post(
        "/sweeps",
        response_model=Sweep,
        status_code=201,
        openapi_extra=described(NewSweep),
        summary="A new running sweep",
    )
    async def create_sweep(request: Request) -> Response:
        new: NewSweep = await received(request, NewSweep)
        return answer(await run_in_threadpool(driver.create_sweep, new.file, new.folder), 201)

    @router.post(
        "/imports",
        response_model=Sweep,
        openapi_extra=described(Import),
        summary="Trials that were measured elsewhere, as a sweep of their own",
    )
    async def import_trials(request: Request) -> Response:
        part: Import = await received(request, Import)
        return answer(await run_in_threadpool(driver.import_trials, part))

    @router.get("/sweeps/{sweep_id}", response_model=Sweep, summary="One sweep")
    def sweep(sweep_id: str) -> Response:
        return answer(driver.sweep(sweep_id))

    @router.get("/sweeps/{sweep_id}/progress", response_model=Progress, summary="Where a sweep stands")
    def progress(sweep_id: str) -> Response:
        return answer(driver.progress(sweep_id))

    @router.post(
        "/sweeps/{sweep_id}/commands",
        response_model=Sweep,
        openapi_extra=described(Command),
        summary="Pause, resume, stop, cancel; stop, resume or enqueue a trial; set the budget",
    )
    async def command(sweep_id: str, request: Request) -> Response:
        wish: Command = await received(request, Command)
        return answer(await run_in_threadpool(driver.command, sweep_id, wish))

    @router.get("/sweeps/{sweep_id}/trials", response_model=list[Trial], summary="Its trials, by number")
    def trials(sweep_id: str) -> Response:
        return answer(driver.trials(sweep_id))

    @router.get("/sweeps/{sweep_id}/trials/{number}", response_model=Trial, summary="One trial")
    def trial(sweep_id: str, number: int) -> Response:
        return answer(driver.trial(sweep_id, number))

    @router.get("/sweeps/{sweep_id}/runs", response_model=list[Run], summary="Its runs, in order of their lease")
    def runs(sweep_id: str, trial: int | None = None) -> Response:
        return answer(driver.runs(sweep_id, trial))

    @router.get(
        "/sweeps/{sweep_id}/summaries",
        response_model=dict[str, dict[str, Any]],
        summary="What each run ended with: last numbers, and what its script set",
    )
    def summaries(sweep_id: str, trial: int | None = None) -> Response:
        return answer(driver.summaries(sweep_id, trial))

    @router.get(
        "/sweeps/{sweep_id}/curves",
        response_model=list[MetricCurve],
        summary="One metric of each run against another, thinned",
    )
    def curves(
        sweep_id: str,
        metric: str,
        x: str = "_step",
        trial: int | None = None,
        points: Annotated[int, Query(ge=5, le=100_000, description="At most so many points of each run.")] = 500,
        trials: Annotated[str | None, Query(pattern=r"^(\d+(,\d+)*)?$", description="Only of these: `1,5,9`.")] = None,
    ) -> Response:
        named = None if trials is None else [int(number) for number in trials.split(",") if number]
        return answer(driver.curves(sweep_id, metric, x, trial, points, named))

    return router

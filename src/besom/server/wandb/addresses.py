"""The addresses that W&B's client prints for people: of a sweep its report as it stands, of the rest the way there."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from besom.plots.report import report_html
from besom.plots.sweepdata import read_sweep
from besom.server.driver import Driver
from besom.server.wandb.runs import Runs
from besom.server.wandb.sweeps import Sweeps

_POINTS = 100


def routes(driver: Driver, sweeps: Sweeps, runs: Runs) -> list[BaseRoute]:
    """The routes: they take any two names, so they come last."""

    def of_project(entity: str, project: str) -> Response:
        found = sweeps.listed(entity, project)
        return _to_sweep(entity, project, found[0].id) if found else _nothing(f"{entity}/{project}: no sweep is here.")

    def of_sweep(entity: str, project: str, name: str) -> Response:
        found = sweeps.find(entity, project, name)
        if found is None:
            return _nothing(f"{entity}/{project}: has no sweep {name}.")
        return HTMLResponse(report_html(read_sweep(driver, found.id, points=_POINTS)))

    def of_run(entity: str, project: str, name: str) -> Response:
        found = runs.find(entity, project, name)
        if found is None or not found.sweep_id:
            return _nothing(
                f"{entity}/{project}: no sweep has a run {name}; wandb.Api() shows those that belong to none."
            )
        return _to_sweep(entity, project, found.sweep_id)

    pages: dict[str | None, Callable[..., Response]] = {None: of_project, "sweeps": of_sweep, "runs": of_run}

    async def answer(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):  # 404 and not 405, which W&B's client would try again for days
            return _nothing("no such address.")
        names = {name: str(value) for name, value in request.path_params.items() if name != "kind"}
        kind = request.path_params.get("kind")
        page = pages.get(kind)
        return _nothing("no such page.") if page is None else await run_in_threadpool(page, **names)

    paths = ("/{entity}/{project}", "/{entity}/{project}/{kind}/{name}")
    return [Route(path, answer, methods=["GET", "POST", "PUT"]) for path in paths]


def _to_sweep(entity: str, project: str, sweep_id: str) -> Response:
    return RedirectResponse("/" + "/".join(quote(part, safe="") for part in (entity, project, "sweeps", sweep_id)))


def _nothing(law: str) -> Response:
    return PlainTextResponse(law, 404)

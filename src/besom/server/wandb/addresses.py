"""The addresses that W&B's client prints for people: they lead to the pages of the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from besom.server.wandb.runs import Runs
from besom.server.wandb.sweeps import Sweeps


def routes(sweeps: Sweeps, runs: Runs) -> list[BaseRoute]:
    """The routes: they take any two names, so they come last."""

    def of_project(entity: str, project: str) -> Response:
        found = sweeps.listed(entity, project)
        if not found:
            return _nothing(f"{entity}/{project}: no sweep is here.")
        return _to("sweeps", found[0].id) if len(found) == 1 else _to()

    def of_sweep(entity: str, project: str, name: str) -> Response:
        found = sweeps.find(entity, project, name)
        return _to("sweeps", found.id) if found else _nothing(f"{entity}/{project}: has no sweep {name}.")

    def of_run(entity: str, project: str, name: str) -> Response:
        found = runs.find(entity, project, name)
        if found is None or not found.sweep_id:
            return _nothing(
                f"{entity}/{project}: no sweep has a run {name}; wandb.Api() shows those that belong to none."
            )
        run = runs.engine_run(found)
        return _to("sweeps", found.sweep_id, *(("trials", str(run.trial)) if run else ()))

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


def _to(*parts: str) -> Response:
    return RedirectResponse("/" + "/".join(quote(part, safe="") for part in parts))


def _nothing(law: str) -> Response:
    return PlainTextResponse(law, 404)

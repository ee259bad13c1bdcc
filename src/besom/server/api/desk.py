"""Where pages' questions are answered: from what is kept, or from what is worked out once for all who ask."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from besom.errors import BesomError
from besom.records import TrialState
from besom.server.answers import Answers
from besom.server.api.bodies import strict_json
from besom.server.driver import Driver
from besom.server.news import Changes, Told
from besom.server.views import Views

log = logging.getLogger("besom.server")


class Desk:
    """Answers questions on sweeps from what is kept, or works them out.

    Args:
        driver: Knows the sweeps.
        answers: Keeps what was answered.
        views: Works it out.
    """

    def __init__(self, driver: Driver, answers: Answers, views: Views) -> None:
        self.driver = driver
        self.answers = answers
        self.views = views
        self._agents_told = 0

    async def on_sweep(
        self,
        request: Request,
        name: str,
        work_out: Callable[[str], bytes],
        *asked: Hashable,
        media_type: str = "application/json",
    ) -> Response:
        """The answer on the sweep that `name` names; `asked` tells questions of one path apart. Raises UnknownName."""
        sweep_id = self.driver.resolve(name)
        question = (request.scope["route"].path, sweep_id, *asked)
        version = self.views.version(sweep_id)
        work = partial(work_out, sweep_id)
        answered = await self.answers.get(question, version, work, request.headers, media_type)
        return answered.response(request.headers)

    async def all_sweeps(self) -> list[str]:
        """Ids of all sweeps, newest first."""
        return [sweep.id for sweep in await run_in_threadpool(self.driver.sweeps)]

    async def lines(self, sweep_ids: Iterable[str]) -> list[bytes]:
        """The lines of these sweeps in the list of all, each as JSON."""
        return [await self._part("line", sweep_id, self._line) for sweep_id in sweep_ids]

    async def agents(self, headers: Headers) -> Response:
        """All agents: less than a second old, and no older than the last news of them, nor than a host set aside."""
        version = int(self.driver.now()), self._agents_told, self.views.set_aside()
        answered = await self.answers.get("agents", version, self._agents, headers)
        return answered.response(headers)

    async def told(self, changes: Changes) -> Told:
        """What open pages are told of changes."""
        overviews, moves = {}, {}
        self._agents_told += changes.has_agents
        for sweep_id in changes.sweeps:
            try:
                moves[sweep_id] = await self._part("move", sweep_id, self._move)
                overviews[sweep_id] = await self._part("line", sweep_id, self._line)
            except BesomError as error:  # it was deleted meanwhile, or the database is away
                log.warning("news: sweep %s: %s", sweep_id, error)
        return Told(overviews, moves, strict_json({"at": self.driver.now()}) if changes.has_agents else None)

    async def _part(self, what: str, sweep_id: str, work_out: Callable[[str], bytes]) -> bytes:
        version = self.views.version(sweep_id)
        return (await self.answers.get((what, sweep_id), version, partial(work_out, sweep_id))).body

    def _line(self, sweep_id: str) -> bytes:
        return strict_json(self.views.overview(sweep_id))

    def _move(self, sweep_id: str) -> bytes:
        version = self.driver.version(sweep_id)
        line = self.views.overview(sweep_id)
        ended = sum(count for state, count in line.counts.items() if TrialState(state).has_ended)
        return strict_json({"id": sweep_id, "version": version, "ended": ended, "state": line.state})

    def _agents(self) -> bytes:
        return strict_json(self.views.agents())

"""The service over HTTP or a shared folder: sends again what got no answer, and raises the server's own errors."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from besom.connections import Connections, NoAnswer
from besom.encoding import error_from_json, from_json, to_json
from besom.errors import MessageError, ServerError, ServerUnreachable
from besom.post import Sender, folder_of
from besom.records import Agent, Run, Sweep, Trial
from besom.service import MetricCurve, Progress
from besom.wire import Answer, Ask, Command, Finish, Hello, Import, Receipt, Report

_ROWS_AT_ONCE = 50_000
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_API = "/api/v1"


class Client:
    """Implements `besom.service.Service` by a server's HTTP API, by network or by files. Threads may share it.

    Args:
        address: The server's address, `http://host:port`; or its home, a path: messages then go as files.
        token: Its token, if it asks for one. Who can write into its home needs none.
        patience_s: How long a message is sent again while nothing answers, or the server answers with a fault.
        sleep: Waits so many seconds.
        find: Where the server is now, address and token, asked when nothing answers: one that was killed may be back
            at another port. None while there is none.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        patience_s: float = 30.0,
        sleep: Callable[[float], object] = time.sleep,
        find: Callable[[], tuple[str, str | None] | None] = lambda: None,
    ) -> None:
        self._patience_s = patience_s
        self._sleep = sleep
        self._find = find
        self._speak_to(address, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    def _speak_to(self, address: str, token: str | None) -> None:
        home = folder_of(address)
        try:
            connections = Connections(address, token) if home is None else Sender(home)
        except ValueError as error:
            law = "an address is http://host:port, or the path of a server's home"
            raise ServerUnreachable(f"{address}: {law}; correct it.") from error
        self.address = address.rstrip("/")
        self._place = address, token
        self._connections: Connections | Sender = connections

    def _look_again(self) -> None:
        """Turn to where the server is now, if that is known and elsewhere; requests under way go on."""
        place = self._find()
        if place is not None and place != self._place:
            self._connections.close()
            self._speak_to(*place)

    def create_sweep(self, file: Mapping[str, Any], folder: str = "") -> Sweep:
        body = {"file": file, "folder": folder}
        sweep: Sweep = self._call(Sweep, "POST", "/sweeps", body, is_repeatable=False)
        return sweep

    def import_trials(self, part: Import) -> Sweep:
        sweep: Sweep = self._call(Sweep, "POST", "/imports", part)
        return sweep

    def sweeps(self) -> list[Sweep]:
        found: list[Sweep] = self._call(list[Sweep], "GET", "/sweeps")
        return found

    def sweep(self, sweep_id: str) -> Sweep:
        sweep: Sweep = self._call(Sweep, "GET", _sweep(sweep_id))
        return sweep

    def progress(self, sweep_id: str) -> Progress:
        progress: Progress = self._call(Progress, "GET", _sweep(sweep_id) + "/progress")
        return progress

    def trials(self, sweep_id: str) -> list[Trial]:
        found: list[Trial] = self._call(list[Trial], "GET", _sweep(sweep_id) + "/trials")
        return found

    def trial(self, sweep_id: str, number: int) -> Trial:
        trial: Trial = self._call(Trial, "GET", f"{_sweep(sweep_id)}/trials/{number}")
        return trial

    def runs(self, sweep_id: str, trial: int | None = None) -> list[Run]:
        found: list[Run] = self._call(list[Run], "GET", _sweep(sweep_id) + "/runs", trial=trial)
        return found

    def agents(self) -> list[Agent]:
        found: list[Agent] = self._call(list[Agent], "GET", "/agents")
        return found

    def metrics(self, run_id: str) -> list[str]:
        found: list[str] = self._call(list[str], "GET", _run(run_id) + "/metrics")
        return found

    def curves(
        self,
        sweep_id: str,
        metric: str,
        x: str = "_step",
        trial: int | None = None,
        points: int = 500,
        trials: Sequence[int] | None = None,
    ) -> list[MetricCurve]:
        named = None if trials is None else ",".join(map(str, trials))
        wanted: dict[str, Any] = {"metric": metric, "x": x, "trial": trial, "points": points, "trials": named}
        found: list[MetricCurve] = self._call(list[MetricCurve], "GET", _sweep(sweep_id) + "/curves", **wanted)
        return found

    def summaries(self, sweep_id: str, trial: int | None = None) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._call(
            dict[str, dict[str, Any]], "GET", _sweep(sweep_id) + "/summaries", trial=trial
        )
        return found

    def rows(self, run_id: str, first: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while limit is None or len(found) < limit:
            wanted = _ROWS_AT_ONCE if limit is None else min(_ROWS_AT_ONCE, limit - len(found))
            page = self._call(
                list[dict[str, Any]], "GET", _run(run_id) + "/rows", first=first + len(found), limit=wanted
            )
            found += page
            if len(page) < wanted:
                break
        return found

    def output(self, run_id: str, offset: int = 0) -> str:
        text: str = self._call(str, "GET", _run(run_id) + "/output", offset=offset)
        return text

    def resource_rows(self, run_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call(list[dict[str, Any]], "GET", _run(run_id) + "/resources")
        return found

    def command(self, sweep_id: str, command: Command) -> Sweep:
        sweep: Sweep = self._call(Sweep, "POST", _sweep(sweep_id) + "/commands", command, is_repeatable=False)
        return sweep

    def hello(self, hello: Hello) -> None:
        self._call(Any, "POST", "/agents", hello)

    def bye(self, agent_id: str) -> None:
        self._call(Any, "DELETE", f"/agents/{quote(agent_id, safe='')}")

    def ask(self, sweep_id: str, ask: Ask) -> Answer:
        answer: Answer = self._call(Answer, "POST", _sweep(sweep_id) + "/ask", ask)
        return answer

    def report(self, report: Report) -> Receipt:
        receipt: Receipt = self._call(Receipt, "POST", _run(report.run_id) + "/report", report)
        return receipt

    def finish(self, finish: Finish) -> None:
        self._call(Any, "POST", _run(finish.run_id) + "/finish", finish)

    def _call(
        self, kind: Any, method: str, path: str, body: Any = None, *, is_repeatable: bool = True, **query: Any
    ) -> Any:
        """The answer as a `kind`. One that is not repeatable is sent again only if it surely did not arrive."""
        content = None if body is None else json.dumps(to_json(body), separators=(",", ":")).encode()
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        target = f"{_API}{path}?{asked}" if asked else _API + path
        until = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            failure: Exception
            try:
                status, answer = self._connections.send(method, target, content)
            except NoAnswer as error:
                failure = self._unreachable(error)
                self._look_again()
                may_repeat = is_repeatable or not error.may_have_arrived
            else:
                if status < 500:
                    return self._understood(kind, status, answer)
                failure = self._refused(status, answer)
                may_repeat = is_repeatable
            if not may_repeat or time.monotonic() + pause_s > until:
                raise failure
            self._sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that agents do not all come back at once
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _understood(self, kind: Any, status: int, answer: bytes) -> Any:
        if not 200 <= status < 300:
            raise self._refused(status, answer)
        try:
            return from_json(kind, json.loads(answer), self.address)
        except (ValueError, MessageError) as error:
            raise ServerError(f"{self.address}: must be a besom server, but answered otherwise ({error}).") from error

    def _refused(self, status: int, answer: bytes) -> Exception:
        try:
            return error_from_json(json.loads(answer)["error"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return ServerError(f"{self.address}: answered {status}; is it a besom server?")

    def _unreachable(self, error: NoAnswer) -> ServerUnreachable:
        return ServerUnreachable(f"{self.address}: a besom server must answer, got: {error}; is `besom server` up?")


def _sweep(sweep_id: str) -> str:
    """The path of a sweep; of `entity/project/id`, the id is what counts."""
    return "/sweeps/" + quote(sweep_id.rstrip("/").rsplit("/", 1)[-1], safe="")


def _run(run_id: str) -> str:
    return "/runs/" + quote(run_id, safe="")

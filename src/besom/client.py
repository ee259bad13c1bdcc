"""The service over HTTP: keeps its connections, sends again what got no answer, and raises the server's own errors."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from besom.encoding import error_from_json, from_json, to_json
from besom.errors import MessageError, ServerError, ServerUnreachable
from besom.records import Agent, Run, Sweep, Trial
from besom.service import MetricCurve, Progress
from besom.wire import Answer, Ask, Command, Finish, Hello, Receipt, Report

if TYPE_CHECKING:
    import httpx

_ROWS_AT_ONCE = 50_000
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_ANSWER_S = 60.0


class Client:
    """Implements `besom.service.Service` by a server's HTTP API. Threads may share it.

    Args:
        address: The server's address, `http://host:port`.
        token: Its token, if it asks for one.
        patience_s: How long a message is sent again while nothing answers, or the server answers with a fault.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        patience_s: float = 30.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        import httpx  # takes long to import, and who asks for help does not need it

        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnreachable(f"{address}: an address is http://host:port; correct it.")
        self._patience_s = patience_s
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=self.address + "/api/v1",
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=httpx.Timeout(_ANSWER_S, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=60.0),
            # A proxy that the environment names does not know this machine's own ports.
            trust_env=parts.hostname not in ("localhost", "127.0.0.1", "::1"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def create_sweep(self, file: Mapping[str, Any], folder: str = "") -> Sweep:
        body = {"file": file, "folder": folder}
        sweep: Sweep = self._call(Sweep, "POST", "/sweeps", body, is_repeatable=False)
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
        self, sweep_id: str, metric: str, x: str = "_step", trial: int | None = None, points: int = 500
    ) -> list[MetricCurve]:
        wanted: dict[str, Any] = {"metric": metric, "x": x, "trial": trial, "points": points}
        found: list[MetricCurve] = self._call(list[MetricCurve], "GET", _sweep(sweep_id) + "/curves", **wanted)
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
        import httpx

        content = None if body is None else json.dumps(to_json(body), separators=(",", ":")).encode()
        request = self._http.build_request(
            method,
            path,
            content=content,
            params={name: value for name, value in query.items() if value is not None} or None,
            headers={"Content-Type": "application/json"} if content is not None else None,
        )
        until = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            failure: Exception
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                failure = self._unreachable(error)
                may_repeat = is_repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if response.status_code < 500:
                    return self._understood(kind, response)
                failure = self._refused(response)
                may_repeat = is_repeatable
            if not may_repeat or time.monotonic() + pause_s > until:
                raise failure
            self._sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that agents do not all come back at once
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _understood(self, kind: Any, response: httpx.Response) -> Any:
        if not response.is_success:
            raise self._refused(response)
        try:
            return from_json(kind, json.loads(response.content), self.address)
        except (ValueError, MessageError) as error:
            raise ServerError(f"{self.address}: must be a besom server, but answered otherwise ({error}).") from error

    def _refused(self, response: httpx.Response) -> Exception:
        try:
            return error_from_json(json.loads(response.content)["error"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return ServerError(f"{self.address}: answered {response.status_code}; is it a besom server?")

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        reason = str(error) or type(error).__name__
        return ServerUnreachable(f"{self.address}: a besom server must answer, got: {reason}; is `besom server` up?")


def _sweep(sweep_id: str) -> str:
    """The path of a sweep; of `entity/project/id`, the id is what counts."""
    return "/sweeps/" + quote(sweep_id.rstrip("/").rsplit("/", 1)[-1], safe="")


def _run(run_id: str) -> str:
    return "/runs/" + quote(run_id, safe="")

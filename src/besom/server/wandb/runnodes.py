"""A run as a node of GraphQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from besom.server.wandb.caller import Caller, instant
from besom.server.wandb.graphql import Node
from besom.server.wandb.history import History, as_lines
from besom.server.wandb.ids import node_id, project_node, project_number
from besom.server.wandb.pages import numbered
from besom.server.wandb.runs import Runs
from besom.server.wandb.values import as_python_text, as_text, read_mapping
from besom.tracked import ENTITY, TrackedRun, TrackedValues

_SAMPLES = 500
_PAGE = 1000
_MOST_STEPS = 2**53
Extra = Callable[[TrackedRun, Caller], Mapping[str, Any]]


class RunNodes:
    """Makes nodes of runs.

    Args:
        runs: Where they are.
        extra: Gives further fields, of files and artifacts.
    """

    def __init__(self, runs: Runs, extra: Extra) -> None:
        self._runs = runs
        self._extra = extra

    def node(self, run: TrackedRun, caller: Caller) -> Node:
        """The run's fields; those that cost something are functions, called when asked for."""
        runs, values, history = self._runs, _Once(lambda: self._runs.values(run)), self._runs.history(run)
        fields: dict[str, Any] = {
            "__typename": "Run",
            "id": node_id("Run", run.id),
            "projectId": project_number(run.entity, run.project),
            "name": run.name,
            "displayName": run.display_name or run.name,
            "sweepName": run.sweep_id or None,
            "state": lambda _: runs.state_of(run),
            "config": lambda _: as_python_text(values().config),
            "summaryMetrics": lambda _: as_python_text(values().summary),
            "systemMetrics": lambda _: as_text(_system(runs.events(run))),
            "wandbConfig": lambda arguments: json.dumps(_telemetry(values(), arguments.get("keys"))),
            "group": run.group or None,
            "jobType": run.job_type or None,
            "tags": list(run.tags),
            "notes": run.notes or None,
            "description": run.notes or None,
            "commit": run.commit or None,
            "repo": run.repo or None,
            "program": run.program or None,
            "host": run.host or None,
            "readOnly": False,
            "createdAt": instant(run.created_at),
            "updatedAt": instant(run.heartbeat_at),
            "heartbeatAt": instant(run.heartbeat_at),
            "computeSeconds": int(run.heartbeat_at - run.created_at),
            "user": {"name": ENTITY, "username": ENTITY, "email": ""},
            "project": project_node(run.entity, run.project),
            "exitcode": run.exit_code,
            "stopped": lambda _: runs.is_stopped(run),
            "shouldStop": lambda _: runs.is_stopped(run),
            "failed": lambda _: runs.state_of(run) in ("failed", "crashed"),
            "running": lambda _: runs.state_of(run) == "running",
            "historyLineCount": run.history.shown,
            "eventsLineCount": run.events.shown,
            "logLineCount": run.output.shown,
            "historyTail": lambda _: _tail(history),
            "eventsTail": lambda _: _tail(runs.events(run)),
            **self._logged(run, values, history),
        }
        return {**fields, **self._extra(run, caller)}

    def _logged(self, run: TrackedRun, values: Callable[[], TrackedValues], history: History) -> dict[str, Any]:
        def lines(arguments: dict[str, Any]) -> list[str]:
            if arguments.get("minStep") is None and arguments.get("maxStep") is None:
                return as_lines(history.sampled(_count(arguments.get("samples"), _SAMPLES)))
            first, end = _count(arguments.get("minStep"), 0), _count(arguments.get("maxStep"), _MOST_STEPS)
            return as_lines(history.between(first, end, _count(arguments.get("samples"), _PAGE)))

        def events(arguments: dict[str, Any]) -> list[str]:
            return as_lines(self._runs.events(run).sampled(_count(arguments.get("samples"), _SAMPLES)))

        def parquet(arguments: dict[str, Any]) -> Node:
            keys = arguments.get("liveKeys")
            return {"parquetUrls": [], "liveData": history.sampled(run.history.count, keys) if keys else []}

        return {
            "history": lines,
            "logLines": lambda arguments: _printed(self._runs.output(run), arguments),
            "events": events,
            "sampledHistory": lambda arguments: [_sampled(history, each) for each in _specs(arguments.get("specs"))],
            "parquetHistory": parquet,
            "historyKeys": lambda _: _keys(history, values().summary, run.history.shown),
        }


class _Once:
    """A value worked out when it is first wanted."""

    def __init__(self, make: Callable[[], TrackedValues]) -> None:
        self._make = make
        self._made: TrackedValues | None = None

    def __call__(self) -> TrackedValues:
        if self._made is None:
            self._made = self._make()
        return self._made


def _printed(text: str, arguments: Mapping[str, Any]) -> Node:
    """A stretch of what the program printed: the last lines, or those from a cursor on."""
    lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []
    if arguments.get("last"):
        arguments = {"after": max(0, len(lines) - int(arguments["last"])), "first": len(lines)}
    return numbered(
        range(len(lines)),
        arguments,
        lambda at: {"number": at, "timestamp": None, "level": "", "label": "", "line": lines[at]},
        _PAGE,
    )


def _specs(given: Any) -> list[dict[str, Any]]:
    """Each a JSON text; old clients send one text for the list of them."""
    listed = given if isinstance(given, list) else [given] if given else []
    return [read_mapping(each) for each in listed]


def _sampled(history: History, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys, samples = spec.get("keys"), _count(spec.get("samples"), _SAMPLES)
    first, end = spec.get("minStep"), spec.get("maxStep")
    if first is None and end is None:
        return history.sampled(samples, keys)
    first, end = _count(first, 0), _count(end, _MOST_STEPS)
    if spec.get("samples") == end - first + 1:
        end += 1  # `wandb-core` names the last step of a page, the Python clients before it the one after
    rows = history.between(first, end, _count(spec.get("samples"), _PAGE))
    if not keys:
        return rows
    return [{key: row[key] for key in keys} for row in rows if all(key in row for key in keys)]


def _keys(history: History, summary: Mapping[str, Any], count: int) -> dict[str, Any]:
    names = dict.fromkeys([*summary, *history.metrics()])
    names.pop("_wandb", None)
    types = [{"type": "number", "count": count}]
    keys = {name: {"typeCounts": types, "monotonic": False, "previousValue": summary.get(name)} for name in names}
    last = summary.get("_step")
    return {"sets": [], "keys": keys, "lastStep": last if isinstance(last, int) else history.last().get("_step", -1)}


def _system(events: History) -> dict[str, Any]:
    return {name: value for name, value in events.last().items() if name.startswith("system.")}


def _tail(history: History) -> str:
    """The last line, as a JSON text of a list of texts: what clients go on from."""
    return json.dumps([as_text(history.last())])


def _telemetry(values: TrackedValues, keys: Any) -> dict[str, Any]:
    own = (values.config.get("_wandb") or {}).get("value") or {}
    wanted = keys if isinstance(keys, list) else [keys] if keys else []
    return {key: own[key] for key in wanted if key in own}


def _count(given: Any, default: int) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else default

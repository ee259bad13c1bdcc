"""W&B's runs as people write them with `wandb.Api()`: JSON objects with config, summary and perhaps history."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from besom.cli.foreign.literals import mapping_from_text
from besom.cli.foreign.runs import ForeignRun, duration, instant, is_measured, logged, settings
from besom.errors import MessageError

_KEYS = ("config", "summary", "summary_metrics", "summaryMetrics", "history", "state")
_KEPT = (int, float, str, bool)


def runs_of(objects: Iterable[object], place: str) -> list[ForeignRun]:
    """The runs that the objects tell of.

    Raises:
        MessageError: One of them is no run.
    """
    return [_run(each, f"{place} run {number}") for number, each in enumerate(objects, 1)]


def _run(data: object, place: str) -> ForeignRun:
    if not isinstance(data, Mapping) or not any(key in data for key in _KEYS):
        got = ", ".join(map(str, data)) if isinstance(data, Mapping) else type(data).__name__
        raise MessageError(
            f"{place}: needs an object with config and summary, got {got[:100] or 'an empty one'}; "
            'write {"id": run.id, "name": run.name, "state": run.state, "config": run.config, '
            '"summary": run.summary._json_dict} for each run.'
        )
    try:
        config = _mapping(data.get("config"), f"{place} config")
        summary = _mapping(first(data, "summary", "summary_metrics", "summaryMetrics"), f"{place} summary")
        rows = _rows(data.get("history"), f"{place} history")
    except MessageError as error:
        return ForeignRun(place, *_called(data), problem=str(error))
    return told(place, data, config, summary, rows)


def told(
    place: str,
    data: Mapping[str, Any],
    config: Mapping[str, Any],
    summary: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] = (),
) -> ForeignRun:
    """The run, with what W&B keeps among its summary put in its place: when it ran and how long."""
    name, run_id = _called(data)
    chosen, groups = settings(config)
    last = logged(summary)
    history = _without_gaps([logged(row) for row in rows], last)
    final = history[-1] if history else {}
    seconds = duration(first(data, "runtime", "Runtime", "duration"))
    for known in (last.get("_runtime"), last.get("_wandb.runtime"), final.get("_runtime")):
        seconds = duration(known) if seconds is None else seconds
    started_at = instant(first(data, "created_at", "createdAt", "Created", "started_at", "start_time"))
    ended_at = instant(last.get("_timestamp", final.get("_timestamp")))
    if started_at is None and ended_at is not None:
        started_at = ended_at - (seconds or 0.0)
    return ForeignRun(
        place=place,
        name=name,
        id=run_id,
        state=str(first(data, "state", "State") or "").strip().lower(),
        sweep=_sweep(data),
        config=chosen,
        groups=groups,
        summary={key: value for key, value in last.items() if not key.startswith("_wandb")},
        history=history,
        started_at=started_at,
        seconds=seconds,
    )


def first(data: Mapping[str, Any], *names: str) -> Any:
    """What stands under the first of the names that is there and not empty; None where none is."""
    return next((data[name] for name in names if data.get(name) not in (None, "")), None)


def _called(data: Mapping[str, Any]) -> tuple[str, str]:
    """Name and id. W&B's API calls the id `name` where it also has a display name."""
    name, shown = first(data, "name", "Name", "run_name"), first(data, "display_name", "displayName")
    run_id = first(data, "id", "ID", "run_id")
    if shown is not None:
        return str(shown), str(run_id or name or "")
    return str(name or ""), str(run_id or "")


def _sweep(data: Mapping[str, Any]) -> str:
    found = first(data, "sweep", "Sweep", "sweep_id", "sweepName", "sweep_name")
    if isinstance(found, Mapping):
        found = first(found, "id", "name")
    return str(found or "").strip()


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    """A mapping, or the text of one; nothing at all is an empty one."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        return mapping_from_text(value, where)
    if not isinstance(value, Mapping):
        raise MessageError(f"{where}: needs a mapping, got {type(value).__name__}; export it anew.")
    return value


def _rows(value: Any, where: str) -> list[Mapping[str, Any]]:
    """Rows from a list of them, or from columns as pandas writes them."""
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        columns = {str(name): _column(column) for name, column in value.items()}
        count = max((len(column) for column in columns.values()), default=0)
        value = [{name: column[at] for name, column in columns.items() if at < len(column)} for at in range(count)]
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        move = 'write `list(run.scan_history())` or `run.history().to_dict("records")`'
        raise MessageError(f"{where}: needs a list of rows, got {type(value).__name__}; {move}.")
    return value


def _column(column: Any) -> list[Any]:
    return list(column.values()) if isinstance(column, Mapping) else list(column) if isinstance(column, list) else []


def _without_gaps(rows: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Rows in order of their step, with numbers, texts and truth values only.

    pandas writes NaN where a row does not have a metric. A NaN is taken for one that was logged only where the metric
    never is a number, or ended as NaN by the summary.
    """
    counted = [row.get("_step") for row in rows]
    if rows and all(is_measured(step) for step in counted):
        rows = sorted(rows, key=lambda row: row["_step"])
    gaps = {name for row in rows for name, value in row.items() if value != value}  # noqa: PLR0124 - NaN
    if gaps:
        numbers = {name for row in rows for name in gaps & row.keys() if row[name] == row[name]}
        ended_as_nan = {name for name, value in summary.items() if is_measured(value) and not math.isfinite(value)}
        gaps = (gaps & numbers) - ended_as_nan
    return tuple(
        {
            name: value
            for name, value in row.items()
            if isinstance(value, _KEPT) and not (name in gaps and value != value)  # noqa: PLR0124
        }
        for row in rows
    )

"""W&B's runs as a table: downloaded from its page, or written by people's `DataFrame.to_csv`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from besom.cli.foreign.literals import mapping_from_text
from besom.cli.foreign.runs import ForeignRun
from besom.cli.foreign.wandb_objects import first, told
from besom.errors import MessageError

_PAGE = re.compile(
    "Name|State|Notes|User|Tags|Created|Runtime|Sweep|ID|Agent|Host|Hostname|Group|Job ?Type|Updated|Heartbeat|Commit|"
    "OS|Python( Version)?|Project|Server|URL|Path|(Start|End) Time|[CG]PU (Type|Count)|Logged Steps"
)
"""Columns of W&B's page that are about the run itself."""
_SCRIPT = re.compile(
    "name|id|state|created_at|createdAt|runtime|duration|sweep|sweep_id|sweep_name|sweepName|tags|notes|user|url|group|"
    "display_name|displayName|run_id|run_name|entity|project|job_type"
)
"""The same as people name them who write tables themselves."""
_NOTHING = frozenset({"", "-"})


def runs_of(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    place: str,
    parameters: Collection[str] | None,
    metric: str | None,
) -> list[ForeignRun]:
    """The runs of a table, one a row.

    Args:
        header: Names of the columns; one may stand twice, as a parameter and as a metric.
        rows: Its cells.
        place: The file's name.
        parameters: Names of the columns that are parameters; None where the table must tell.
        metric: The objective's name, if known.

    Raises:
        MessageError: It is no table of runs, or does not tell which columns are parameters.
    """
    if {"config", "summary"} <= set(header):
        return [_of_mappings(_cells(header, row), f"{place} row {n}") for n, row in enumerate(rows, 2) if any(row)]
    own = _PAGE if {"Name", "State"} <= set(header) else _SCRIPT
    about = {
        at for at, name in enumerate(header) if own.fullmatch(name) or not name.strip() or name.startswith("Unnamed:")
    }
    if not any(header[at].strip().lower() in ("name", "id", "run_id", "run_name") for at in about):
        raise MessageError(
            f"{place}: needs a table with a run in each row and a column Name, got the columns {_listed(header)}; "
            "download it from the runs table of W&B's page, not from a chart."
        )
    others = [at for at in range(len(header)) if at not in about]
    config = _columns_of_config(header, others, place, parameters, metric)
    return [
        told(
            f"{place} row {number}",
            _cells(header, row, about),
            # An empty cell says nothing of a parameter; that it was null, a table cannot say.
            {header[at]: value for at in config if at < len(row) and (value := _cell(row[at])) is not None},
            {header[at]: _cell(row[at]) for at in others if at not in config and at < len(row)},
        )
        for number, row in enumerate(rows, 2)
        if any(cell.strip() for cell in row)
    ]


def _of_mappings(cells: Mapping[str, str], place: str) -> ForeignRun:
    """A run whose configuration and summary stand in one cell each."""
    try:
        config, summary = (
            mapping_from_text(cells[name], f"{place} {name}") if cells.get(name) else {}
            for name in ("config", "summary")
        )
    except MessageError as error:
        called = (str(first(cells, "name", "Name") or ""), str(first(cells, "id", "ID") or ""))
        return ForeignRun(place, *called, problem=str(error))
    return told(place, cells, config, summary)


def _cells(header: Sequence[str], row: Sequence[str], at: Collection[int] | None = None) -> dict[str, str]:
    return {
        name: cell.strip()
        for number, (name, cell) in enumerate(zip(header, row, strict=False))
        if (at is None or number in at) and cell.strip() not in _NOTHING
    }


def _columns_of_config(
    header: Sequence[str],
    others: Sequence[int],
    place: str,
    parameters: Collection[str] | None,
    metric: str | None,
) -> set[int]:
    """Places of the columns that are parameters.

    W&B's page puts parameters before metrics and each in order of the alphabet, so that the order falls back just once;
    a script's table has W&B's own metrics (`_runtime`, `_step` …) where the summary begins.
    """
    if parameters is not None:
        named = {name: at for at, name in reversed([(at, header[at]) for at in others])}
        missing = [name for name in parameters if name not in named]
        if len(missing) == len(list(parameters)):
            law = f"{place}: needs columns for the parameters {_listed(sorted(parameters))}, got {_listed(header)}"
            raise MessageError(f"{law}; is it the export of this sweep?")
        return {named[name] for name in parameters if name in named}
    falls = _falls([header[at] for at in others])
    begins = falls[0] if len(falls) == 1 else next((n for n, at in enumerate(others) if header[at].startswith("_")), 0)
    config = {header[at] for at in others[:begins]}
    if not config or (metric in config and metric not in {header[at] for at in others[begins:]}):
        raise MessageError(
            f"{place}: needs to tell parameters from metrics, and the order of its columns does not "
            f"({_listed([header[at] for at in others])}); name them by --parameter, once for each, or give --sweep."
        )
    return set(others[:begins])


def _falls(names: Sequence[str]) -> list[int]:
    """Where the order of the alphabet falls back, as the page sorts: by bytes, or without regard to case."""
    keys: tuple[Callable[[str], str], ...] = (str, str.lower)
    found = [[at for at, (before, name) in enumerate(pairwise(map(key, names)), 1) if name < before] for key in keys]
    return min(found, key=len)


def _cell(text: str) -> Any:
    """A cell's value: a number, a truth value, JSON where it is a list or mapping, text; None where it is empty."""
    text = text.strip()
    if not text:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            continue
    if text[0] in "[{":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _listed(names: Sequence[str], at_most: int = 20) -> str:
    shown = [name for name in names if name][:at_most]
    return ", ".join(shown) + (f" … ({len(names)} in all)" if len(names) > at_most else "")

"""Commands that write a sweep to a file: export, report."""

from __future__ import annotations

import csv
import io
import json as jsonlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.connection import Home, Json, Server, SweepName, Token, chosen, connected

if TYPE_CHECKING:
    from besom.records import Trial
    from besom.service import Service


class Table(StrEnum):
    """How `besom export` writes."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class Form(StrEnum):
    """How `besom report` writes."""

    HTML = "html"
    MARKDOWN = "md"


def export(
    *,
    sweep: SweepName = None,
    form: Annotated[Table, typer.Option("--format", "-f", help="How to write it.")] = Table.CSV,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; standard output without it.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every logged row of every run instead of the trials.")
    ] = False,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Write the trials of a sweep, or all that they logged, as a table."""
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        rows = list(_logged(service, found.id)) if history else [_flat_trial(each) for each in service.trials(found.id)]
    text = as_text(rows, Table.JSON if json else form)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)
        typer.echo(f"{output}: {len(rows)} rows", err=True)


def report(
    *,
    sweep: SweepName = None,
    form: Annotated[
        Form, typer.Option("--format", "-f", help="One HTML file, or Markdown with PNG files, which needs Chromium.")
    ] = Form.HTML,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; report.html or report.md without it.")
    ] = None,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Write a sweep's pictures, facts and table as one HTML file, or as Markdown."""
    from besom.cli.shapes import print_json
    from besom.plots import write_markdown, write_report

    output = output or Path(f"report.{form}")
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        try:
            (write_markdown if form is Form.MARKDOWN else write_report)(service, found.id, output)
        except OSError as error:
            raise _unwritable(output, error) from error
    if json:
        print_json({"sweep": found.id, "report": str(output.absolute())})
    else:
        typer.echo(str(output.absolute()))


def as_text(rows: list[dict[str, Any]], form: Table) -> str:
    """Rows as CSV with one column for each key, as one JSON list, or as one JSON object a line."""
    from besom.cli.shapes import json_line, shape

    if form is Table.JSON:
        return jsonlib.dumps(shape(rows), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if form is Table.JSONL:
        return "".join(f"{json_line(row)}\n" for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A CSV cell: empty for what is unknown, JSON for lists, dicts and booleans."""
    if value is None:
        return ""
    return jsonlib.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | tuple | dict) else value


def _flat_trial(trial: Trial) -> dict[str, Any]:
    """A trial as one row: its fields, `config.…`, `resources.…`, and the failure's cause."""
    from besom.cli.wording import flat

    return {
        "sweep": trial.sweep_id,
        "trial": trial.number,
        "state": str(trial.state),
        "value": trial.value,
        "spread": trial.spread,
        "fidelity": trial.fidelity,
        "seconds": trial.seconds,
        "gpu_seconds": trial.gpu_seconds,
        "created_at": trial.created_at,
        "ended_at": trial.ended_at,
        "phase": trial.reason.phase,
        "failure": str(trial.failure.cause) if trial.failure else None,
        **{f"config.{name}": value for name, value in flat(trial.config).items()},
        **{f"resources.{name}": value for name, value in trial.resources.items()},
    }


def _logged(service: Service, sweep_id: str) -> Iterator[dict[str, Any]]:
    """Every row of every run, with the run it belongs to."""
    for run in service.runs(sweep_id):
        for row in service.rows(run.id):
            yield {"run": run.id, "trial": run.trial, "repeat": run.repeat, "attempt": run.attempt, **row}


def _write(path: Path, text: str) -> None:
    """Put `text` in place of the file in one step: a full disk leaves the old one. Raises StoreError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Exception:
    from besom.errors import StoreError

    return StoreError(
        f"--output {path}: needs a file that can be written, got {error.strerror or error}; choose another."
    )

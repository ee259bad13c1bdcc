"""Commands that write a sweep to a file: export, report."""

from __future__ import annotations

import csv
import io
import json as jsonlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from besom.cli.connection import Home, Json, Server, SweepName, Token, chosen, connected
from besom.errors import ConfigError

if TYPE_CHECKING:
    from besom.records import Run, Trial
    from besom.service import Service

F = TypeVar("F", bound=StrEnum)
_OF_THE_RUN = re.compile(r"(logged\.)*(run|trial|repeat|attempt)")
"""Columns of a logged row that are about its run, and what logged keys of these names become."""


class Table(StrEnum):
    """How `besom export` writes."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class Form(StrEnum):
    """How `besom report` writes."""

    HTML = "html"
    MARKDOWN = "md"


_TABLES = {".csv": Table.CSV, ".json": Table.JSON, ".jsonl": Table.JSONL, ".ndjson": Table.JSONL}
_FORMS = {".html": Form.HTML, ".htm": Form.HTML, ".md": Form.MARKDOWN, ".markdown": Form.MARKDOWN}
"""What the ending of a file's name says of its format."""
_OF_TABLES = (".xlsx", ".xls", ".ods", ".tsv", ".parquet", ".feather", ".arrow", ".pkl", ".h5", ".db", ".sqlite")
_OF_TEXTS = (".pdf", ".docx", ".odt", ".rtf", ".tex", ".pptx", ".png", ".jpg", ".jpeg", ".svg", ".yaml", ".yml")
_FOREIGN = frozenset((*_OF_TABLES, *_OF_TEXTS, ".zip", ".gz"))
"""Endings that promise a format in which nothing is written here."""


def export(
    *,
    sweep: SweepName = None,
    form: Annotated[
        Table | None,
        typer.Option("--format", "-f", help="How to write it; as --output's name ends, csv where that does not tell."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; standard output without it.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every logged row of every run instead of the trials.")
    ] = False,
    json: Json = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Write the trials of a sweep, or all that they logged, as a table.

    Of each trial: its configuration, and what it ended with (the last of each metric, the script's summary).

    With --history: what was logged under the name of one of besom's own columns (run, trial, repeat, attempt) stands in
    a column logged.run, logged.trial and so on.
    """
    if json and form not in (None, Table.JSON):
        raise ConfigError(f"--json: needs the format json, got --format {form}; leave out one of them.")
    option = "--json" if json else "--format"
    table = _settled(Table.JSON if json else form, output, _TABLES, option) or Table.CSV
    with connected(server, token, home) as service:
        found = chosen(service, sweep)
        rows = list(_logged(service, found.id) if history else _trials(service, found.id))
    text = as_text(rows, table)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)
        typer.echo(f"{output}: {len(rows)} rows", err=True)


def report(
    *,
    sweep: SweepName = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            "-f",
            help="One HTML file, or Markdown with PNG files, which needs Chromium; as --output's name ends, html where "
            "that does not tell.",
        ),
    ] = None,
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

    form = _settled(form, output, _FORMS) or Form.HTML
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


def _settled(form: F | None, output: Path | None, endings: Mapping[str, F], option: str = "--format") -> F | None:
    """The format: the one asked for by `option`, or that of the file's ending; None where neither tells.

    Raises:
        ConfigError: They differ, or the ending is that of a format which is not written here.
    """
    ending = output.suffix.lower() if output is not None else ""
    of_file = endings.get(ending)
    if of_file is None and ending in _FOREIGN | _TABLES.keys() | _FORMS.keys():
        raise ConfigError(f"--output {output}: needs a name that ends in {_listed(endings)}, got {ending}; choose one.")
    if form is not None and of_file not in (None, form):
        asked = f"{option} {form}" if option == "--format" else option
        raise ConfigError(
            f"--output {output}: needs the format that its name ends in, got {asked}; change one of them."
        )
    return form or of_file


def _listed(endings: Mapping[str, object]) -> str:
    """`.csv, .json or .jsonl`."""
    *others, last = endings
    return f"{', '.join(others)} or {last}"


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
    from besom.cli.shapes import json_line

    return json_line(value) if isinstance(value, bool | list | tuple | dict) else value


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


def _trials(service: Service, sweep_id: str) -> Iterator[dict[str, Any]]:
    """Each trial as a row, with what it ended with as `summary.…`."""
    from besom.analysis.summaries import summary_of

    summaries = service.summaries(sweep_id)
    runs: dict[int, list[Run]] = defaultdict(list)
    for run in service.runs(sweep_id):
        runs[run.trial].append(run)
    for trial in service.trials(sweep_id):
        ended_with = summary_of(runs[trial.number], summaries)
        yield {**_flat_trial(trial), **{f"summary.{name}": value for name, value in ended_with.items()}}


def _logged(service: Service, sweep_id: str) -> Iterator[dict[str, Any]]:
    """Every row of every run, with the run it belongs to."""
    for run in service.runs(sweep_id):
        for row in service.rows(run.id):
            yield logged_row(run, row)


def logged_row(run: Run, row: Mapping[str, Any]) -> dict[str, Any]:
    """A logged row behind what tells its run; a key of the same name (`trial`) is kept as `logged.trial`."""
    own = {"run": run.id, "trial": run.trial, "repeat": run.repeat, "attempt": run.attempt}
    return own | {f"logged.{name}" if _OF_THE_RUN.fullmatch(name) else name: value for name, value in row.items()}


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

"""Commands about the file and the program itself: check, version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from besom.cli.connection import Home, Json, connected
from besom.errors import BesomError

if TYPE_CHECKING:
    from besom.service import Service

_PAST_SWEEPS = 5
_PAST_RUNS = 3


def check(
    *,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A sweep file.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of sweep files, for editors.")
    ] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say what is wrong or unwise in a sweep file.

    Every problem at once, with its line; exit code 2 where the file cannot be run.
    """
    from besom import sweepfile
    from besom.cli.shapes import print_json
    from besom.errors import SweepFileError

    if schema:
        print_json(sweepfile.json_schema())
        return
    if file is None:
        raise SweepFileError(["check: needs a sweep file, got none; name one, or give --schema."])
    report = sweepfile.check(file)
    if not report.errors and (known := _logged_at_home(file, home)):
        report = sweepfile.check(file, known)
    if json:
        print_json({"file": str(file), "errors": report.errors, "warnings": report.warnings})
    else:
        for problem in report.errors:
            say("error", problem, "red")
        for warning in report.warnings:
            say("warning", warning, "yellow")
        if not report.errors:
            typer.echo(f"{file}: can be run" + ("" if report.warnings else ", and nothing in it looks unwise"))
    if report.errors:
        raise typer.Exit(2)


def version(*, json: Json = False) -> None:
    """Print the version of besom."""
    from besom import __version__
    from besom.cli.shapes import print_json

    if json:
        print_json({"version": __version__})
    else:
        typer.echo(__version__)


def warn(service: Service, file: Path, program: str | None) -> None:
    """Print to standard error what is unwise in a valid file, going by what the program logged in past sweeps too."""
    from besom import sweepfile

    for warning in sweepfile.check(file, _logged(service, file, program)).warnings:
        say("warning", warning, "yellow", err=True)


def _logged_at_home(file: Path, home: Path | None) -> set[str]:
    """As `_logged`, from a home that exists; a home that cannot be opened is no matter of the file's."""
    from besom import sweepfile
    from besom.server.home import home_of

    if not home_of(home).has_database:
        return set()
    try:
        with connected(None, None, home) as service:
            return _logged(service, file, sweepfile.load(file).file.program)
    except BesomError:
        return set()


def _logged(service: Service, file: Path, program: str | None) -> set[str]:
    """Metrics that the latest runs of the program logged, in its latest sweeps from the same folder."""
    folder = str(file.absolute().parent)
    same = [each for each in service.sweeps() if program and each.file.get("program") == program]
    same = sorted((each for each in same if each.folder == folder), key=lambda each: -each.created_at)
    runs = [run for each in same[:_PAST_SWEEPS] for run in service.runs(each.id)[-_PAST_RUNS:]]
    return {name for run in runs if run.rows for name in service.metrics(run.id)}


def say(kind: str, text: str, color: str, *, err: bool = False) -> None:
    """One line: the kind in colour (where there are colours), and the text."""
    import os

    typer.echo(typer.style(kind, fg=None if "NO_COLOR" in os.environ else color) + f": {text}", err=err)

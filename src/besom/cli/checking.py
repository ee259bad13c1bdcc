"""Commands about the file and the program itself: check, version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from besom.cli.connection import Json


def check(
    *,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A sweep file.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of sweep files, for editors.")
    ] = False,
    json: Json = False,
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
    if json:
        print_json({"file": str(file), "errors": report.errors, "warnings": report.warnings})
    else:
        for problem in report.errors:
            _say("error", problem, "red")
        for warning in report.warnings:
            _say("warning", warning, "yellow")
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


def warn(warnings: tuple[str, ...]) -> None:
    """Print warnings to standard error."""
    for warning in warnings:
        _say("warning", warning, "yellow", err=True)


def _say(kind: str, text: str, color: str, *, err: bool = False) -> None:
    """One line: the kind in colour (where there are colours), and the text."""
    import os

    typer.echo(typer.style(kind, fg=None if "NO_COLOR" in os.environ else color) + f": {text}", err=err)

"""The command `besom`: all groups together, and what an error, Ctrl-C or a closed pipe ends in.

`besom --help` must start at once, so command modules import nothing heavy before a command runs: numpy, pydantic,
SQLAlchemy, httpx and rich come in inside the commands that need them. Plain help (no rich) halves the start.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from besom.cli import checking, exporting, hosting, importing, mattering, ray, reading, running, slurm, steering
from besom.cli.readers import ending_unread
from besom.errors import BesomError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130

_GROUPS = {
    "Run": (running.run, hosting.server, hosting.sweep, hosting.agent),
    "Look": (
        reading.status,
        reading.watch,
        reading.best,
        reading.trials,
        reading.show,
        mattering.importance,
        exporting.export,
        exporting.report,
    ),
    "Steer": (steering.stop, steering.pause, steering.resume, steering.cancel, steering.add, steering.budget),
    "File": (checking.check, importing.import_, checking.version),
}


class Commands(TyperGroup):
    """All commands: help lists them under their groups' titles, and wrong values are told in plain words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named; typer's messages about wrong values begin with pydantic's own words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each group (typer's own writes one list of all)."""
        named = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        widest = max(len(name) for name, _ in named)
        for title, members in groupby(named, key=lambda pair: str(getattr(pair[1], "rich_help_panel", ""))):
            with formatter.section(title):
                room = formatter.width - widest - 6
                rows = [(f"{name:<{widest}}", command.get_short_help_str(room)) for name, command in members]
                formatter.write_dl(rows)


app = typer.Typer(
    name="besom",
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _title, _commands in _GROUPS.items():
    for _command in _commands:
        app.command(_command.__name__.rstrip("_"), rich_help_panel=_title)(_command)
app.add_typer(slurm.app, rich_help_panel="Cluster")
app.add_typer(ray.app, rich_help_panel="Cluster")


@app.callback()
def besom(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand behind the command too.")
    ] = False,
) -> None:
    """Hyperparameter sweeps on your own machines.

    `besom run sweep.yaml` runs a W&B sweep file here, and ends with the best configuration and a report.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of `besom` with `arguments`, the process's own by default.

    0: done; 1: a sweep ended without any value; 2: an error, which was told; 130: Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _interrupted_once(), ending_unread():
            app(args=[word for word in given if word != "--debug"], prog_name="besom")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BesomError as error:
        if "--debug" in given or os.environ.get("BESOM_DEBUG"):
            raise
        tell_error(str(error))
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """Within, the first Ctrl-C raises KeyboardInterrupt; others are ignored, lest they break off how it closes down."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # the shell may ignore it
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def tell_error(message: str) -> None:
    """Print `message` to standard error, red where that is a terminal with colours."""
    is_red = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    typer.secho(f"error: {message}", err=True, fg="red" if is_red else None)

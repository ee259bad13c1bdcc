"""`besom run`: a sweep from its file to its report, in one command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from besom.cli.connection import Home, Server, Token, chosen, joined, need_program, shared_home, watched_at
from besom.cli.readers import outlasting_readers
from besom.errors import BesomError, WrongState

if TYPE_CHECKING:
    from besom.launch.local import LocalAgents
    from besom.records import Sweep
    from besom.service import Progress, Service

EXIT_NO_VALUE = 1
EXIT_INTERRUPTED = 130


@outlasting_readers()
def run(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE|SWEEP", help="A sweep file, or the id of a sweep to go on with.")
    ],
    agents: Annotated[
        int | None, typer.Option("--agents", "-a", min=1, help="Agents here; as many as the machine has room for.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="So many runs for each agent at most.")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Start another sweep where one of the same file is unfinished.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no HTML report.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
    server: Server = None,
    token: Token = None,
    home: Home = None,
) -> None:
    """Run a sweep file here, from start to report.

    Creates the sweep (or goes on with the unfinished one of the same file), runs agents, shows how it goes, and ends
    with the best configuration. Exit code 1 if no trial has a value. Ctrl-C stops politely, a second one kills.
    """
    from besom.cli.checking import warn
    from besom.cli.hosting import runs_of

    content = _read(file)
    with joined(server, token, home) as (service, environment):
        if content is not None:
            warn(service, Path(file), content.get("program"))
        sweep = _begun(service, file, content, new=new)
        typer.echo(f"watch it at {watched_at(server, environment, sweep.id)}")
        folder = runs_of(sweep.id, home or shared_home(server))
        work = _work(service, sweep, folder, agents, count, environment)
        end = _watched(service, sweep, work, plain=plain)
        if end.is_interrupted:
            typer.echo(f"sweep {sweep.id} is not finished; go on with:\n{_again(file, server, home)}")
            raise typer.Exit(EXIT_INTERRUPTED)
        found = _conclude(service, sweep.id, None if no_report else folder.parent / "report.html")
        if end.has_paused:
            typer.echo(f"\nsweep {sweep.id} has paused itself; once mended, go on with:\n{_again(file, server, home)}")
    if end.has_paused or not found:
        raise typer.Exit(EXIT_NO_VALUE)


def _again(file: str, server: str | None, home: Path | None) -> str:
    """The command that goes on with the sweep of `file`."""
    places = {"--server": server, "--home": str(home) if home else None}
    return shlex.join(["besom", "run", file, *(word for name, at in places.items() if at for word in (name, at))])


def _read(file: str) -> Mapping[str, Any] | None:
    """The sweep file's content; None where `file` names no file and may be a sweep.

    Raises:
        SweepFileError: The file is wrong.
        WrongState: It has no program.
        NotStartable: Its program is not there; better told now than by every trial.
    """
    from besom import sweepfile
    from besom.agent.command import command_line

    path = Path(file)
    if not path.exists() and not path.suffix and path.name == file:
        return None
    loaded = sweepfile.load(path)
    if not loaded.file.has_program:
        raise WrongState(f"{file}: besom run needs a program, got none; add `program: train.py`.")
    command_line(loaded.file, {}, Path("config.json"), os.environ, Path.cwd(), str(path.absolute().parent))
    return loaded.raw


def _begun(service: Service, file: str, content: Mapping[str, Any] | None, *, new: bool) -> Sweep:
    """The sweep to run: the one named, the unfinished one of the same file, or a new one; says which.

    Where it is a new one beside an unfinished one of the folder, that is told too: the file may have been edited.

    Raises:
        UnknownName: `file` is neither a file nor a sweep.
        WrongState: The sweep named has ended, or has no program.
    """
    from besom.cli.beside import unfinished_beside
    from besom.cli.checking import say

    if content is None:
        sweep = chosen(service, file)
        if sweep.state.has_ended:
            raise WrongState(f"sweep {sweep.id}: has ended ({sweep.why or sweep.state}); see `besom best {sweep.id}`.")
        need_program(sweep)
        return _awake(service, sweep)
    folder = str(Path(file).absolute().parent)
    same = [
        sweep
        for sweep in service.sweeps()
        if not sweep.state.has_ended and sweep.folder == folder and dict(sweep.file) == dict(content)
    ]
    if same and not new:
        sweep = max(same, key=lambda each: each.created_at)
        typer.echo(f"goes on with sweep {sweep.id} ({sweep.state}) of the same file; --new starts another")
        return _awake(service, sweep)
    if not new and (line := unfinished_beside(service.sweeps(), folder, content)):
        say("note", line, "yellow", err=True)
    sweep = service.create_sweep(content, folder)
    typer.echo(f"sweep {sweep.id} created")
    return sweep


def _awake(service: Service, sweep: Sweep) -> Sweep:
    """The sweep, running again where it was paused."""
    from besom.records import SweepState
    from besom.wire import Command

    return service.command(sweep.id, Command("resume")) if sweep.state is SweepState.PAUSED else sweep


def _work(
    service: Service, sweep: Sweep, folder: Path, agents: int | None, count: int | None, environment: Mapping[str, str]
) -> LocalAgents:
    """The agents of this machine, not started. Raises WrongState where it has no room for one."""
    from besom.launch.local import LocalAgents, slots
    from besom.launch.places import places_of
    from besom.sweepfile import SweepFile

    wanted = SweepFile.model_validate(dict(sweep.file))
    room = slots(wanted)
    if agents is not None:
        room = tuple(room[number % len(room)] for number in range(agents))
    places = places_of(room) if wanted.besom.resources.per_gpu == "auto" else None
    return LocalAgents(service, sweep.id, folder, room, count=count, environment=environment, places=places)


@dataclass(slots=True)
class _End:
    """Why the agents end before the sweep: Ctrl-C (a second one kills their runs), or the sweep paused itself."""

    agents: LocalAgents
    is_interrupted: bool = False
    has_paused: bool = False

    def stop(self, now: bool) -> None:
        """For Ctrl-C."""
        self.is_interrupted = True
        self.agents.stop(now)

    def heed(self, progress: Progress) -> None:
        """End the agents of a sweep that has paused itself after failures: they would wait for ever."""
        from besom.engine.ending import FAILURES_BEFORE_PAUSE
        from besom.records import SweepState

        sweep = progress.sweep
        has_failed = sweep.failures_in_a_row >= FAILURES_BEFORE_PAUSE
        if has_failed and sweep.state is SweepState.PAUSED and not progress.running and not self.has_paused:
            self.has_paused = True
            self.agents.stop()


def _watched(service: Service, sweep: Sweep, work: LocalAgents, *, plain: bool) -> _End:
    """Why the agents' work, which is over now, ended before the sweep did, if it did."""
    from besom.agent import stop_on_signals
    from besom.cli.live import Look, follow, new_console

    look = Look(service, sweep.id, hint="Ctrl-C stops politely")
    end = _End(work)

    def is_over(progress: Progress | None) -> bool:
        if progress is not None:
            end.heed(progress)
        if end.is_interrupted:
            look.hint = "stopping; Ctrl-C again kills the runs" if work.is_alive else ""
        return not work.is_alive

    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(end.stop, is_last=True))
        look.skip_past()
        work.start()
        try:
            follow(look, new_console(), is_over, plain=plain)
        except BesomError:
            work.stop(now=True)
            raise
        work.join()
    return end


def _conclude(service: Service, sweep_id: str, report: Path | None) -> bool:
    """Tell what the sweep came to, and write its report; whether any trial has a value."""
    from besom.cli.ending import ending
    from besom.cli.live import new_console

    if report is not None:
        from besom.plots.report import write_report

        try:
            write_report(service, sweep_id, report)
        except OSError as error:
            typer.echo(f"warning: no report: {report} needs to be writable, got {error.strerror or error}", err=True)
            report = None
    progress = service.progress(sweep_id)
    console = new_console()
    for line in ending(progress, service.trials(sweep_id), service.runs(sweep_id), report):
        console.print(line, soft_wrap=True)
    return progress.best is not None and progress.best.value is not None

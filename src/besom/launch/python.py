"""Sweeps from Python, as W&B has them: `besom.sweep(config)`, then `besom.agent(sweep_id, function=train)`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

from besom import sweepfile
from besom.agent import Agent, stop_on_signals
from besom.agent.function import FunctionExecutor
from besom.errors import WrongState
from besom.post import folder_of
from besom.server.bridge import way_for_scripts
from besom.server.connect import connect
from besom.server.home import Home, home_of


def sweep(
    sweep: Mapping[str, Any] | str | os.PathLike[str], entity: str | None = None, project: str | None = None
) -> str:
    """The id of a new sweep.

    Args:
        sweep: A sweep file's content, or the path of one.
        entity: As in W&B; kept with the sweep.
        project: The same.

    Raises:
        SweepFileError: It is no valid sweep.
    """
    if isinstance(sweep, Mapping):
        raw, folder = dict(sweep), Path.cwd()
    else:
        loaded = sweepfile.load(Path(sweep))
        raw, folder = dict(loaded.raw), loaded.path.absolute().parent
    named = {key: value for key, value in (("entity", entity), ("project", project)) if value is not None}
    with connect() as service:
        created = service.create_sweep({**raw, **named}, str(folder))
    return created.id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
) -> None:
    """Execute runs of a sweep here, one after the other, until it has none left.

    Args:
        sweep_id: The sweep, `besom.sweep` gives it; a path as W&B's (`entity/project/id`) is taken too.
        function: What to call for each run, in this thread; the sweep file's program otherwise.
        entity: As in W&B, of no meaning here.
        project: The same.
        count: The most runs to execute.

    Raises:
        UnknownName: There is no such sweep.
        WrongState: There is neither a function nor a program.
        KeyboardInterrupt: Ctrl-C in the function; its run goes back to the sweep.
    """
    name = sweep_id.rsplit("/", 1)[-1]
    with ExitStack() as stack:
        service = stack.enter_context(connect())
        found = service.sweep(name)
        if function is None and not (found.file.get("program") or found.file.get("command")):
            raise WrongState(f"besom.agent: sweep {found.id} has no program to run; give `function`.")
        worker = Agent(
            service,
            found.id,
            _home().runs(found.id),
            count=count,
            executor=FunctionExecutor(function) if function else None,
            environment=stack.enter_context(_way_for_scripts()),
        )
        if function is not None:
            worker.run()
            return
        with stop_on_signals(worker.stop):
            worker.run()


def _home() -> Home:
    """That of the environment; that of the server where files lead to it."""
    shared = folder_of(os.environ.get("BESOM_SERVER", ""))
    return home_of(shared if "BESOM_HOME" not in os.environ else None)


def _way_for_scripts() -> AbstractContextManager[dict[str, str]]:
    address = os.environ.get("BESOM_SERVER")
    return way_for_scripts(address, os.environ.get("BESOM_TOKEN")) if address else nullcontext({})

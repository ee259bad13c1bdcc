"""`besom.init()` and the calls that go to the run it made."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from besom.sdk.config import Config, as_mapping
from besom.sdk.place import Place, find, is_main_process, nowhere
from besom.sdk.recorder import Run
from besom.sdk.summary import Metric, Summary


class _Process:
    """What this process logs to."""

    run: Run | None = None
    environ: Mapping[str, str] | None = None
    last: tuple[str, int] = ("", 0)
    """Folder of the run that ended last, and its next step: another `init()` in the same folder goes on from there."""


_process = _Process()


def begin(environ: Mapping[str, str]) -> None:
    """Set up a run for a function in this process: `init()` reads these variables from now on, not the process's."""
    end()
    _process.environ = dict(environ)


def end(exit_code: int = 0) -> None:
    """Finish the run, if any, and go back to the process's own variables: undoes `begin`."""
    finish(exit_code)
    _process.environ = None


def init(
    config: Any = None,
    project: str | None = None,
    name: str | None = None,
    mode: str | None = None,
    reinit: Any = None,
    **ignored: Any,
) -> Run:
    """The run of this process: the agent's, or a new one in `$BESOM_HOME/by-hand` for a script started by hand.

    Args:
        config: The script's own configuration (dict or argparse's Namespace); values that the sweep chose go before it.
        project: Kept on the run.
        name: Kept on the run; its id by default.
        mode: "disabled" keeps nothing, as in W&B; any other is as good as none, for nothing here needs a network.
        reinit: Whether a run that has not finished is finished first; without it, it goes on.
        **ignored: W&B's other keywords (entity, tags, group, job_type, notes, dir, id, resume, settings …) are taken
            and not used.

    Raises:
        TypeError: `config` is neither a mapping nor a Namespace.
    """
    run = current()
    if run is not None:
        if reinit in (None, False, "return_previous", "default"):
            run.config.update(as_mapping(config))
            return run
        finish()
    place, is_main = _place(mode, os.environ if _process.environ is None else _process.environ)
    folder, step = _process.last
    first_step = step if folder and folder == str(place.folder) else None
    _process.run = Run(place, config, name=name, project=project, is_main=is_main, first_step=first_step)
    return _process.run


def _place(mode: str | None, environ: Mapping[str, str]) -> tuple[Place, bool]:
    is_main = is_main_process(environ)
    if mode == "disabled" or not (is_main or environ.get("BESOM_RUN_DIR")):
        return nowhere(), False
    return find(environ), is_main


def current() -> Run | None:
    """The run under way; None before `init()` and after `finish()`."""
    run = _process.run
    return run if run is not None and not run.has_finished else None


def _needed(what: str) -> Run:
    run = current()
    if run is None:
        raise RuntimeError(f"besom.{what}: needs a run, got none; call besom.init() first.")
    return run


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = True, **ignored: Any) -> None:
    """Add a row to the run's history; see `Run.log`."""
    _needed("log").log(data, step, commit)


def config() -> Config:
    """The run's configuration."""
    return _needed("config").config


def summary() -> Summary:
    """The run's summary."""
    return _needed("summary").summary


def define_metric(
    name: str, step_metric: str | None = None, summary: str | None = None, goal: str | None = None, **ignored: Any
) -> Metric:
    """How a metric is summarised; see `Run.define_metric`."""
    return _needed("define_metric").define_metric(name, step_metric, summary, goal)


def checkpoint_dir() -> Path:
    """The folder for checkpoints, which survives a stop, a resume and a retry of this trial."""
    return _needed("checkpoint_dir").checkpoint_dir()


def resumed_from() -> float | None:
    """The fidelity that the last run of this trial got to, where to go on from a checkpoint; None at the start."""
    return _needed("resumed_from").fidelity


def alert(title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """Say something on standard error, which is kept with the run's output."""
    _needed("alert").alert(title, text)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the run, if one is under way: everything is on disk. Happens by itself when the script ends."""
    run = current()
    if run is not None:
        run.finish(exit_code)
        _process.last = run.dir, run.step


atexit.register(finish)

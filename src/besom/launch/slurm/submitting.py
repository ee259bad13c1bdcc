"""From a sweep to its jobs. Nothing is submitted twice, even where SLURM's answer got lost."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from besom.errors import WrongState
from besom.launch.slurm import controller
from besom.launch.slurm.controller import SlurmError
from besom.launch.slurm.launches import Launch
from besom.launch.slurm.script import rendered
from besom.sweepfile import SlurmOptions

_LOOPBACK = ("localhost", "127.", "::1")


def check_reach(address: str) -> None:
    """See that nodes reach what listens at `address`; of a folder only they can tell.

    Raises:
        WrongState: It is this machine's own loopback, and the cluster has others.
        ControllerUnreachable, SlurmError: See `controller`.
    """
    host = urlsplit(address).hostname or ""
    if host.startswith(_LOOPBACK) and not controller.are_all_here():
        raise WrongState(
            f"{address}: jobs need a server that their nodes reach, got one that only this machine does; start it by "
            "`besom server --host 0.0.0.0`, and name its address by --server and its token by --token; or have it run "
            "within the jobs, by --server in-job, or speak by files, by --server folder."
        )


def prepare(
    sweep_folder: Path, sweep_id: str, home: Path, server: tuple[str, str], options: SlurmOptions, now: float
) -> Launch:
    """A new launch, not yet on disk.

    Args:
        sweep_folder: The sweep's folder in the home.
        sweep_id: The sweep.
        home: The home, which nodes must share.
        server: Address and token.
        options: What to ask SLURM for.
        now: Seconds since the epoch, UTC.
    """
    token = secrets.token_hex(4)
    folder = sweep_folder / "slurm" / token
    return Launch(folder.absolute(), token, sweep_id, home, server[0], server[1], options, now)


def script_of(launch: Launch) -> str:
    """The script that `submit` hands to sbatch. Raises ConfigError for a template that is wrong."""
    return rendered(launch)


def submit(launch: Launch) -> Launch:
    """Hand a launch to SLURM; it with the job's id. Its folders are there before the job is.

    Raises:
        ConfigError: The template is wrong.
        SlurmError: SLURM refused; nothing is left of the launch.
        ControllerUnreachable: Whether it arrived is not known; `recover` finds out.
    """
    script = rendered(launch)
    launch.logs.mkdir(parents=True)
    launch.runs.mkdir(parents=True, exist_ok=True)
    launch.save()
    path = launch.folder / "job.sh"
    path.write_text(script, encoding="utf-8")
    try:
        return launch.became(controller.submit(path))
    except SlurmError:
        shutil.rmtree(launch.folder)
        raise


def recover(launches: Iterable[Launch]) -> list[Launch]:
    """Launches whose submission got no answer, and that SLURM has all the same; those that it has not are removed.

    Raises:
        ControllerUnreachable, SlurmError: See `controller`.
    """
    unanswered = [launch for launch in launches if launch.job is None]
    if not unanswered:
        return []
    jobs = {task.comment: task.array_id for task in controller.tasks()}
    found = []
    for launch in unanswered:
        if launch.comment in jobs:
            found.append(launch.became(jobs[launch.comment]))
        else:
            shutil.rmtree(launch.folder)
    return found


def more_like(launch: Launch, agents: int, now: float) -> Launch:
    """Another launch of so many agents, with all else as in an earlier one."""
    options = launch.options.model_copy(update={"agents": agents})
    token = secrets.token_hex(4)
    return replace(launch, folder=launch.folder.parent / token, token=token, options=options, created_at=now, job=None)

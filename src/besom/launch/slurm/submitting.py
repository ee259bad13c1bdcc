"""From a sweep to its jobs. Nothing is submitted twice, even where SLURM's answer got lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace

from besom.launch import reach
from besom.launch.slurm import controller
from besom.launch.slurm.controller import ControllerUnreachable, SlurmError
from besom.launch.slurm.launches import Launch
from besom.launch.slurm.script import rendered

_UNANSWERED = "unanswered"
"""A mark in a launch's folder: its submission is over, and got no answer."""


def check_reach(address: str) -> None:
    """See that nodes reach what listens at `address`; of a folder only they can tell.

    Raises:
        WrongState: It is this machine's own loopback, and the cluster has others.
        ControllerUnreachable, SlurmError: See `controller`.
    """
    otherwise = "; or have it run within the jobs, by --server in-job, or speak by files, by --server folder"
    reach.check_reach(address, "jobs", controller.are_all_here, otherwise)


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
    launch.make()
    path = launch.folder / "job.sh"
    path.write_text(script, encoding="utf-8")
    try:
        return launch.became(controller.submit(path))
    except SlurmError:
        shutil.rmtree(launch.folder)
        raise
    except ControllerUnreachable:
        (launch.folder / _UNANSWERED).touch()
        raise


def recover(launches: Iterable[Launch], now: float) -> list[Launch]:
    """Launches whose submission got no answer, and that SLURM has all the same; those that it has not are removed.

    One that may still be under way, by another command, is left to that.

    Args:
        launches: All of a sweep's.
        now: Seconds since the epoch, UTC.

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
        elif (launch.folder / _UNANSWERED).exists() or now - launch.created_at > 2 * controller.PATIENCE_S:
            shutil.rmtree(launch.folder)
    return found


def more_like(launch: Launch, agents: int, now: float) -> Launch:
    """Another launch of so many agents, with all else as in an earlier one."""
    return replace(launch.more_like(launch.options.model_copy(update={"agents": agents}), now), job=None)

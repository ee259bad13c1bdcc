"""Fewer agents, more of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from besom.launch.slurm import controller
from besom.launch.slurm.controller import ControllerUnreachable
from besom.launch.slurm.launches import Launch
from besom.launch.slurm.standing import Standing
from besom.launch.slurm.submitting import more_like, submit


@dataclass(frozen=True, slots=True)
class Scaled:
    """What came of a wish for so many agents: a new launch, or cancelled ones, and those that are still too many."""

    launch: Launch | None = None
    cancelled: tuple[str, ...] = ()
    too_many: int = 0


def cancel(launches: Sequence[Launch]) -> list[str]:
    """End all jobs of these launches; their names. None of them is started again, even if SLURM is not reached now.

    Raises:
        ControllerUnreachable, SlurmError: See `controller`.
    """
    for launch in launches:
        launch.mark_cancelled()
    comments = {launch.comment for launch in launches}
    try:
        alive = [task for task in controller.tasks() if task.comment in comments and task.is_alive]
    except ControllerUnreachable as error:
        raise ControllerUnreachable(f"{error} What runs goes on, but is not requeued; cancel again then.") from error
    names = list(dict.fromkeys(task.array_id for task in alive))
    controller.cancel(names)
    return names


def scale(launches: Sequence[Launch], agents: int, standing: Sequence[Standing], now: float) -> Scaled:
    """Have so many agents: submit more as the last launch has them, or cancel those that wait or have nothing to do.

    What works on a trial is left to it, and so is what shares its job with others.

    Raises:
        ControllerUnreachable, SlurmError: See `controller`.
    """
    alive = [each for each in standing if each.is_alive]
    if agents > len(alive):
        return Scaled(submit(more_like(launches[-1], agents - len(alive), now)))
    by_token = {launch.token: launch for launch in launches}
    spare = [each for each in alive if each.trial is None and not by_token[each.launch].options.packed]
    spare.sort(key=lambda each: (each.state == "pending", each.index), reverse=True)
    leaving = spare[: len(alive) - agents]
    for each in leaving:
        by_token[each.launch].mark_cancelled(each.index)
    names = tuple(each.job for each in leaving)
    controller.cancel(names)
    return Scaled(cancelled=names, too_many=len(alive) - agents - len(leaving))

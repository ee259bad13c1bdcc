"""Agents as SLURM jobs: submitted, watched over in the job, looked after from outside."""

from besom.launch.slurm.controller import ControllerUnreachable, SlurmError, job_ends_at
from besom.launch.slurm.launches import IN_JOB, Launch, blames_in, is_superseded
from besom.launch.slurm.options import settled
from besom.launch.slurm.scaling import Scaled, cancel, scale
from besom.launch.slurm.standing import Standing, standings
from besom.launch.slurm.submitting import check_reach, recover, script_of, submit

__all__ = [
    "IN_JOB",
    "ControllerUnreachable",
    "Launch",
    "Scaled",
    "SlurmError",
    "Standing",
    "blames_in",
    "cancel",
    "check_reach",
    "is_superseded",
    "job_ends_at",
    "recover",
    "scale",
    "script_of",
    "settled",
    "standings",
    "submit",
]

"""SLURM's commands, and what they answer. That the controller does not answer is an answer of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from besom.connections import is_loopback
from besom.errors import BesomError

PATIENCE_S = 60.0
"""So long a command may take."""
_SOON_S = 5.0
_SILENCE = (
    "unable to contact slurm controller",
    "socket timed out",
    "connection refused",
    "zero bytes were transmitted",
    "slurm backup controller in standby mode",
    "connection timed out",
)
"""What SLURM's commands say where nobody answers."""
ALIVE = frozenset(
    {"PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD", "RESIZING", "SIGNALING", "STOPPED"}
)
"""States of jobs that go on, or will; COMPLETING ones do not."""


class SlurmError(BesomError, RuntimeError):
    """SLURM refused what it was asked for, or is not installed here."""


class ControllerUnreachable(BesomError, ConnectionError):
    """SLURM's controller does not answer: nothing is known of any job."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job, or one task of an array, as the controller tells it."""

    job_id: str
    array_id: str
    index: int | None
    """Its number in the array; None for a job that is none."""
    state: str
    reason: str
    node: str
    comment: str

    @property
    def name(self) -> str:
        """What SLURM's commands know it by. Its `job_id` is not it: the last task's is the whole array's."""
        return self.job_id if self.index is None else f"{self.array_id}_{self.index}"

    @property
    def is_alive(self) -> bool:
        return self.state in ALIVE


def submit(script: Path) -> str:
    """The id of the new job."""
    return _run("sbatch", "--parsable", str(script)).strip().split(";")[0]


def tasks() -> list[Task]:
    """Every job of this user that the controller knows; finished ones for as long as it remembers them."""
    return parsed(_run("squeue", "--noheader", "--array", "--me", "--states=all", "--format=%A|%F|%K|%T|%r|%N|%k"))


def accounted(jobs: Iterable[str], since: float) -> list[Task]:
    """Tasks that have ended, as SLURM's accounting has them: it remembers what the controller has forgotten.

    None where it keeps no accounts, or does not answer.

    Args:
        jobs: Ids of jobs and arrays.
        since: When the first was submitted, UTC: numbers may have been given out before.
    """
    if not (wanted := ",".join(jobs)):
        return []
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(since))
    words = ("--noheader", "--parsable2", "--allocations", f"--jobs={wanted}", f"--starttime={start}")
    try:
        return parsed_accounts(_run("sacct", *words, "--format=JobID,State,NodeList"))
    except (SlurmError, ControllerUnreachable):
        return []


def parsed_accounts(text: str) -> list[Task]:
    """Tasks that have ended, from sacct's lines `job_index|state|nodes`."""
    found = []
    for line in text.splitlines():
        name, state, nodes = line.split("|", 2)
        job, _, index = name.partition("_")
        word = state.split(" ", maxsplit=1)[0]  # CANCELLED by 1000
        if word not in ALIVE and (index.isdigit() or not index):
            found.append(
                Task(name, job, int(index) if index else None, word, "", nodes.replace("None assigned", ""), "")
            )
    return found


def parsed(text: str) -> list[Task]:
    """Tasks from squeue's lines `job|array|index|state|reason|node|comment`."""
    found = []
    for line in text.splitlines():
        job_id, array_id, index, state, reason, node, comment = line.split("|", 6)
        number = int(index) if index.isdigit() else None
        found.append(Task(job_id, array_id, number, state, "" if reason == "None" else reason, node, comment.strip()))
    return found


def state_of(name: str) -> str:
    """The state of one job or task; empty where the controller does not know it any more."""
    try:
        return _run("squeue", "--noheader", "--states=all", f"--jobs={name}", "--format=%T").strip()
    except SlurmError:  # "Invalid job id specified"
        return ""


def requeue(name: str) -> None:
    """End a job or task, and have it start again from the top."""
    _run("scontrol", "requeue", name)


def cancel(names: Iterable[str]) -> None:
    """End jobs or tasks; those that have ended already are none of SLURM's errors."""
    if wanted := list(names):
        _run("scancel", "--quiet", *wanted)


def job_ends_at(environ: Mapping[str, str]) -> float | None:
    """When the job that this process belongs to meets its time limit, UTC; None outside of jobs, or without a limit."""
    job = environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    told = environ.get("SLURM_JOB_END_TIME") or _asked_end(job, PATIENCE_S)
    return float(told) if told.isdigit() else None


def job_ends_at_now(environ: Mapping[str, str]) -> float | None:
    """The same as `job_ends_at`, after the limit was perhaps changed; as it was where the controller does not answer.

    It takes 5 s at most: the end may be near.
    """
    told = _asked_end(environ.get("SLURM_JOB_ID", ""), _SOON_S)
    return float(told) if told.isdigit() else job_ends_at({"SLURM_JOB_END_TIME": "unknown", **environ})


def _asked_end(job: str, patience_s: float) -> str:
    """The job's end; of an array's last task too, whose id is also the array's, so the tasks' own ids are compared."""
    try:
        told = _run("squeue", "--noheader", "--array", f"--jobs={job}", "--format=%A|%e", patience_s=patience_s)
    except (SlurmError, ControllerUnreachable):
        return ""
    return next((end for own, _, end in (line.partition("|") for line in told.splitlines()) if own == job), "")


def are_all_here() -> bool:
    """Whether every node of the cluster is this machine, so that a loopback address is one for all."""
    return all(_is_here(address) for address in set(_run("sinfo", "--noheader", "--Node", "--format=%o").split()))


def _is_here(address: str) -> bool:
    return is_loopback(address) or address in (socket.gethostname(), socket.getfqdn())


def _run(*words: str, patience_s: float = PATIENCE_S) -> str:
    """What a command prints. Instants are printed as seconds since the epoch."""
    try:
        done = subprocess.run(
            words,
            env={**os.environ, "SLURM_TIME_FORMAT": "%s"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )
    except FileNotFoundError:
        raise SlurmError(
            f"{words[0]}: needs SLURM, got no such command; go to where jobs are submitted from."
        ) from None
    except subprocess.TimeoutExpired:
        raise ControllerUnreachable(f"{words[0]}: no answer within {patience_s:g} s; try again later.") from None
    if done.returncode == 0:
        return done.stdout
    raise _failure(words, done.stderr)


def _failure(words: Sequence[str], told: str) -> BesomError:
    lines = [line.partition("error: ")[2] or line for line in told.splitlines() if line.strip()]
    why = "; ".join(dict.fromkeys(lines)) or "no reason"
    if any(sign in told.lower() for sign in _SILENCE):
        return ControllerUnreachable(f"{words[0]}: SLURM's controller must answer, got: {why}; try again later.")
    return SlurmError(f"{words[0]}: SLURM refused: {why}; correct it.")

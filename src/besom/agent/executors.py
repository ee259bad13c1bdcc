"""Ways to execute a run: by default a process for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from besom.agent.bell import Bell
from besom.agent.child import Child, Process
from besom.agent.command import command_line
from besom.agent.environment import script_environment
from besom.agent.folders import RunFolder
from besom.agent.guard import process_guard
from besom.sweepfile.model import SweepFile
from besom.wire import Assignment


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that starting a run's script takes.

    Attributes:
        file: The sweep file.
        sweep_folder: The folder that it lies in, or "".
        assignment: The run.
        folder: The run's folder, made already.
        checkpoints: The folder that outlives it.
        gpus: What CUDA_VISIBLE_DEVICES becomes; None leaves it alone.
        extra: Environment variables of the agent's owner: the server's address for instance.
        bell: To be rung when the script ends.
    """

    file: SweepFile
    sweep_folder: str
    assignment: Assignment
    folder: RunFolder
    checkpoints: Path
    gpus: tuple[str, ...] | None
    extra: Mapping[str, str]
    bell: Bell

    def environment(self) -> dict[str, str]:
        """The script's environment variables."""
        environ = {**os.environ, **self.extra}
        return script_environment(environ, self.file, self.assignment, self.folder, self.checkpoints, self.gpus)


class Executor(Protocol):
    """Starts a run's script and lets `watch` see it through."""

    def execute(self, job: Job, watch: Callable[[Child], None]) -> None:
        """Return when the script has ended and `watch` has returned. NotStartable or OSError if it cannot start."""
        ...


class ProcessExecutor:
    """Runs the sweep file's program in a process of its own."""

    def execute(self, job: Job, watch: Callable[[Child], None]) -> None:
        env = job.environment()
        command = command_line(job.file, job.assignment.config, job.folder.config, env, Path.cwd(), job.sweep_folder)
        child = Process(command, env, job.folder.output, job.assignment.run_id, process_guard(), job.bell)
        try:
            watch(child)
        except BaseException:  # nobody watches it any more
            if not child.has_exited:
                child.kill()
                child.reap()
            raise

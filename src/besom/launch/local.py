"""Agents on this machine: how many it has room for, and running them as threads of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from besom.agent import Agent, gpus
from besom.errors import WrongState
from besom.launch.places import Places
from besom.service import Service
from besom.sweepfile.model import SweepFile

Slot = tuple[str, ...] | None
"""The GPUs of one agent's runs; None where there are none to assign."""

_MOST = 8  # runs that `per_gpu: auto` may come to let share a place


def slots(file: SweepFile, visible: Sequence[str] | None = None, cores: int | None = None) -> tuple[Slot, ...]:
    """A slot for each agent that this machine has room for.

    With GPUs: one for each group of `resources.gpus` GPUs (one, if the file does not say), times `per_gpu`. Without, or
    with `gpus: 0`: as many as `resources.cpus` goes into the cores, or a single one if the file does not say. With
    `per_gpu: auto` as many as may come to share a group, or the machine, at most: first one for each, then another.

    Args:
        file: The sweep file.
        visible: GPUs that may be used; found by NVML, within CUDA_VISIBLE_DEVICES, if not given.
        cores: CPU cores that may be used; this process's, if not given.

    Raises:
        WrongState: A run needs more GPUs or cores than there are.
    """
    wants = file.besom.resources
    if visible is None:
        visible = gpus.visible() if wants.gpus != 0 else ()
    if wants.gpus and wants.gpus > len(visible):
        seen = f"{len(visible)} ({', '.join(visible)})" if visible else "none"
        raise WrongState(
            f"besom.resources.gpus: each run needs {wants.gpus}, visible here: {seen}; "
            "lower it, change CUDA_VISIBLE_DEVICES, or start agents on another machine."
        )
    cores = cores or len(os.sched_getaffinity(0))
    if visible and wants.gpus != 0:
        each = wants.gpus or 1
        groups = [tuple(visible[start : start + each]) for start in range(0, len(visible) - each + 1, each)]
        if wants.per_gpu == "auto":
            return (*groups,) * _most(cores // len(groups), wants.cpus)
        return tuple(group for group in groups for _ in range(wants.per_gpu))
    if wants.cpus is not None and wants.cpus > cores:
        raise WrongState(
            f"besom.resources.cpus: each run needs {wants.cpus}, this machine has {cores}; lower it, "
            "or start agents on another machine."
        )
    slot: Slot = () if wants.gpus == 0 else None
    if wants.per_gpu == "auto":
        return (slot,) * _most(cores, wants.cpus or 1)
    return (slot,) * (cores // wants.cpus if wants.cpus else 1)


def _most(cores: int, cpus: int | None) -> int:
    """The most runs that may share a place with so many cores; `cpus` are what each needs, if that is said."""
    return max(1, min(_MOST, cores // cpus)) if cpus else _MOST


class LocalAgents:
    """Agents of one sweep, one a slot, each in a thread of this process."""

    def __init__(
        self,
        service: Service,
        sweep_id: str,
        folder: Path,
        slots: Sequence[Slot],
        count: int | None = None,
        environment: Mapping[str, str] | None = None,
        places: Places | None = None,
    ) -> None:
        """Prepare; nothing happens before `start`.

        Args:
            service: The server, in process or over HTTP.
            sweep_id: The sweep.
            folder: Where runs get their folders.
            slots: See `slots`.
            count: The most runs for each agent.
            environment: Further environment variables for scripts.
            places: Where agents of the same slot may not all work at once: what lets them.
        """
        self.agents = [
            Agent(
                places.seen_from(slot, service) if places else service,
                sweep_id,
                folder,
                count=count,
                gpus=slot,
                environment=environment,
                sharing=partial(places.shared_by, slot) if places else None,
            )
            for slot in slots
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(agent.run,), name=f"besom-{agent.name}", daemon=True)
            for agent in self.agents
        ]
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._done = 0

    def start(self) -> None:
        """Let them work."""
        for thread in self._threads:
            thread.start()

    def stop(self, now: bool = False) -> None:
        """Ask all to end: their runs are given back. With `now` these are killed. From any thread or signal handler."""
        for agent in self.agents:
            agent.stop(now)

    @property
    def is_alive(self) -> bool:
        """Whether any of them still works."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self, timeout: float | None = None) -> int:
        """Wait until they have ended, each for `timeout` seconds at most; runs done so far.

        Raises:
            Exception: What the first of them that failed raised, once all have ended.
        """
        for thread in self._threads:
            thread.join(timeout)
        if self._errors and not self.is_alive:
            raise self._errors[0]
        return self._done

    def _run(self, run: Callable[[], int]) -> None:
        try:
            done = run()
        except BaseException as error:  # noqa: BLE001 - raised again by `join`
            with self._lock:
                self._errors.append(error)
        else:
            with self._lock:
                self._done += done

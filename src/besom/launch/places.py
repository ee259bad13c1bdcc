"""Agents of this process that share GPUs, or the machine: each sees a service that gives it a run where that fits."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import psutil

from besom.agent.gpus import Gauge
from besom.agent.loop import NO_ROOM
from besom.agent.memory import host_limit_gb
from besom.launch.sharing import Sharing
from besom.records import OUT_OF_MEMORY
from besom.service import Service
from besom.wire import Answer, Ask, Assignment, Finish, Hello, Receipt, Report, Wait

Place = tuple[str, ...] | None
"""The GPUs of a run; None, or no GPUs, for the machine itself."""

_log = logging.getLogger("besom.agent")


class Places:
    """The places of one sweep here, and who is at each. For any number of threads."""

    def __init__(
        self, sharing: Sharing, peak: str, again_s: float = 3.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """All free.

        Args:
            sharing: How many may share one.
            peak: The resource that tells what a run takes of a place's room, as in `wire.Report`.
            again_s: How long an agent waits that finds no room.
            clock: Monotonic seconds.
        """
        self.again_s = again_s
        self._sharing, self._peak, self._clock = sharing, peak, clock
        self._asking: Counter[Place] = Counter()
        self._lock = threading.Lock()

    def shared_by(self, place: Place) -> int:
        """How many runs are at a place."""
        with self._lock:
            return self._sharing.shared_by(place)

    def seen_from(self, place: Place, service: Service) -> Service:
        """The service for one agent that works at a place."""
        return cast(Service, _Seat(self, place, service))

    def let_ask(self, place: Place) -> bool:
        """Whether somebody may ask for a run at a place; until `answered` it counts as taken."""
        with self._lock:
            may = self._sharing.may_start(place, self._asking[place])
            self._asking[place] += may
            return may

    def answered(self, place: Place, run_id: str | None) -> None:
        """Who was let ask has got a run, or none."""
        with self._lock:
            self._asking[place] -= 1
            if run_id is not None:
                self._sharing.started(run_id, place, self._clock())

    def progressed(self, run_id: str, rows: int, resources: Mapping[str, float]) -> None:
        """A run has logged so many rows up to now, and taken so much."""
        with self._lock:
            before = self._sharing.why
            self._sharing.progressed(run_id, rows, resources.get(self._peak, 0.0), self._clock())
            self._tell_change(before)

    def left(self, run_id: str, finish: Finish | None = None) -> None:
        """A run is over, as told by `finish`, or without a word."""
        is_out = finish is not None and finish.failure is not None and finish.failure.cause in OUT_OF_MEMORY
        with self._lock:
            before = self._sharing.why
            how = finish.ended if finish is not None else "lost"
            self._sharing.ended(run_id, how, self._clock(), is_out_of_memory=is_out)
            self._tell_change(before)

    def _tell_change(self, before: str) -> None:
        if self._sharing.why != before:
            _log.info("runs at once in one place: up to %d: %s", self._sharing.number, self._sharing.why)


def places_of(slots: Sequence[Place]) -> Places:
    """The places that agents of these slots share, with the memory that is free there now."""
    distinct = dict.fromkeys(slots)
    sharing = Sharing({place: _room_gb(place) for place in distinct}, most=len(slots) // len(distinct))
    return Places(sharing, "gpu_memory_gb_peak" if any(distinct) else "memory_gb_peak")


def _room_gb(place: Place) -> float | None:
    if not place:
        return min(host_limit_gb(), psutil.virtual_memory().available / 1e9)
    free = [Gauge(gpu).free_gb() for gpu in place]
    return sum(gb for gb in free if gb is not None) if None not in free else None


class _Seat:
    """The service as one agent sees it, which has one run at a time."""

    def __init__(self, places: Places, place: Place, service: Service) -> None:
        self._places, self._place, self._service = places, place, service
        self._is_asking = False
        self._run_id: str | None = None
        self._request_id = ""
        """What that run was asked for by."""
        self._hello: Hello | None = None
        """What it said of itself, and nobody was told yet."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def hello(self, hello: Hello) -> None:
        """Keep it until there is room: most agents are only there in case there is."""
        self._hello = hello

    def ask(self, sweep_id: str, ask: Ask) -> Answer:
        if self._run_id is not None and ask.request_id == self._request_id:
            return self._service.ask(sweep_id, ask)
        self._leave()  # a run that ended without a word
        if not self._is_asking and not self._places.let_ask(self._place):
            return Wait(self._places.again_s, NO_ROOM)
        # One that gets no answer asks for the same again, and may have been given a run.
        self._is_asking, self._request_id = True, ask.request_id
        if self._hello is not None:
            self._service.hello(self._hello)
            self._hello = None
        answer = self._service.ask(sweep_id, ask)
        self._run_id = answer.run_id if isinstance(answer, Assignment) else None
        self._end_asking()
        return answer

    def report(self, report: Report) -> Receipt:
        self._places.progressed(report.run_id, report.first_row + len(report.rows), report.resources)
        return self._service.report(report)

    def finish(self, finish: Finish) -> None:
        if (last := finish.report) is not None:
            self._places.progressed(last.run_id, last.first_row + len(last.rows), last.resources)
        if finish.run_id == self._run_id:
            self._leave(finish)
        self._service.finish(finish)

    def bye(self, agent_id: str) -> None:
        self._leave()
        if self._is_asking:
            self._end_asking()
        if self._hello is None:
            self._service.bye(agent_id)

    def _end_asking(self) -> None:
        self._is_asking = False
        self._places.answered(self._place, self._run_id)

    def _leave(self, finish: Finish | None = None) -> None:
        if self._run_id is not None:
            self._places.left(self._run_id, finish)
            self._run_id = None

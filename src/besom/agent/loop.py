"""The agent: asks for a run, executes it, tells how it went, and asks again."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from besom.agent import gpus as gpu_list
from besom.agent.bell import Bell
from besom.agent.child import Child
from besom.agent.command import NotStartable
from besom.agent.executors import Executor, Job, ProcessExecutor
from besom.agent.folders import RunFolder, checkpoints_of, is_for_want_of_room, is_full
from besom.agent.inheriting import take_over
from besom.agent.monitor import Monitor
from besom.agent.output import Output
from besom.agent.printed import PrintedMetrics
from besom.agent.salvage import give_back_unstarted, salvage
from besom.agent.shipping import AWAY, GONE, Shipper
from besom.agent.spool import Spool
from besom.agent.watch import Ended, Limits, Watch, Wish
from besom.errors import WrongState
from besom.records import Cause, Failure
from besom.service import Service
from besom.sweepfile.model import SweepFile
from besom.wire import Answer, Ask, Assignment, Done, Finish, Hello, Wait

_LONGEST_RETRY_S = 5.0
_ROOM_LASTS_S = 1.0
"""For so long a disk that had room is believed to have it: many short trials need not look each time."""
NO_ROOM = "no room for another run here"
"""Why an agent waits that shares its place; most of those there do so most of the time, and nobody is told."""

_log = logging.getLogger("besom.agent")


class Agent:
    """Executes runs of one sweep, one after the other. Several may live in one process, each in a thread of its own."""

    def __init__(
        self,
        service: Service,
        sweep_id: str,
        folder: Path,
        count: int | None = None,
        gpus: tuple[str, ...] | None = None,
        name: str | None = None,
        executor: Executor | None = None,
        environment: Mapping[str, str] | None = None,
        ends_at: float | None = None,
        idle_s: float | None = None,
        sharing: Callable[[], int] | None = None,
        blames: Callable[[], Mapping[str, Failure]] = dict,
        has_successor: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            service: The server, in process or over HTTP.
            sweep_id: The sweep.
            folder: Where runs get their folders, `folder/<run id>`; checkpoints lie beside it.
            count: The most runs to execute; None for as many as the sweep wants.
            gpus: The GPUs of its runs. None: what the sweep file asks for, of those visible; CUDA_VISIBLE_DEVICES stays
                as it is if the file does not say.
            name: For people; the machine's name and a number otherwise.
            executor: How runs are executed; each in a process of its own otherwise.
            environment: Further environment variables for scripts, BESOM_SERVER for instance; looked at for each.
            ends_at: When it must have ended, UTC: it takes no run that is cut off then and could not go on later.
            idle_s: After so long without a run it ends; None waits for as long as the sweep does.
            sharing: Tells how many runs share its GPUs now; as many as the sweep file says otherwise.
            blames: What runs have failed of whose agents died of them, by their ids, as far as that is known.
            has_successor: Tells whether another agent has been started in its place: then it asks for nothing more.
        """
        self.id = uuid.uuid4().hex[:12]
        self.name = name or f"{socket.gethostname()}-{self.id[:4]}"
        self._service, self._sweep_id, self._count = service, sweep_id, count
        self._folder = folder.absolute()
        self._gpus = gpus
        self._executor = executor or ProcessExecutor()
        self._environment = {} if environment is None else environment
        self._end_s = None if ends_at is None else time.monotonic() + ends_at - time.time()
        self._idle_s = idle_s
        self._sharing, self._blames, self._has_successor = sharing, blames, has_successor
        self.wants_time = False
        """It ended because the time up to `ends_at` is too short for a run: one with more time would go on."""
        self._bell = Bell()
        self._wish = Wish.GO_ON
        self._ended: Ended | None = None
        self._had_room_at = -math.inf

    def stop(self, now: bool = False) -> None:
        """End soon: the run in hand is asked to end and given back, or killed with `now`. From any thread or signal."""
        self._wish = max(self._wish, Wish.STOP_NOW if now else Wish.STOP)
        self._bell.ring()

    def run(self) -> int:
        """Execute runs until the sweep has none left, `count` is reached, or `stop` is called; how many were done.

        Raises:
            ServerUnreachable: At the start no server answers. Later this agent waits for it.
            UnknownName: There is no such sweep.
            NotAllowed: The token is wrong.
            WrongState: Not even the first run fits into the time that the agent has.
        """
        sweep = self._service.sweep(self._sweep_id)
        self._sweep_id = sweep.id
        self._file = SweepFile.model_validate(dict(sweep.file))
        self._sweep_folder = sweep.folder
        self._set_gpus()
        self._hello()
        try:
            self._clean_up()
            return self._work()
        finally:
            try:
                self._service.bye(self.id)
            except AWAY as error:
                _log.info("agent %s: %s", self.name, error)

    def _clean_up(self) -> None:
        """Take up what agents that died left behind; without the server, the lease's end will settle it."""
        salvage(self._service, self._folder, self._blames())
        try:
            give_back_unstarted(self._service, self._sweep_id, self._folder, self._file.besom.lease)
        except AWAY as error:
            _log.info("agent %s: %s", self.name, error)

    def _work(self) -> int:
        done, busy_at = 0, time.monotonic()
        told = ""
        while self._wish is Wish.GO_ON and (self._count is None or done < self._count):
            self._await_room()
            answer = self._ask()
            if isinstance(answer, Assignment):
                done += self._execute(answer)
                busy_at, told = time.monotonic(), ""
            elif isinstance(answer, Wait):
                if self._idle_s is not None and time.monotonic() - busy_at >= self._idle_s:
                    _log.info("agent %s: it had no run for %.0f s and ends: %s", self.name, self._idle_s, answer.why)
                    break
                if answer.why not in (told, NO_ROOM):
                    told = answer.why
                    _log.info("agent %s: it waits: %s", self.name, told)
                self._bell.wait(answer.seconds)
            else:
                if answer is not None:
                    self._take_leave(answer, done)
                break
        return done

    def _take_leave(self, answer: Done, done: int) -> None:
        if answer.needs_time and not done:
            raise WrongState(
                f"sweep {self._sweep_id}: {answer.why}; give agents more time, or have the script keep checkpoints."
            )
        self.wants_time = answer.needs_time
        _log.info("agent %s: done: %s", self.name, answer.why)

    def _await_room(self) -> None:
        """Take no run while the disk is full: its trial would fail for nothing."""
        if time.monotonic() - self._had_room_at < _ROOM_LASTS_S:
            return
        has_told = False
        while self._wish is Wish.GO_ON and is_full(self._folder):
            if not has_told:
                _log.warning("agent %s: %s: the disk is full; it waits for room.", self.name, self._folder)
            has_told = True
            self._bell.wait(1.0)
        self._had_room_at = time.monotonic()

    def _set_gpus(self) -> None:
        wanted = self._file.besom.resources.gpus
        if self._gpus is not None:
            self._watched_gpus = self._gpus
        elif wanted is None:
            self._watched_gpus = gpu_list.visible()
        else:
            self._gpus = self._watched_gpus = gpu_list.visible()[:wanted]

    def _hello(self) -> None:
        self._service.hello(Hello(self.id, self.name, socket.gethostname(), os.getpid(), self._watched_gpus))

    def _ask(self) -> Answer | None:
        """What to do next; None if stopped while the server was away, or if another agent does it."""
        request_id, host, folder = uuid.uuid4().hex, socket.gethostname(), str(self._folder)
        retry_s = 0.0
        while self._wish is Wish.GO_ON:
            if self._has_successor():
                _log.info("agent %s: another was started in its place", self.name)
                break
            try:
                if retry_s:
                    self._hello()  # a server that was away may have another memory of us
                left_s = None if self._end_s is None else self._end_s - time.monotonic()
                ask = Ask(self.id, request_id, host, self._watched_gpus, folder, left_s)
                return self._taken_over(ask)
            except AWAY as error:
                if not retry_s:
                    _log.warning("agent %s: %s Waiting for it.", self.name, error)
                retry_s = min(_LONGEST_RETRY_S, retry_s * 2 or 0.25)
                self._bell.wait(retry_s)
        return None

    def _taken_over(self, ask: Ask) -> Answer:
        """The answer; where it is a trial that another agent lost, once what that one knew of it is delivered."""
        answer = self._service.ask(self._sweep_id, ask)
        if isinstance(answer, Assignment) and answer.attempt and take_over(self._service, answer, self._folder):
            return self._service.ask(self._sweep_id, ask)  # the same, to go on from where the others got to
        return answer

    def _execute(self, assignment: Assignment) -> bool:
        """Run it and see it through; whether it counts as done, which one that was lost or given back does not."""
        folder = RunFolder(self._folder / assignment.run_id)
        checkpoints = checkpoints_of(self._folder, assignment)
        self._ended = None
        _log.info("trial %d begins: run %s", assignment.trial, assignment.run_id)
        try:
            folder.create(assignment, checkpoints)
            job = Job(
                self._file,
                self._sweep_folder,
                assignment,
                folder,
                checkpoints,
                self._gpus,
                dict(self._environment),
                self._bell,
            )
            self._executor.execute(job, lambda child: self._see_through(job, child))
        except (NotStartable, OSError) as error:
            self._ended = self._refuse(assignment, error)
        finally:
            if self._ended is None and self._wish is not Wish.GO_ON:
                folder.release()  # undelivered: a successor takes it up
            else:
                folder.end()
        told = {None: "is left to another agent", "lost": "is given back, its trial goes on"}.get(
            self._ended, self._ended
        )
        _log.info("trial %d: run %s %s", assignment.trial, assignment.run_id, told)
        return self._ended not in (None, "lost")

    def _see_through(self, job: Job, child: Child) -> None:
        assignment, folder = job.assignment, job.folder
        folder.note_process(child.pid, child.created_at)
        output = Output(folder.output)
        sources = self._file.besom.metrics
        names = [self._file.metric.name] if self._file.metric else []
        names += [self._file.besom.fidelity.metric] if self._file.besom.fidelity else []
        sharing = self._sharing or self._file.besom.resources.least_per_gpu
        monitor = Monitor(child.pid, self._watched_gpus, sharing, time.monotonic())
        watch = Watch(
            assignment,
            child,
            folder,
            Shipper(self._service, assignment.run_id, assignment.lease, Spool(folder.history), output, monitor.samples),
            output,
            PrintedMetrics(sources, folder.output, folder.history, names) if sources else None,
            monitor,
            Limits(self._file.besom.grace, self._file.besom.timeout),
            self._bell,
            lambda: self._wish,
        )
        self._ended = watch.run()

    def _refuse(self, assignment: Assignment, error: Exception) -> Ended | None:
        """Tell that a run could not be started. A full disk is no fault of the trial's: it goes back."""
        _log.warning("run %s: %s", assignment.run_id, error)
        ended: Ended = "lost" if is_for_want_of_room(error) else "failed"
        self._had_room_at = -math.inf
        failure = Failure(Cause.NOT_STARTED, str(error)) if ended == "failed" else None
        finish = Finish(assignment.run_id, assignment.lease, ended, failure)
        while True:
            try:
                self._service.finish(finish)
            except AWAY:
                if self._wish is not Wish.GO_ON:
                    return None
                self._bell.wait(1.0)
            except GONE:
                return None
            else:
                return ended

"""What a job's script becomes: it watches over the job's agents, and has the job requeued where they want to go on.

Signals, as SLURM gives them:

- USR1 (`--signal=B:…`): the time limit is near. The agents are asked to end, then the job is requeued. The same follows
  from the job's end where the signal is lost: it may come before anybody listens.
- Preemption with a grace time: only the steps get TERM, the script nothing. An agent that was interrupted without our
  doing, in a job that still runs, is that: were the script to end now, the job would be complete and never requeued.
- TERM: the job is ending already, and its steps were told by SLURM too.

A later attempt of the same job elsewhere, of which this node was not told because its own SLURM daemon died, ends this
one: its agents must not go on beside those, and to have the job requeued would hit that attempt.

It is Python because bash loses signals that come while it waits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import FrameType

from besom.agent.bell import Bell
from besom.launch.slurm import controller
from besom.launch.slurm.controller import ControllerUnreachable, SlurmError
from besom.launch.slurm.hosting import Host
from besom.launch.slurm.launches import Launch, is_superseded
from besom.launch.slurm.orphans import take_back
from besom.launch.slurm.steps import Outcome, Step, srun_words
from besom.server.home import Home

_LOOK_S = 0.3
_LOOK_FOR_SUCCESSOR_S = 2.0
_UNREACHED_EARLY_S, _LEAST_UNREACHED_S = 20.0, 60.0
"""When a job first says that it has no server; and the least that it waits, as a server may be between two machines."""
_SILENCE_S = 5.0
_SIGNAL_EARLY_S = 75.0
"""SLURM looks at time limits once a minute, so it signals that much earlier than it was asked to."""


class Supervisor:
    """Watches over the agents of one job, or of one task of an array."""

    def __init__(self, launch: Launch, environ: Mapping[str, str]) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            launch: What the job belongs to.
            environ: The job's environment.
        """
        self._launch, self._environ = launch, environ
        task = environ.get("SLURM_ARRAY_TASK_ID")
        self._index = None if task is None else int(task)
        # The last task's SLURM_JOB_ID is the whole array's: what is done to it is done to all of them.
        self._name = environ["SLURM_JOB_ID"] if task is None else f"{environ['SLURM_ARRAY_JOB_ID']}_{task}"
        self._restart = int(environ.get("SLURM_RESTART_COUNT") or 0)
        self._attempt = launch.attempt_name(self._index, self._restart)
        self._bell = Bell()
        self._is_near_end = self._is_ending = self._is_superseded = False
        self._no_server, self._look_for_successor_at = "", 0.0
        self._ends_at = controller.job_ends_at(environ)

    def run(self) -> int:
        """Stay until all agents have ended; the script's exit code."""
        if self._launch.is_cancelled(self._index):
            _say("it was cancelled before it began")
            return 0
        self._launch.begin(self._index, self._restart)
        indices = range(self._launch.options.agents) if self._index is None else (self._index,)
        steps = {index: self._step(index) for index in indices}
        host = self._host() if self._launch.is_in_job else None
        with self._signals():
            try:
                self._watch(steps, host)
                outcomes = [step.outcome for step in steps.values()]
            finally:
                if host is not None:
                    is_over = all(step.outcome is Outcome.DONE for step in steps.values())
                    host.stop([self._launch.agent_name(index, self._restart) for index in steps], is_over=is_over)
            return self._conclude(outcomes)

    def _watch(self, steps: Mapping[int, Step], host: Host | None) -> None:
        """Stay until all agents have ended. None begins before there is a server."""
        is_ready, has_said, began_at = False, False, time.monotonic()
        while any(step.outcome is None for step in steps.values()):
            now = time.monotonic()
            self._look_at_the_clock()
            self._look_for_successor(now)
            if host is not None and host.has_failed:
                self._no_server = "the server cannot be started here"
            must_end = self._is_near_end or self._is_superseded or bool(self._no_server)
            may_start = not (must_end or self._is_ending)
            if host is not None and may_start:
                host.look(now)
            if may_start and not is_ready and (host is None or host.is_up()):
                self._take_back(steps)
                is_ready = True
            elif may_start and not is_ready:
                has_said = self._miss_server(now - began_at, has_said=has_said)
            is_clear = not any(step.is_unexplained(now) for step in steps.values())
            for index, step in steps.items():
                if is_ready or not may_start:
                    step.look(now, partial(self._command, index), may_start=may_start, is_clear=is_clear)
                if must_end:
                    step.terminate()
            self._bell.wait(_LOOK_S)

    def _miss_server(self, waited_s: float, *, has_said: bool) -> bool:
        """Say early that no server answers; give up where that lasts, for the job would hold its GPU for nothing."""
        patience_s = max(self._launch.options.idle, _LEAST_UNREACHED_S)
        found = Home(self._launch.home).published()
        where = f"at {found.url}" if found else "anywhere"
        if waited_s >= patience_s:
            self._no_server = f"no server answered {where} for {waited_s:.0f} s; see that nodes reach each other"
        elif waited_s >= _UNREACHED_EARLY_S and not has_said:
            _say(f"no server answers {where} yet; the job ends in {patience_s - waited_s:.0f} s if none does")
            return True
        return has_said

    def _host(self) -> Host:
        log = self._launch.server_log(self._index, self._restart)
        return Host(self._launch, self._index or 0, log, self._environ, _say)

    def _take_back(self, indices: Iterable[int]) -> None:
        """Have the runs of earlier attempts given back, whatever has become of those."""
        for index in indices if self._restart else ():
            for run_id in take_back(self._launch, index, self._restart):
                _say(f"agent {index}: run {run_id} of an earlier attempt is given back")

    def _look_for_successor(self, now: float) -> None:
        if now < self._look_for_successor_at or self._is_superseded:
            return
        self._look_for_successor_at = now + _LOOK_FOR_SUCCESSOR_S
        self._is_superseded = is_superseded(self._attempt)

    def _look_at_the_clock(self) -> None:
        """See whether the job's end is near, unless somebody has put it off."""
        notice_s = self._launch.options.notice
        if self._is_near_end or self._ends_at is None or time.time() < self._ends_at - notice_s:
            return
        self._ends_at = controller.job_ends_at_now(self._environ)
        self._is_near_end = self._ends_at is None or time.time() >= self._ends_at - notice_s

    def _step(self, index: int) -> Step:
        return Step(
            srun_words(self._launch, self._environ),
            {**self._environ, **self._launch.environment},
            self._launch.log(index, self._restart),
            self._launch.folder / f"{index}-{self._restart}.pid",
            _say,
            self._launch.blame,
        )

    def _command(self, index: int) -> list[str]:
        """The agent's command line. Its time ends where the job is signalled, not at the limit itself."""
        launch = self._launch
        words = launch.command(launch.agent_name(index, self._restart), launch.options.idle)
        words += ["--attempt", self._attempt]
        if self._ends_at is not None:
            left_s = self._ends_at - launch.options.notice - _SIGNAL_EARLY_S - time.time()
            words += ["--time", f"{max(left_s, 0):.0f}s"]
        return words

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def near_end(_number: int, _frame: FrameType | None) -> None:
            self._is_near_end = True
            self._bell.ring()

        def ending(_number: int, _frame: FrameType | None) -> None:
            self._is_ending = True
            self._bell.ring()

        handlers = {signal.SIGUSR1: near_end, signal.SIGTERM: ending, signal.SIGINT: ending}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _conclude(self, outcomes: Sequence[Outcome | None]) -> int:
        if is_superseded(self._attempt):
            _say("a later attempt of this job runs elsewhere")
            return 0
        if self._no_server:
            _say(self._no_server)
            return 1
        if Outcome.INTERRUPTED in outcomes:
            return self._go_on_later()
        return 1 if Outcome.GAVE_UP in outcomes else 0

    def _go_on_later(self) -> int:
        """Have the job requeued, unless it is ending already: that would raise a cancelled one from the dead."""
        until = time.monotonic() + self._launch.options.notice
        while not self._launch.is_cancelled(self._index):
            try:
                state = controller.state_of(self._name)
                if state == "RUNNING":
                    controller.requeue(self._name)
                _say(f"{self._name} was {state.lower() or 'forgotten'}" + ("; requeued" if state == "RUNNING" else ""))
            except ControllerUnreachable as error:
                _say(str(error))
            except SlurmError as error:
                _say(str(error))
                return 1
            else:
                return 0
            if time.monotonic() > until:
                return 1
            self._bell.wait(_SILENCE_S)
        _say("it is cancelled")
        return 0


def _say(what: str) -> None:
    """Tell the job's own log."""
    now = time.strftime("%H:%M:%S")
    print(f"{now}  {os.environ.get('SLURMD_NODENAME', '')}: {what}", flush=True)  # noqa: T201 - the job's log

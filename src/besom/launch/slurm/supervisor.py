"""What a job's script becomes: it watches over the job's agents, and has the job requeued where they want to go on.

Signals, as SLURM gives them:

- USR1 (`--signal=B:…`): the time limit is near. The agents are asked to end, then the job is requeued. The same follows
  from the job's end where the signal is lost: it may come before anybody listens.
- Preemption with a grace time: only the steps get TERM, the script nothing. An agent that was interrupted without our
  doing, in a job that still runs, is that: were the script to end now, the job would be complete and never requeued.
- TERM: the job is ending already, and its steps were told by SLURM too.

It is Python because bash loses signals that come while it waits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import FrameType

from besom.agent.bell import Bell
from besom.launch.slurm import controller
from besom.launch.slurm.controller import ControllerUnreachable, SlurmError
from besom.launch.slurm.launches import Launch
from besom.launch.slurm.steps import Outcome, Step, srun_words

_LOOK_S = 0.3
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
        self._bell = Bell()
        self._is_near_end = self._is_ending = False
        self._ends_at = controller.job_ends_at(environ)

    def run(self) -> int:
        """Stay until all agents have ended; the script's exit code."""
        if self._launch.is_cancelled(self._index):
            _say("it was cancelled before it began")
            return 0
        indices = range(self._launch.options.agents) if self._index is None else (self._index,)
        steps = {index: self._step(index) for index in indices}
        with self._signals():
            while any(step.outcome is None for step in steps.values()):
                self._look_at_the_clock()
                may_start = not (self._is_near_end or self._is_ending)
                for index, step in steps.items():
                    step.look(time.monotonic(), partial(self._command, index), may_start=may_start)
                    if self._is_near_end:
                        step.terminate()
                self._bell.wait(_LOOK_S)
            return self._conclude([step.outcome for step in steps.values()])

    def _look_at_the_clock(self) -> None:
        """See whether the job's end is near, unless somebody has put it off."""
        notice_s = self._launch.options.notice
        if self._is_near_end or self._ends_at is None or time.time() < self._ends_at - notice_s:
            return
        self._ends_at = controller.job_ends_at(self._environ)
        self._is_near_end = self._ends_at is None or time.time() >= self._ends_at - notice_s

    def _step(self, index: int) -> Step:
        places = {"BESOM_SERVER": self._launch.server, "BESOM_HOME": str(self._launch.home)}
        if self._launch.server_token:
            places["BESOM_TOKEN"] = self._launch.server_token
        return Step(
            srun_words(self._launch, self._environ),
            {**self._environ, **places},
            self._launch.log(index, self._restart),
            self._launch.folder / f"{index}.pid",
            _say,
        )

    def _command(self, index: int) -> list[str]:
        """The agent's command line. Its time ends where the job is signalled, not at the limit itself."""
        launch = self._launch
        words = [sys.executable, "-m", "besom", "agent", launch.sweep_id, "--folder", str(launch.runs)]
        words += ["--name", launch.agent_name(index, self._restart), "--idle", f"{launch.options.idle:.0f}s"]
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

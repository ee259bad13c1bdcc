"""One run, from its script's start to the last word about it: ship, watch, obey, end."""

from __future__ import annotations

import enum
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from besom.agent.bell import Bell
from besom.agent.causes import MemoryKills, failure_of
from besom.agent.child import Child, Exit
from besom.agent.folders import RunFolder
from besom.agent.memory import with_memory
from besom.agent.monitor import Monitor
from besom.agent.output import Output
from besom.agent.printed import PrintedMetrics
from besom.agent.shipping import AWAY, GONE, Shipper
from besom.records import OUT_OF_MEMORY, Cause, Failure
from besom.wire import Assignment, Finish, Receipt

TICK_S = 0.1
"""How often files are looked at while the script runs; its exit wakes at once."""
_YOUNG_S = 0.5
_LOOKS_WHILE_YOUNG = 5
"""A script that has just begun may end before the next tick: so often in each its memory is looked at."""
_OUTPUT_EVERY_S = 1.0
_LONGEST_SILENCE_S = 3.0
"""Also without news an agent calls this often: how long a person's stop may take to arrive."""
_LONGEST_RETRY_S = 5.0
_LONGEST_POLITENESS_S = 2.0
_TOGETHER_S = 0.5
"""A script that got a TERM of somebody else's is not judged before its agent would have got the same."""

_log = logging.getLogger("besom.agent")

Ended = Literal["finished", "paused", "stopped", "failed", "lost"]


class Wish(enum.IntEnum):
    """What the agent's owner wants of it."""

    GO_ON = 0
    STOP = 1
    STOP_NOW = 2


class _Step(enum.IntEnum):
    """How firmly the script has been told to end."""

    NONE = 0
    ASKED = 1  # by order.json, which the SDK reads at its next log
    TERMINATED = 2
    KILLED = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """The sweep file's: seconds to end politely, and the longest that a run may take."""

    grace_s: float
    timeout_s: float | None


class Watch:
    """Watches one child until its run is over and the service knows it."""

    def __init__(
        self,
        assignment: Assignment,
        child: Child,
        folder: RunFolder,
        shipper: Shipper,
        output: Output,
        printed: PrintedMetrics | None,
        monitor: Monitor,
        limits: Limits,
        bell: Bell,
        wish: Callable[[], Wish],
    ) -> None:
        self._assignment, self._child, self._folder = assignment, child, folder
        self._shipper, self._output, self._printed = shipper, output, printed
        self._monitor, self._limits, self._bell, self._wish = monitor, limits, bell, wish
        self._kills_before = MemoryKills.lately()
        self._started_at = self._shipped_at = time.monotonic()
        self._ran_s = 0.0
        self._retry_at, self._retry_s = 0.0, 0.0
        self._longest_retry_s = min(_LONGEST_RETRY_S, assignment.lease_s / 4)  # a server that is back waits a lease
        self._step, self._step_at = _Step.NONE, 0.0
        self._because: Ended | None = None
        """How the run will have ended, once the script was told to end."""
        self._receipt: Receipt | None = None
        self._is_ours = True

    def run(self) -> Ended | None:
        """Stay until the run is over. How it ended; None if it was lost to another agent, or is left to a successor."""
        while not self._child.has_exited:
            now = time.monotonic()
            self._read_metrics()
            self._monitor.sample(now)
            self._ship_if_due(now)
            self._obey(now)
            self._wait(now)
        ended = self._child.reap()
        self._ran_s = time.monotonic() - self._started_at
        if self._step is _Step.NONE and self._was_cut_off(ended):
            self._because = "lost"
        self._monitor.samples.end()
        resources = self._monitor.results(time.monotonic(), ended)
        self._read_metrics(is_final=True)
        return self._conclude(ended, resources) if self._has_all_metrics() and self._is_ours else None

    def _wait(self, now: float) -> None:
        looks = _LOOKS_WHILE_YOUNG if now - self._started_at < _YOUNG_S else 1
        for _ in range(looks - 1):
            self._bell.wait(TICK_S / looks)
            if self._child.has_exited:
                return
            self._monitor.sample(time.monotonic())
        self._bell.wait(TICK_S / looks)

    def _was_cut_off(self, ended: Exit) -> bool:
        """Whether the script ended together with its agent, not by itself: SLURM sends TERM to both at once."""
        until = time.monotonic() + _TOGETHER_S
        while ended.signal == signal.SIGTERM and self._wish() is Wish.GO_ON and time.monotonic() < until:
            self._bell.wait(until - time.monotonic())
        return self._wish() is not Wish.GO_ON

    def _has_all_metrics(self) -> bool:
        """Whether every printed metric is in the history, which a full disk delays; keeps the lease meanwhile."""
        while self._printed is not None and self._printed.has_rest:
            if not self._is_ours or self._wish() is not Wish.GO_ON:
                return False
            self._ship_if_due(time.monotonic())
            self._bell.wait(TICK_S)
            self._read_metrics(is_final=True)
        return True

    def _read_metrics(self, *, is_final: bool = False) -> None:
        if self._printed is not None:
            self._printed.pump(is_final=is_final)
        if not self._output.is_large:
            return
        if self._printed is None:
            self._output.shorten()
        elif self._output.shorten(self._printed.read_to):
            self._printed.begins_anew()

    # --- to the service ---

    def _ship_if_due(self, now: float) -> None:
        if not self._is_ours or now < self._retry_at:
            return
        if now - self._started_at < TICK_S:  # what ends so soon says all of it at its end
            return
        quiet_s = now - self._shipped_at
        is_due = quiet_s >= min(self._assignment.lease_s / 4, _LONGEST_SILENCE_S) or self._shipper.has_rows()
        if is_due or (quiet_s >= _OUTPUT_EVERY_S and self._shipper.has_output()):
            self._ship(now)

    def _ship(self, now: float, resources: dict[str, float] | None = None) -> bool:
        """Send once, with `resources` if the script has ended. Whether the server took it."""
        is_final = resources is not None
        so_far = self._monitor.results(now) if resources is None else resources
        try:
            receipt = self._shipper.ship(so_far, self._folder.read_summary(), is_final=is_final)
        except AWAY as error:
            self._note_away(error, "It goes on; what it logs is kept.")
            self._retry_at = now + self._retry_s
            return False
        except GONE as error:
            self._lose(error)
            return False
        self._shipped_at, self._retry_at, self._retry_s = time.monotonic(), 0.0, 0.0
        self._receipt = receipt
        return True

    def _note_away(self, error: Exception, consequence: str) -> None:
        """The server did not take a message: say so once, and wait longer each time."""
        if not self._retry_s:
            _log.warning("run %s: %s %s", self._assignment.run_id, error, consequence)
        self._retry_s = min(self._longest_retry_s, self._retry_s * 2 or 0.25)

    def _lose(self, error: Exception) -> None:
        _log.warning("run %s: %s", self._assignment.run_id, error)
        self._is_ours = False

    # --- to the script ---

    def _obey(self, now: float) -> None:
        """Tell the script to end where somebody wants that, each time more firmly."""
        wish = self._wish()
        if wish is Wish.STOP_NOW or (self._receipt is not None and self._receipt.kill):
            self._because = self._because or ("lost" if wish is Wish.STOP_NOW else "stopped")
            self._tell(_Step.KILLED, "", "", now)
        elif not self._is_ours:
            self._tell(_Step.TERMINATED, "stop", "the run is no longer this agent's", now)
        elif wish is Wish.STOP:
            self._because = self._because or "lost"
            self._tell(_Step.TERMINATED, "stop", "the agent is ending", now)
        elif self._limits.timeout_s is not None and now - self._started_at > self._limits.timeout_s:
            self._because = self._because or "failed"
            self._tell(_Step.TERMINATED, "stop", "it took longer than besom.timeout", now)
        elif self._receipt is not None and self._receipt.order != "continue":
            self._because = self._because or ("paused" if self._receipt.order == "pause" else "stopped")
            self._tell(_Step.ASKED, self._receipt.order, self._receipt.why, now)
        self._press(now)

    def _tell(self, step: _Step, order: str, why: str, now: float) -> None:
        """Go to `step`, unless the script was told as firmly before."""
        if self._step >= step:
            return
        if self._step is _Step.NONE and order:
            self._folder.give_order(order, why)
        if step is _Step.TERMINATED:
            self._child.terminate()
        elif step is _Step.KILLED:
            self._child.kill()
        self._step, self._step_at = step, now

    def _press(self, now: float) -> None:
        waited_s = now - self._step_at
        if self._step is _Step.ASKED and waited_s >= min(_LONGEST_POLITENESS_S, self._limits.grace_s / 2):
            self._tell(_Step.TERMINATED, "", "", now)
        elif self._step is _Step.TERMINATED and waited_s >= self._limits.grace_s:
            self._tell(_Step.KILLED, "", "", now)

    # --- the end ---

    def _conclude(self, ended: Exit, resources: dict[str, float]) -> Ended | None:
        """Send the rest and say how the run ended, as often as it takes; None if that cannot be said any more."""
        while self._shipper.has_much():
            if not self._ship(time.monotonic(), resources) and not self._may_retry():
                return None
        how, failure = self._verdict(ended)
        if failure is not None:
            said = f"{failure.last_lines}\n{ended.error}"
            failure, resources = with_memory(failure, said, resources, self._monitor.limits())
        summary = self._folder.read_summary()
        run_id, lease = self._assignment.run_id, self._assignment.lease
        finish = Finish(run_id, lease, how, failure, resources, summary, seconds=self._ran_s)
        while True:
            try:
                self._shipper.finish(finish)
            except AWAY as error:
                self._note_away(error, "It has ended, which is told again until it is heard.")
                if not self._may_retry():
                    return None
            except GONE as error:
                self._lose(error)
                return None
            else:
                return how

    def _may_retry(self) -> bool:
        """Wait for the server; False if the run is lost, or its owner wants the agent to end now.

        Then the folder is not marked as ended, and the next agent here delivers the rest.
        """
        if self._is_ours and self._wish() is Wish.GO_ON:
            self._bell.wait(self._retry_s)
        return self._is_ours and self._wish() is Wish.GO_ON

    def _verdict(self, ended: Exit) -> tuple[Ended, Failure | None]:
        if ended.is_success and self._because is None:
            # One that ran to where it was asked to, and ended by itself, is paused.
            return ("paused" if self._receipt is not None and self._receipt.order == "pause" else "finished"), None
        last_lines = self._output.last_lines()
        if self._because == "failed":
            message = f"stopped after {self._limits.timeout_s:g} s, the sweep file's besom.timeout"
            return "failed", Failure(Cause.TIMEOUT, message, ended.code, ended.signal, last_lines)
        if ended.is_interrupted:
            return "lost", None
        if self._because is not None:
            return self._because, None
        failure = failure_of(ended, last_lines, is_memory_kill=MemoryKills.now().has_grown_since(self._kills_before))
        if failure.cause in OUT_OF_MEMORY and self._monitor.is_guest:
            return "lost", failure  # alone it may fit
        return "failed", failure

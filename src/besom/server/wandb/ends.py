"""How a run that W&B's agent executes comes to its end: when it says so, or when its process is gone.

One that is complete without an objective waits for the latter: a script may begin the same run again, as Hugging Face's
search does.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from besom.agent.causes import failure_of
from besom.agent.child import Exit
from besom.engine.state import seen_at
from besom.records import Cause, Failure, Run, RunState
from besom.server.wandb.caller import is_of_wandb
from besom.server.wandb.tracker import Tracker
from besom.server.wandb.values import printed
from besom.server.writer import Group
from besom.tracked import TrackedRun
from besom.wire import Finish, Report

SILENT_S = 8.0
"""A run that is complete, and whose agent has been silent for so long, ends without it: agents leave without a word."""
_TAIL_BYTES = 4000
_EVERY_S = 2.0


class Ends:
    """Ends runs in the engine."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._driver = tracker.driver
        self._settled_at = -_EVERY_S

    def end(self, sweep_id: str, run_id: str) -> None:
        """End a run whose process is gone. One that has ended already stays as it is."""
        self._driver.submit(lambda group: self.finish(group, sweep_id, run_id)).result()

    def settle(self, group: Group) -> None:
        """End the runs that are complete and whose agents have left; to be called often."""
        now = time.monotonic()
        if now - self._settled_at < _EVERY_S:
            return
        self._settled_at = now
        for sweep_id in self._driver.unfinished():
            state = group.state(sweep_id)
            for run in state.live_runs():
                if is_of_wandb(run.agent_id) and self._driver.now() - seen_at(state.plan, run) > SILENT_S:
                    tracked = self._tracker.current(group, run.id)
                    if tracked is not None and tracked.exit_code is not None:
                        self.finish(group, sweep_id, run.id)

    def finish(self, group: Group, sweep_id: str, run_id: str, last_output: str = "") -> None:
        """End a run inside of a group, which may hold output of it that is not kept yet."""
        run = group.state(sweep_id).runs[run_id]
        if run.state is not RunState.RUNNING:
            return
        tracked = self._tracker.current(group, run_id)
        tail = self._driver.store.output(run_id, -_TAIL_BYTES) + last_output
        seconds = None
        if tracked is not None:
            tail += self._keep_last_line(group, run, tracked)
            seconds = max(0.0, tracked.heartbeat_at - run.started_at)
        ended, failure = _verdict(run, tracked, tail[-_TAIL_BYTES:])
        self._driver.handle(group, sweep_id, Finish(run_id, run.lease, ended, failure, seconds=seconds))

    def _keep_last_line(self, group: Group, run: Run, tracked: TrackedRun) -> str:
        """Keep the line that might still have been rewritten, and the state of one that left without a word."""
        line = "" if tracked.held is None else f"{printed(tracked.held)}\n"
        if line:
            kept = Report(run.id, run.lease, run.rows, output=line, output_from=run.output_bytes)
            self._driver.handle(group, run.sweep_id, kept)
        changes: dict[str, Any] = {"held": None}
        if tracked.is_live:
            changes["state"] = "crashed" if run.ordered == "continue" else "killed"
        group.save(replace(tracked, **changes))
        return line


def _verdict(run: Run, tracked: TrackedRun | None, tail: str) -> tuple[Any, Failure | None]:
    """How a run ended, and why if it failed. One that was interrupted goes on elsewhere."""
    code = tracked.exit_code if tracked is not None else None
    if run.ordered != "continue":  # whatever its exit code: a script may leave in good order
        return ("paused" if run.ordered == "pause" else "stopped"), None
    if code == 0:
        return "finished", None
    if tracked is None and run.rows == 0:
        law = "the script ended before it called wandb.init; its agent's log says why"
        return "failed", Failure(Cause.NOT_STARTED, law)
    if code is None:
        return "failed", Failure(
            Cause.SIGNAL, "the script was killed, or left without wandb's goodbye", last_lines=tail
        )
    if tracked is not None and tracked.state in ("preempted", "killed"):
        return "lost", Failure(Cause.LOST, f"the script was interrupted (exit code {code})", code)
    return "failed", failure_of(Exit(code), tail, is_memory_kill=False)

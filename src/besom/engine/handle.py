"""The engine: a message in, a new state and instructions out. No I/O, no clock, no randomness of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from besom.engine.asking import answer
from besom.engine.commanding import carry_out
from besom.engine.draft import Draft
from besom.engine.ending import check_budgets
from besom.engine.finishing import end_run, finish
from besom.engine.importing import take_in
from besom.engine.messages import Instructions, Message, Tick
from besom.engine.plan import compile_plan
from besom.engine.reporting import record
from besom.engine.state import State, seen_at
from besom.records import Cause, Failure, RunState, Sweep
from besom.wire import Ask, Command, Finish, Import, Report


def create(sweep_id: str, file: Mapping[str, Any], seed: int, folder: str, now: float) -> tuple[State, Instructions]:
    """A new running sweep, and the instruction to keep it.

    Args:
        sweep_id: Its id.
        file: The sweep file's content.
        seed: Used where the file names none.
        folder: The sweep file's folder.
        now: Seconds since the epoch, UTC.

    Raises:
        SweepFileError: The file cannot be run; every problem is named.
    """
    plan = compile_plan(file)
    given = plan.file.besom.seed
    sweep = Sweep(sweep_id, dict(file), seed if given is None else given, created_at=now, folder=folder)
    return State(plan, sweep), Instructions(sweep, (sweep,))


def handle(state: State, message: Message, now: float) -> tuple[State, Instructions]:
    """The sweep after the message, and what to do about it.

    Handling the same message twice changes nothing the second time and gives the same reply.

    Args:
        state: The sweep so far; it is not changed.
        message: What happened.
        now: Seconds since the epoch, UTC.

    Raises:
        BesomError: The message is refused; the sweep stays as it was.
    """
    draft = Draft(state)
    match message:
        case Ask():
            return draft.done(answer(draft, message, now))
        case Report():
            return draft.done(record(draft, message, now))
        case Finish():
            finish(draft, message, now)
        case Command():
            return draft.done(carry_out(draft, message, now))
        case Import():
            return draft.done(take_in(draft, message, now))
        case Tick():
            _tick(draft, message, now)
    return draft.done()


def _tick(draft: Draft, tick: Tick, now: float) -> None:
    """Take back the runs of agents that were silent for a whole lease, and see whether time is up."""
    _absorb(draft, tick.stepped_s)
    lease_s = draft.plan.file.besom.lease
    grace_until = tick.up_since + lease_s
    for run in draft.live_runs():
        if run.lease_until > now + lease_s:  # the clock was set back
            draft.change_run(run.id, lease_until=now + lease_s)
        elif now > max(run.lease_until, grace_until):
            heard_at = seen_at(draft.plan, run)
            failure = Failure(Cause.LOST, f"nothing heard of its agent for {now - heard_at:.0f} s")
            end_run(draft, run, RunState.LOST, failure, now, heard_at)
    check_budgets(draft, now)


def _absorb(draft: Draft, stepped_s: float) -> None:
    """Have a step of the clock cost no run its lease and no sweep its hours: what is reckoned from moves along."""
    sweep = draft.sweep
    if not stepped_s or sweep.ended_at is not None:
        return
    instants = {name: getattr(sweep, name) for name in ("started_at", "paused_at", "idle_at")}
    draft.put_sweep(**{name: at + stepped_s for name, at in instants.items() if at is not None})
    for run in draft.live_runs():
        draft.change_run(run.id, started_at=run.started_at + stepped_s, lease_until=run.lease_until + stepped_s)

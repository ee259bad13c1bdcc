"""Trials that were measured elsewhere: they enter ended, with their own instants, and no agent has a part in it."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import Any

from besom.engine.asking import run_id_of
from besom.engine.curves import last_finite, points_of_rows
from besom.engine.draft import Draft
from besom.engine.finishing import failure_of_value
from besom.engine.messages import AppendRows, Instructions
from besom.engine.plan import compile_plan
from besom.engine.state import State
from besom.errors import OutOfOrder, WrongState
from besom.records import Cause, Curve, Failure, Reason, Run, RunState, Sweep, SweepState, Trial, TrialState
from besom.wire import Import, Measured

PHASE = "imported"
_STOPPED = Reason("requested", "ended early where it was measured")


def create_import(part: Import, now: float) -> tuple[State, Instructions]:
    """The sweep of an import, still without trials. It is stopping: nothing is given out, and it can be added to.

    Raises:
        SweepFileError: The file cannot be run; every problem is named.
    """
    plan = compile_plan(part.file)
    given = plan.file.besom.seed
    sweep = Sweep(
        id=part.sweep_id,
        file=dict(part.file),
        seed=zlib.crc32(part.sweep_id.encode()) if given is None else given,
        created_at=now,
        state=SweepState.STOPPING,
        why=f"being imported from {part.source}",
        folder=part.folder,
    )
    return State(plan, sweep), Instructions(sweep, (sweep,))


def take_in(draft: Draft, part: Import, now: float) -> Sweep:
    """Add what is new in the part, and end the sweep with the last; the sweep as it is then.

    Raises:
        WrongState: The sweep is another one, or is complete and lacks what the part has.
        OutOfOrder: A trial, or rows of one, would leave a gap.
        ConfigError: A configuration that does not belong to the file's space.
    """
    if dict(draft.sweep.file) != dict(part.file):
        raise WrongState(f"sweep {part.sweep_id}: has another file than the import; import it under another id.")
    for measured in part.trials:
        known = draft.runs_of(measured.number)
        if known and measured.first_row + len(measured.rows) <= known[0].rows:
            continue
        if draft.sweep.state is not SweepState.STOPPING:
            raise WrongState(
                f"sweep {part.sweep_id}: is {draft.sweep.state}, got more of trial {measured.number}; "
                "import it under another id."
            )
        if not known:
            _add(draft, measured, now)
        _extend(draft, measured)
    if part.is_last and draft.sweep.state is SweepState.STOPPING:
        draft.put_sweep(state=SweepState.FINISHED, why=f"imported from {part.source}", **_span(draft, now))
    return draft.sweep


def _add(draft: Draft, measured: Measured, now: float) -> None:
    """A new trial and its one run, both over, still without rows."""
    number = len(draft.trials) + 1
    if measured.number != number:
        raise OutOfOrder(f"trials: next is {number}, got {measured.number}; send from {number}", number)
    flat = draft.plan.space.flatten(measured.config)
    draft.plan.space.validate(flat)
    started_at = now if measured.started_at is None else measured.started_at
    seconds = measured.seconds or 0.0
    lease = draft.last_lease + 1
    run = Run(
        id=run_id_of(draft.sweep.id, lease),
        sweep_id=draft.sweep.id,
        trial=number,
        repeat=0,
        attempt=0,
        lease=lease,
        agent_id="",
        request_id=measured.id,
        started_at=started_at,
        lease_until=started_at + seconds,
        state=RunState(measured.ended),
        ended_at=started_at + seconds,
        value=measured.value,
        failure=measured.failure,
    )
    run = draft.put_run(_judged(draft, run), Curve())
    called = {name: text for name, text in (("name", measured.name), ("id", measured.id)) if text}
    draft.put_trial(
        Trial(
            sweep_id=draft.sweep.id,
            number=number,
            config=draft.plan.space.nest(flat),
            reason=Reason(PHASE, f"measured as {' '.join(called.values())}" if called else "", called),
            created_at=started_at,
            state=TrialState(run.state.value),
            ended_at=run.ended_at,
            value=_value(run, Curve()),
            ended_by=_STOPPED if run.state is RunState.STOPPED else None,
            failure=run.failure,
            repeats_done=1 if run.state is RunState.FINISHED else 0,
            seconds=seconds,
        )
    )


def _judged(draft: Draft, run: Run) -> Run:
    """The run, failed where it is said to have finished and has no finite objective, or has failed for no cause."""
    failure = run.failure
    if run.state is RunState.FINISHED:
        failure = failure_of_value(draft, run)
    elif run.state is RunState.FAILED and failure is None:
        failure = Failure(Cause.TOLD)
    return replace(run, state=RunState.FAILED if failure else run.state, failure=failure)


def _extend(draft: Draft, measured: Measured) -> None:
    """Keep the rows that are new, and what follows from them."""
    (run,) = draft.runs_of(measured.number)
    if measured.first_row > run.rows:
        raise OutOfOrder(f"rows: next is {run.rows}, got {measured.first_row} on; send from {run.rows}", run.rows)
    new = measured.rows[run.rows - measured.first_row :]
    if not new:
        return
    draft.histories.append(AppendRows(run.id, run.rows, new))
    points, fidelity = points_of_rows(draft.plan, new, run.rows, 0.0, run.fidelity)
    curve = draft.curves[run.id].extended(points)
    run = draft.change_run(run.id, curve, rows=run.rows + len(new), fidelity=fidelity)
    draft.change_trial(measured.number, fidelity=fidelity, value=_value(run, curve))


def _value(run: Run, curve: Curve) -> float | None:
    """What the trial is worth: its objective, or the last finite one of its curve."""
    return run.value if run.value is not None and math.isfinite(run.value) else last_finite(curve)


def _span(draft: Draft, now: float) -> dict[str, Any]:
    """When the first of the runs began and the last one ended."""
    starts = [run.started_at for run in draft.runs.values()]
    ends = [run.ended_at for run in draft.runs.values() if run.ended_at is not None]
    return {"started_at": min(starts, default=now), "ended_at": max(ends, default=now)}

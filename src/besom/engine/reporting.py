"""A run's progress: its history is kept, its curve grows, and it is decided whether it goes on."""

from __future__ import annotations

from typing import Any

from besom.engine.curves import as_number, inherited, last_finite, points_of_rows
from besom.engine.deciding import decide
from besom.engine.draft import Draft
from besom.engine.ending import check_budgets
from besom.engine.messages import AppendOutput, AppendRows
from besom.engine.misnamed import names_logged
from besom.engine.state import SILENCE_S, seen_at
from besom.errors import LeaseLost, OutOfOrder, UnknownName
from besom.records import Curve, Run, RunState, SweepState
from besom.wire import Finish, Receipt, Report


def held_run(draft: Draft, message: Report | Finish) -> Run:
    """The run that the message speaks of, whose lease it holds.

    Raises:
        UnknownName: There is no such run.
        LeaseLost: The run has ended, or the lease is not its own.
    """
    run = draft.runs.get(message.run_id)
    if run is None:
        raise UnknownName(f"run {message.run_id}: not in sweep {draft.sweep.id}")
    if run.state is not RunState.RUNNING or run.lease != message.lease:
        state = "belongs to another run" if run.lease != message.lease else f"ended, the run is {run.state}"
        raise LeaseLost(
            f"run {run.id}: lease {message.lease} {state}; nothing was recorded, the trial goes on elsewhere"
        )
    return run


def heir_of(draft: Draft, report: Report) -> Run | None:
    """The run that goes on with a lost one's trial and delivers, under its own lease, what that could not send."""
    lost = draft.runs.get(report.run_id)
    if lost is None or lost.state is not RunState.LOST:
        return None
    heirs = (run for run in draft.live_runs(lost.trial) if run.lease == report.lease > lost.lease)
    return next((run for run in heirs if run.repeat == lost.repeat and not run.rows), None)


def record(draft: Draft, report: Report, now: float) -> Receipt:
    """Keep what is new in the report, renew the lease, and say how the run goes on.

    Raises:
        LeaseLost, UnknownName: See `held_run`; but see `heir_of` too.
        OutOfOrder: Rows or output would leave a gap.
    """
    heir = heir_of(draft, report)
    run = held_run(draft, report) if heir is None else draft.runs[report.run_id]
    new = report.rows[max(0, run.rows - report.first_row) :]
    _refuse_gap("rows", report.first_row, run.rows)
    _refuse_gap("output", report.output_from, run.output_bytes)
    output = (
        report.output.encode(errors="surrogateescape")[run.output_bytes - report.output_from :]
        if report.output
        else b""
    )
    if new:
        draft.rows = AppendRows(run.id, run.rows, new)
    samples = _keep_samples(draft, run, report)
    if output:
        draft.output = AppendOutput(run.id, run.output_bytes, output.decode(errors="replace"))
    offset = run.first_fidelity
    points, fidelity = points_of_rows(draft.plan, new, run.rows, offset, run.fidelity)
    curve = draft.curves.get(run.id, Curve())
    is_first = run.value is None and bool(points)
    if is_first and draft.plan.fidelity_metric is not None:
        curve = inherited(curve, points[0][0])
        offset = curve[-1][0] if curve else 0.0
    curve = curve.extended(points)
    value = value_of_run(draft, report, points[-1][1] if points else run.value)
    run = draft.change_run(
        run.id,
        curve,
        rows=run.rows + len(new),
        output_bytes=run.output_bytes + len(output),
        samples=samples,
        first_fidelity=offset,
        fidelity=fidelity,
        value=value,
        logged=names_logged(run.logged, new) if value is None and draft.plan.metric else (),
        summary=dict(report.summary) or run.summary,
        resources=dict(report.resources) or run.resources,
        **(_renewal(draft, run, now) if heir is None else {}),
    )
    shown = run if heir is None else _bequeathed(draft, run, heir, now)
    if points:
        reached = max(draft.trials[run.trial].fidelity, fidelity)
        draft.change_trial(run.trial, fidelity=reached, value=_shown_value(draft, shown, curve))
        if heir is None:
            decide(draft, run)
    if new:
        check_budgets(draft, now)
    run = draft.runs[run.id]
    return Receipt(
        next_row=run.rows,
        next_byte=run.output_bytes,
        order=run.ordered,  # type: ignore[arg-type]
        why=run.ordered_because.text if run.ordered_because else "",
        kill=draft.sweep.state is SweepState.CANCELLED,
    )


def _renewal(draft: Draft, run: Run, now: float) -> dict[str, Any]:
    """What gives the run a whole lease again."""
    silent_s = run.silent_s + max(0.0, now - seen_at(draft.plan, run) - SILENCE_S)
    return {"lease_until": now + draft.plan.file.besom.lease, "silent_s": silent_s}


def _bequeathed(draft: Draft, lost: Run, heir: Run, now: float) -> Run:
    """The run that goes on from the lost one's checkpoint, which is as far as that one is now known to have got."""
    renewal = _renewal(draft, heir, now)
    if not draft.plan.can_resume or lost.fidelity <= heir.first_fidelity:
        return draft.change_run(heir.id, **renewal)
    curve = draft.curves.get(lost.id, Curve())
    return draft.change_run(heir.id, curve, first_fidelity=lost.fidelity, fidelity=lost.fidelity, **renewal)


def _refuse_gap(what: str, first: int, expected: int) -> None:
    if first > expected:
        raise OutOfOrder(f"{what}: next is {expected}, got {first} on; send from {expected}", expected)


def _keep_samples(draft: Draft, run: Run, report: Report) -> int:
    """Keep what is new of the run's samples; the number of the next. A gap stays one: nothing could fill it."""
    new = report.samples[max(0, run.samples - report.first_sample) :]
    if not new:
        return run.samples
    first = max(run.samples, report.first_sample)
    draft.histories.append(AppendRows(run.samples_id, first, new))
    return first + len(new)


def value_of_run(draft: Draft, message: Report | Finish, latest: float | None) -> float | None:
    """The run's objective: its summary where the script defines one, the latest value otherwise."""
    summary = as_number(message.summary.get(draft.plan.metric)) if draft.plan.metric else None
    return summary if summary is not None else latest


def _shown_value(draft: Draft, run: Run, curve: Curve) -> float | None:
    """What the trial is worth while it runs: its finished repeats' mean, else this run's latest finite value.

    A run that began again from nothing has no say before it has come as far as the one before.
    """
    shown = draft.shown_run(run.trial)
    is_behind = shown is not None and shown.repeat == run.repeat and shown.id != run.id
    if draft.trials[run.trial].repeats_done or is_behind:
        return draft.trials[run.trial].value
    if draft.plan.minimised(run.value) is not None:
        return run.value
    return last_finite(curve)

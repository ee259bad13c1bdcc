"""Which run an agent gets: one that is open already, or the next that the strategy suggests."""

from __future__ import annotations

import hashlib
import math
import string
import zlib
from dataclasses import replace

import numpy as np

from besom.engine.draft import Draft
from besom.engine.ending import finish_if_nothing_is_left, may_resume_still, spent_text
from besom.engine.history import history_of
from besom.engine.state import run_seconds, wants_run
from besom.engine.suspecting import is_set_aside
from besom.errors import WrongState
from besom.records import Config, Curve, Reason, Run, RunState, SweepState, Trial, TrialState
from besom.search.contract import Exhausted, Suggestion
from besom.wire import Answer, Ask, Assignment, Done, Wait

_PAUSED_WAIT_S = 5.0
_LAST_RUNS_WAIT_S = 1.0
_SET_ASIDE_WAIT_S = 15.0
_ALPHABET = string.digits + string.ascii_lowercase


def answer(draft: Draft, ask: Ask, now: float) -> Answer:
    """A run for the agent, or when to ask again, or that there is nothing more."""
    for run in draft.live_runs():
        if run.agent_id == ask.agent_id and run.request_id == ask.request_id:
            return _assignment(draft, run)
    state = draft.sweep.state
    if state.has_ended or state is SweepState.STOPPING:
        return Done(draft.sweep.why or f"the sweep is {state}")
    if state is SweepState.PAUSED:
        return Wait(_PAUSED_WAIT_S, draft.sweep.why or "the sweep is paused")
    if is_set_aside(draft, ask.host):
        return _answer_set_aside(draft, ask.host, now)
    needed_s = seconds_needed(draft, now) if ask.seconds_left is not None else None
    if ask.seconds_left is not None and needed_s is not None and needed_s > ask.seconds_left:
        return Done(f"a run takes {needed_s:.0f} s, the agent has {max(ask.seconds_left, 0):.0f} s", needs_time=True)
    trial, because = _open_trial(draft), None
    if trial is None:
        trial, because = _next_trial(draft, now)
    if trial is not None:
        return _assignment(draft, _start_run(draft, trial, ask, now, because))
    finish_if_nothing_is_left(draft, now)
    if draft.sweep.state.has_ended:
        return Done(draft.sweep.why)
    return Wait(_LAST_RUNS_WAIT_S, "the last runs are under way")


def _answer_set_aside(draft: Draft, host: str, now: float) -> Answer:
    """What an agent on a host that is set aside is told: to wait, unless there is nothing left for anybody."""
    if not draft.open and not draft.live and _next(draft, now) is None:
        finish_if_nothing_is_left(draft, now)
        return Done(draft.sweep.why)
    sweep_id = draft.sweep.id
    return Wait(
        _SET_ASIDE_WAIT_S,
        f"{host} is set aside, since trials fail on it that do not fail elsewhere; "
        f"once it is mended: besom resume {sweep_id} --host {host}",
    )


def seconds_needed(draft: Draft, now: float) -> float | None:
    """How long nine in ten of the sweep's finished runs took at most; None where a run may be cut off or none is known.

    Runs that keep checkpoints lose nothing by an end.
    """
    if draft.plan.can_resume:
        return None
    finished = (run for run in draft.runs.values() if run.state is RunState.FINISHED)
    took = sorted(run_seconds(draft.plan, run, now) for run in finished)
    return took[math.ceil(0.9 * len(took)) - 1] if took else None


def _open_trial(draft: Draft) -> Trial | None:
    """The first trial that needs a run: one that nobody runs before a further repeat of one that somebody does."""
    waiting = (number for number in draft.open if draft.trials[number].state is TrialState.WAITING)
    number = next(waiting, draft.open[0] if draft.open else None)
    return draft.trials[number] if number is not None else None


def _next_trial(draft: Draft, now: float) -> tuple[Trial | None, Reason | None]:
    """The next trial by baseline or strategy, and why it is gone on with where it is not new; None for no trial."""
    suggestion = _next(draft, now)
    if suggestion is None:
        return None, None
    until = suggestion.until if draft.plan.can_stop else None
    until = draft.plan.fidelity_max if until is None else until
    reason = draft.plan.shown(suggestion.reason)
    if suggestion.resume is not None:
        return _resumed(draft, suggestion.resume, until), reason
    return add_trial(draft, suggestion.config, reason, until, now), None


def _next(draft: Draft, now: float) -> Suggestion | None:
    """What baseline or strategy want next; None when no more is wanted, which the sweep then knows the reason of."""
    spent = draft.state().exceeded(now)
    if spent is not None and not may_resume_still(draft, now):
        _note(draft, spent_text(draft, spent))
        return None
    suggestion = _suggest(draft)
    if isinstance(suggestion, Exhausted):
        _note(draft, suggestion.why if spent is None else spent_text(draft, spent))
        return None
    if spent is not None and suggestion.resume is None:
        _note(draft, spent_text(draft, spent))
        return None
    _note(draft, "")
    return suggestion


def _resumed(draft: Draft, number: int, until: float | None) -> Trial:
    """The paused or stopped trial, to be gone on with: from its checkpoint, or from the start where it has none."""
    trial = draft.trials.get(number)
    if trial is None or trial.state not in (TrialState.PAUSED, TrialState.STOPPED):
        got = f"trial {number}, which {f'is {trial.state}' if trial else 'does not exist'}"
        raise WrongState(
            f"method {draft.plan.file.method}: may resume paused and stopped trials, got {got}; correct it."
        )
    return draft.change_trial(number, state=TrialState.WAITING, until=until, ended_at=None, ended_by=None)


def _note(draft: Draft, why: str) -> None:
    if draft.sweep.why != why:
        draft.put_sweep(why=why)


def _suggest(draft: Draft) -> Suggestion | Exhausted:
    plan = draft.plan
    baselines = plan.baselines
    tried = sum(1 for seen in draft.observations.values() if seen.phase == "baseline") if baselines else 0
    if tried < len(baselines):
        config = complete(draft, baselines[tried])
        return Suggestion(config, Reason("baseline", "one of the configurations that the sweep file wants tried first"))
    return plan.strategy.ask(history_of(draft))


def complete(draft: Draft, partial: Config) -> Config:
    """A whole flat configuration from one that leaves parameters out; the same for the same sweep and trial number."""
    rng = np.random.default_rng([draft.sweep.seed, len(draft.trials)])
    return draft.plan.space.complete(partial, rng)


def add_trial(draft: Draft, config: Config, reason: Reason, until: float | None, now: float) -> Trial:
    """A new trial that waits for an agent; `config` is flat."""
    number = len(draft.trials) + 1
    nested = draft.plan.space.nest(config)
    repeats = draft.plan.repeats
    return draft.put_trial(Trial(draft.sweep.id, number, nested, reason, created_at=now, until=until, repeats=repeats))


def _start_run(draft: Draft, trial: Trial, ask: Ask, now: float, because: Reason | None) -> Run:
    runs = draft.runs_of(trial.number)
    repeat = wants_run(draft.plan, trial, runs)
    assert repeat is not None, "only open trials are started"
    earlier = [run for run in runs if run.repeat == repeat]
    lease = draft.last_lease + 1
    run_id = run_id_of(draft.sweep.id, lease)
    curve, begun = Curve(), 0.0
    if earlier and draft.plan.can_resume:
        curve, begun = draft.curves.get(earlier[-1].id, Curve()), earlier[-1].fidelity
    if draft.sweep.started_at is None:
        draft.put_sweep(started_at=now)
    elif draft.sweep.idle_at is not None:
        draft.put_sweep(idle_at=None, paused_s=draft.sweep.paused_s + max(0.0, now - draft.sweep.idle_at))
    draft.put_trial(replace(trial, state=TrialState.RUNNING, ended_at=None, ended_by=None, failure=None))
    return draft.put_run(
        Run(
            id=run_id,
            sweep_id=draft.sweep.id,
            trial=trial.number,
            repeat=repeat,
            attempt=len(earlier),
            lease=lease,
            agent_id=ask.agent_id,
            request_id=ask.request_id,
            started_at=now,
            lease_until=now + draft.plan.file.besom.lease,
            # Without checkpoints a script that ended where it is to be reviewed could not go on any more.
            until=trial.until if draft.plan.can_resume and repeat == 0 else draft.plan.fidelity_max,
            first_fidelity=begun,
            fidelity=begun,
            gpus=tuple(ask.gpus),
            host=ask.host,
            folder=f"{ask.folder}/{run_id}" if ask.folder else "",
            because=because,
        ),
        curve,
    )


def _assignment(draft: Draft, run: Run) -> Assignment:
    trial = draft.trials[run.trial]
    return Assignment(
        run_id=run.id,
        sweep_id=draft.sweep.id,
        trial=run.trial,
        repeat=run.repeat,
        attempt=run.attempt,
        lease=run.lease,
        lease_s=draft.plan.file.besom.lease,
        config=draft.plan.config_of_repeat(trial.config, run.repeat),
        until=run.until,
        fidelity=run.first_fidelity,
        seed=zlib.crc32(f"{draft.sweep.seed}/{run.trial}/{run.repeat}".encode()),
    )


def run_id_of(sweep_id: str, lease: int) -> str:
    """Eight characters of [0-9a-z], the shape of W&B's run names; the same for the same sweep and lease."""
    number = int.from_bytes(hashlib.sha256(f"{sweep_id}/{lease}".encode()).digest()[:8])
    return "".join(_ALPHABET[number // 36**place % 36] for place in range(8))

"""What happened between two looks at a sweep, one plain line for each event: for logs and pipes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from besom.analysis.failing import failure_text
from besom.analysis.wording import counted, duration, number
from besom.cli.picture import why_set_aside
from besom.cli.wording import settings, varied
from besom.escapes import harmless
from besom.records import Sweep, SweepState, Trial, TrialState
from besom.service import Progress


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look saw: trials by number as (state, retries, losses), best value, sweep's state, hosts aside."""

    trials: dict[int, tuple[TrialState, int, int]] = field(default_factory=dict)
    best: float | None = None
    sweep: SweepState | None = None
    set_aside: tuple[str, ...] = ()


def events(
    seen: Seen, progress: Progress, trials: Iterable[Trial], clock: Callable[[float], str], now: float
) -> tuple[list[str], Seen]:
    """One line for each thing that is new since `seen`, in order, and what to compare the next look with.

    Args:
        seen: The last look's result; `Seen()` tells everything.
        progress: Where the sweep stands.
        trials: Its trials.
        clock: The time of day, as text, of an instant.
        now: The present instant, for what has no instant of its own.
    """
    told: list[tuple[float, str]] = []
    states: dict[int, tuple[TrialState, int, int]] = {}
    best = seen.best
    sign = -1.0 if progress.goal == "maximize" else 1.0
    for trial in sorted(trials, key=lambda each: (each.ended_at or now, each.number)):
        states[trial.number] = key = (trial.state, trial.retries, trial.losses)
        before = seen.trials.get(trial.number)
        if before == key:
            continue
        if before is None and trial.state != TrialState.WAITING:
            told.append((trial.created_at, f"trial {trial.number} {_started(progress, trial)}"))
        elif before is not None and trial.state == TrialState.RUNNING:
            told.append((now, f"trial {trial.number} {_goes_on(progress, trial)}"))
        if before is None and trial.state in (TrialState.RUNNING, TrialState.WAITING):
            continue
        is_best = (
            trial.state.has_ended and trial.value is not None and (best is None or sign * trial.value < sign * best)
        )
        best = trial.value if is_best else best
        if trial.state != TrialState.RUNNING:
            told.append((trial.ended_at or now, _outcome(progress, trial, is_best=is_best)))
    hosts = {aside.host: aside for aside in progress.sweep.set_aside}
    told += [
        (aside.at, f"{harmless(host)} is set aside: {why_set_aside(aside)}")
        for host, aside in hosts.items()
        if host not in seen.set_aside
    ]
    told += [(now, f"{harmless(host)} gets runs again") for host in seen.set_aside if host not in hosts]
    told.sort(key=lambda each: each[0])
    if progress.sweep.state not in (seen.sweep, SweepState.RUNNING):
        why = f": {harmless(progress.sweep.why)}" if progress.sweep.why else ""
        told.append((_since(progress.sweep) or now, f"sweep {progress.sweep.state}{why}"))
    return [f"{clock(at)}  {text}" for at, text in told], Seen(states, best, progress.sweep.state, tuple(hosts))


def _since(sweep: Sweep) -> float | None:
    """Since when the sweep is in its state, where that is known."""
    if sweep.state.has_ended:
        return sweep.ended_at
    return sweep.paused_at if sweep.state is SweepState.PAUSED else None


def _started(progress: Progress, trial: Trial) -> str:
    return f"started: {settings(varied(progress.sweep.file, trial.config))}"


def _goes_on(progress: Progress, trial: Trial) -> str:
    """How a trial that waited runs now: without checkpoints, or before its first row, it can only begin."""
    if not trial.fidelity:
        return _started(progress, trial)
    if not (progress.sweep.file.get("besom") or {}).get("checkpoints"):
        return "runs again from the start"
    return f"goes on from {progress.fidelity_unit or 'row'} {number(trial.fidelity)}"


def _outcome(progress: Progress, trial: Trial, *, is_best: bool) -> str:
    """A trial's new state, its value and why, on one line."""
    text = f"trial {trial.number} {trial.state}"
    if trial.state == TrialState.WAITING:
        return (
            f"trial {trial.number} waits to go on: {failure_text(trial.failure)}"
            if trial.failure
            else f"trial {trial.number} waits to go on"
        )
    if trial.state == TrialState.FAILED:
        return f"{text}: {failure_text(trial.failure)}"
    if trial.value is not None:
        text += f": {progress.metric} {number(trial.value)}"
    if trial.fidelity and progress.fidelity_unit:
        text += f" after {counted(round(trial.fidelity), progress.fidelity_unit)}"
    if trial.seconds:
        text += f", {duration(trial.seconds)}"
    if trial.ended_by and trial.state != TrialState.FINISHED:
        text += f" ({harmless(trial.ended_by.text or trial.ended_by.phase)})"
    return f"{text}  * new best" if is_best else text

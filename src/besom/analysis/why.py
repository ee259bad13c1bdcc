"""Why a trial was suggested, stopped, paused, gone on with: each decision with its numbers, for a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from besom.analysis.facts import Fact
from besom.analysis.reasons import facts_of_reason, level_text
from besom.analysis.tablecolumns import is_number
from besom.analysis.values import is_better, value_of
from besom.analysis.wording import number
from besom.records import Reason, Run, RunState, Trial, TrialState
from besom.service import Progress

_SUGGESTED = {
    "baseline": "A baseline of the sweep file",
    "initial design": "Part of the initial design",
    "grid": "A cell of the grid",
    "random": "A random draw",
    "model": "Suggested by the model",
    "exploration": "Suggested to explore",
    "requested": "Added by a person",
    "imported": "Measured elsewhere",
}
_STOPPED = {
    "budget": "Stopped: the budget was spent",
    "target": "Stopped: the target was reached",
    "sweep ended": "Stopped: the sweep ended",
    "requested": "Stopped by request",
    "repeats": "Not repeated any more",
}
_OF_THE_SWEEP = frozenset({"budget", "target", "sweep ended"})


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model expected of a trial: mean and standard deviation, in the user's units, and what it reached.

    `reached` is None unless the trial came to its own end, which is what the prediction is of.
    """

    mean: float
    sd: float
    reached: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One decision about a trial.

    Attributes:
        title: What was decided: "Suggested by the model", "Paused at 3 epochs".
        phase: Who did: the phase of its reason.
        text: Why, in a sentence; may be empty.
        facts: The numbers behind it.
        drivers: The parameters that decided, most important first; empty where nothing tells.
        prediction: What a model expected, where one was asked.
    """

    title: str
    phase: str
    text: str
    facts: tuple[Fact, ...] = ()
    drivers: tuple[str, ...] = ()
    prediction: Prediction | None = None


def why_suggested(trial: Trial, progress: Progress) -> Why:
    """Why this configuration was tried, and what came out where something was predicted."""
    return _why(_SUGGESTED.get(trial.reason.phase, f"Suggested by {trial.reason.phase}"), trial.reason, trial, progress)


def decisions(trial: Trial, runs: Sequence[Run], progress: Progress) -> tuple[Why, ...]:
    """What was decided about a trial since it began, in order: gone on with, let go on, audited, ended, brought back.

    Args:
        trial: The trial.
        runs: Its runs.
        progress: Where the sweep stands.
    """
    ordered = sorted(runs, key=lambda run: run.lease)
    brought_back = _brought_back(trial, ordered)
    audited = _audited(trial, ordered)
    found: list[Why] = []
    told: list[Reason] = []
    previous: dict[int, Run] = {}
    for run in ordered:
        if run is brought_back:
            found.append(Why("Brought back by a person", "requested", "No rule and no budget stops it any more."))
        if run.first_fidelity > 0 or run.repeat in previous:
            found.append(_gone_on(run, previous.get(run.repeat), trial, progress, is_request=run is brought_back))
        found += [_passed(reason, trial, progress) for reason in run.passed]
        if run is audited and trial.audited is not None:
            found.append(_audit(trial, trial.audited, progress))
        reason = _ended_because(run)
        if reason is not None and reason not in told:
            told.append(reason)
            found.append(_ended(reason, run.state is RunState.PAUSED, run.fidelity, trial, progress))
        previous[run.repeat] = run
    if trial.kept and brought_back is None:
        found.append(Why("Brought back by a person", "requested", "No rule and no budget stops it any more."))
    if trial.ended_by is not None and trial.ended_by not in told:
        found.append(_ended(trial.ended_by, trial.state is TrialState.PAUSED, trial.fidelity, trial, progress))
    return tuple(found)


def _brought_back(trial: Trial, runs: Sequence[Run]) -> Run | None:
    """The run that began once a person had brought the trial back: the last one behind one that ended early."""
    early = (RunState.STOPPED, RunState.PAUSED, RunState.FAILED)
    behind = [run for before, run in pairwise(runs) if before.state in early]
    return behind[-1] if trial.kept and behind else None


def _audited(trial: Trial, runs: Sequence[Run]) -> Run | None:
    """The run under way when the trial would have ended: the first that got so far."""
    at = trial.audited.details.get("at") if trial.audited else None
    got_there = (run for run in runs if is_number(at) and run.fidelity >= at)
    return next(got_there, runs[-1] if runs else None)


def _ended_because(run: Run) -> Reason | None:
    """Why a run ended early by order; None where it did not, or only followed another run of its trial."""
    if run.state not in (RunState.STOPPED, RunState.PAUSED):
        return None
    reason = run.ordered_because
    if reason is None and run.state is RunState.PAUSED:
        return Reason("rung", f"ran to {run.fidelity:g} as asked")
    return None if reason is None or reason.phase == "trial ended" else reason


def _ended(reason: Reason, is_pause: bool, fidelity: float, trial: Trial, progress: Progress) -> Why:
    where = f" at {level_text(fidelity, progress)}" if fidelity else ""
    title = f"Paused{where}" if is_pause else _STOPPED.get(reason.phase, f"Stopped{where}")
    return _why(title, reason, trial, progress)


def _gone_on(run: Run, before: Run | None, trial: Trial, progress: Progress, *, is_request: bool) -> Why:
    """A run that goes on where another one of its trial and repeat ended, or begins again where that left nothing."""
    is_resumed = run.first_fidelity > 0
    level = level_text(run.first_fidelity, progress)
    title = f"Gone on with from {level}" if is_resumed else "Begun again"
    if is_request:
        return Why(title, "requested", "As asked for by a person.")
    if run.because is not None:
        return _why(title, run.because, trial, progress)
    if before is not None and before.state is RunState.LOST:
        took = "took its checkpoint" if is_resumed else "began again"
        return Why(title, "lost", f"Its agent was lost, or gave it back; another run {took}.")
    if before is not None and before.state is RunState.FAILED:
        cause = f": {before.failure.cause.value}" if before.failure else ""
        return Why(title, "retry", f"The run before it failed{cause}. It was tried again.")
    if before is not None and before.ordered_because and before.ordered_because.phase in _OF_THE_SWEEP:
        return Why(title, "resumed", "The sweep went on, and the trial with it.")
    is_short = run.until is not None and (progress.fidelity_max is None or run.until < progress.fidelity_max)
    to = f"to {level_text(run.until, progress)}" if is_short and run.until is not None else "on"
    return Why(title, "resumed", f"It was promising enough to run {to}.")


def _passed(reason: Reason, trial: Trial, progress: Progress) -> Why:
    """Reviewed while it ran, and let go on."""
    rung = reason.details.get("rung")
    where = f" at {level_text(rung, progress)}" if is_number(rung) else ""
    return _why(f"Let go on{where}", reason, trial, progress)


def _audit(trial: Trial, reason: Reason, progress: Progress) -> Why:
    """Let go on where it would have been stopped, and what came of that."""
    at = reason.details.get("at")
    where = f" at {level_text(at, progress)}" if is_number(at) else ""
    why = _why(f"Let finish, to check the rule: it would have ended{where}", reason, trial, progress)
    value, incumbent = value_of(trial), reason.details.get("incumbent")
    if trial.state is not TrialState.FINISHED or value is None or not is_number(incumbent):
        return why
    beats = is_better(value, incumbent, progress.goal)
    verdict = f"{number(value, 5)}, {'better' if beats else 'no better'} than the best then"
    facts = (*why.facts, Fact("turned out", verdict))
    return Why(why.title, why.phase, why.text, facts, why.drivers, why.prediction)


def _why(title: str, reason: Reason, trial: Trial, progress: Progress) -> Why:
    drivers = reason.details.get("drivers")
    names = tuple(map(str, drivers)) if isinstance(drivers, list | tuple) else ()
    prediction = _prediction(reason, trial)
    facts = facts_of_reason(reason, progress)
    if prediction is not None and prediction.reached is not None:
        facts = (*facts, Fact("reached", _outcome(prediction, prediction.reached, progress)))
    return Why(title, reason.phase, reason.text, facts, names, prediction)


def _prediction(reason: Reason, trial: Trial) -> Prediction | None:
    mean, sd = reason.details.get("mean", reason.details.get("predicted")), reason.details.get("sd")
    if not is_number(mean) or not is_number(sd) or not math.isfinite(mean) or not math.isfinite(sd):
        return None
    return Prediction(mean, sd, value_of(trial) if trial.state is TrialState.FINISHED else None)


def _outcome(prediction: Prediction, reached: float, progress: Progress) -> str:
    """What came out, held against what was expected."""
    if prediction.sd <= 0 or reached == prediction.mean:
        return number(reached, 5)
    off = number(abs(reached - prediction.mean) / prediction.sd, 2)
    how = "better" if is_better(reached, prediction.mean, progress.goal) else "worse"
    return f"{number(reached, 5)}, {off} standard deviations {how} than predicted"

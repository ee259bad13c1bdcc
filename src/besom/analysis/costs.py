"""What a sweep cost: spent, saved by stopping early, still to come; and what quality each trial's cost bought."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from besom.analysis.values import is_better, value_of
from besom.records import Run, Sweep, SweepState, Trial, TrialState

_STEPS = ((60.0, 10.0), (600.0, 60.0), (3600.0, 300.0), (36000.0, 1800.0), (86400.0, 3600.0), (math.inf, 43200.0))
"""How coarse an estimate is: below so many seconds, in steps of so many."""


@dataclass(frozen=True, slots=True)
class Savings:
    """An estimate of what was not spent because trials were stopped early.

    Attributes:
        trials: How many were stopped, or paused and not gone on with.
        spent_fidelity: What the whole sweep ran, in the unit of its fidelity.
        spent_seconds: The time that its runs took.
        fidelity: What the stopped trials would have run beyond where they were stopped; None where nothing tells.
        seconds: How much longer trials would have run in all, by the median finished one; None where none finished.
        basis: How far a full trial was taken to go: to the fidelity's "maximum", or as the "median" finished trial.
    """

    trials: int = 0
    spent_fidelity: float = 0.0
    spent_seconds: float = 0.0
    fidelity: float | None = None
    seconds: float | None = None
    basis: Literal["maximum", "median"] | None = None

    @property
    def share(self) -> float | None:
        """The part of the fidelity of an unstopped sweep that was saved, 0 to 1; None where nothing tells."""
        if self.fidelity is None or self.fidelity + self.spent_fidelity <= 0:
            return None
        return self.fidelity / (self.fidelity + self.spent_fidelity)


@dataclass(frozen=True, slots=True)
class CostQuality:
    """Trials with a value, by number, as cost against quality; all of one length but `front`.

    Attributes:
        numbers: The trials.
        seconds: What each took.
        values: What each reached.
        front: Trials that no other beats in both cost and quality, cheapest first.
    """

    numbers: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    front: tuple[int, ...] = ()


def savings(
    trials: Sequence[Trial], runs: Iterable[Run], fidelity_max: float | None = None, repeats: int | None = None
) -> Savings:
    """What stopping early saved, as an estimate.

    A stopped trial is taken to have had `repeats` runs up to `fidelity_max` each before it; where no maximum is known,
    it is taken to have gone as far as the median finished trial. It is taken to have lasted as long as the median
    finished trial: its own pace would count the start of its program, which happens once, with every epoch.

    Args:
        trials: All trials of the sweep.
        runs: All runs of the sweep.
        fidelity_max: The most fidelity that one run can get, if known.
        repeats: Runs that a trial consists of; None for as many as the finished trials had.
    """
    ran = _fidelity_by_trial(runs)
    finished = [trial for trial in trials if trial.state is TrialState.FINISHED]
    ended_early = [trial for trial in trials if trial.state in (TrialState.STOPPED, TrialState.PAUSED)]
    stopped = [trial for trial in ended_early if not was_cut_off(trial)]
    spent = Savings(len(stopped), sum(ran.values()), sum(trial.seconds for trial in trials))
    if not stopped:
        return Savings(0, spent.spent_fidelity, spent.spent_seconds, 0.0, 0.0)
    per_trial = repeats or max((trial.repeats_done for trial in finished), default=1) or 1
    known = [fidelity for trial in finished if (fidelity := ran.get(trial.number, 0.0)) > 0]
    if fidelity_max is None and not known:
        return spent
    full = fidelity_max * per_trial if fidelity_max is not None else median(known)
    usual = median(trial.seconds for trial in finished) if finished else None
    return replace(
        spent,
        fidelity=sum(max(0.0, full - ran.get(trial.number, 0.0)) for trial in stopped),
        seconds=None if usual is None else sum(max(0.0, usual - trial.seconds) for trial in stopped),
        basis="median" if fidelity_max is None else "maximum",
    )


def was_cut_off(trial: Trial) -> bool:
    """Whether the sweep's end or a person stopped it, and no rule: nothing was saved, it was wanted."""
    return trial.ended_by is not None and trial.ended_by.phase in ("budget", "target", "requested", "sweep ended")


def _fidelity_by_trial(runs: Iterable[Run]) -> dict[int, float]:
    """What each trial's runs added, lost and failed attempts included: it was spent."""
    ran: defaultdict[int, float] = defaultdict(float)
    for run in runs:
        ran[run.trial] += max(0.0, run.fidelity - run.first_fidelity)
    return dict(ran)


def seconds_left(
    sweep: Sweep,
    spent: Mapping[str, float],
    budget: Mapping[str, float],
    now: float,
    under_way: Sequence[float] = (),
    *,
    has_agents: bool = True,
) -> float | None:
    """Seconds until the first budget is used up at the pace so far, as coarsely as is known; None while nothing tells.

    A trial counts against the budget from its start, but takes its time until its end. Where what is under way has
    only to end because the budget is used up, nothing tells how long that takes. Without agents nothing goes on.

    Args:
        sweep: The sweep, for when it began and how long it was paused.
        spent: Amounts spent by unit; `hours` is taken as wall clock.
        budget: Amounts allowed, for those units that have a limit.
        now: The present instant.
        under_way: For each trial under way, the share of it that is still to come, 0 to 1.
        has_agents: Whether any agent is alive.
    """
    if sweep.started_at is None or sweep.state.has_ended or not has_agents:
        return None
    until = sweep.paused_at if sweep.state is SweepState.PAUSED and sweep.paused_at is not None else now
    elapsed = max(0.0, until - sweep.started_at - sweep.paused_s)
    estimates = []
    for unit, limit in budget.items():
        done = spent.get(unit, 0.0) - (sum(under_way) if unit == "trials" else 0.0)
        left = max(0.0, limit - done)
        if unit == "hours":
            estimates.append(left * 3600.0)
        elif done > 0 and elapsed > 0:
            estimates.append(left * elapsed / done)
    nearest = min(estimates, default=None)
    return None if nearest is None or (nearest == 0 and under_way) else _roughly(nearest)


def _roughly(seconds: float) -> float:
    """An estimate without digits that nobody knows, which would only flicker: 543 s are 9 min, 50 min are 50 min."""
    step = next(step for below, step in _STEPS if seconds < below)
    return max(step, round(seconds / step) * step) if seconds > 0 else 0.0


def cost_quality(trials: Iterable[Trial], goal: str) -> CostQuality:
    """What each trial took and what it reached, and which are beaten by none in both."""
    points = sorted((trial.number, trial.seconds, value) for trial in trials if (value := value_of(trial)) is not None)
    sign = -1.0 if goal == "maximize" else 1.0
    front: list[int] = []
    best: float | None = None
    for number, _, value in sorted(points, key=lambda point: (point[1], point[2] * sign, point[0])):
        if best is None or is_better(value, best, goal):
            front.append(number)
            best = value
    return CostQuality(
        numbers=tuple(number for number, _, _ in points),
        seconds=tuple(seconds for _, seconds, _ in points),
        values=tuple(value for _, _, value in points),
        front=tuple(front),
    )

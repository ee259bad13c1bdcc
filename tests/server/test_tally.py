"""A tally that followed every change counts what one does that sees the trials for the first time."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from besom.analysis.columns import TrialColumns
from besom.records import Reason, Trial, TrialState
from besom.server.tally import Tally

STATES = list(TrialState)


def fresh(number: int, rng: random.Random) -> Trial:
    return changed(Trial("s", number, {}, Reason(rng.choice(["baseline", "model"])), 0.0), rng)


def changed(trial: Trial, rng: random.Random) -> Trial:
    state = rng.choice(STATES)
    reason = Reason(rng.choice(["hyperband", "requested", "budget"]))
    return replace(
        trial,
        state=state,
        value=rng.choice([None, float("nan"), float("inf"), rng.random(), 0.5]),
        ended_at=rng.choice([None, 1.0, rng.random()]) if state.has_ended else None,
        ended_by=reason if state is TrialState.STOPPED else None,
        audited=rng.choice([None, reason]),
        repeats=rng.choice([1, 2]),
        repeats_done=rng.choice([1, 2]),
    )


def shown(tally: Tally) -> tuple[object, ...]:
    best = [tally.best_so_far(goal).tolist() for goal in ("minimize", "maximize")]
    return (
        *(dict(sorted(tally.counts.items())), tally.cut_off, tally.failed, tally.valued, tally.baselines),
        *(sorted(tally.audited.items(), key=lambda entry: entry[0]), best),
    )


@pytest.mark.parametrize("seed", range(20))
def test_following_step_by_step_is_counting_at_once(seed: int):
    rng = random.Random(seed)
    trials: dict[int, Trial] = {}
    tally = Tally()
    for _ in range(60):
        trials = dict(trials)
        for _ in range(rng.randrange(4)):
            number = rng.randrange(1, len(trials) + 2)
            trials[number] = changed(trials[number], rng) if number in trials else fresh(number, rng)
        tally.follow(trials)
        at_once = Tally()
        at_once.follow(trials)
        assert shown(tally) == shown(at_once)


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_the_best_so_far_is_that_of_the_analysis(goal: str):
    rng = random.Random(1)
    trials = {number: fresh(number, rng) for number in range(1, 200)}
    tally = Tally()
    tally.follow(trials)
    columns = TrialColumns(list(trials.values()), goal)
    expected = columns.best_so_far[~np.isnan(columns.values[columns.by_end])]
    assert tally.best_so_far(goal).tolist() == expected.tolist()


def test_trials_of_another_time_are_counted_anew():
    rng = random.Random(2)
    tally, at_once = Tally(), Tally()
    tally.follow({number: fresh(number, rng) for number in range(9)})
    few = {number: fresh(number, rng) for number in range(3)}
    tally.follow(few)
    at_once.follow(few)
    assert shown(tally) == shown(at_once)

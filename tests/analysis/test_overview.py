"""A sweep in one line: its budget, its best value and the sparkline."""

import math
import random
import time

import pytest

from besom.analysis.overview import overview
from besom.analysis.values import incumbent_trace
from besom.records import Agent, Reason, Sweep, SweepState, Trial, TrialState
from besom.service import Progress

FILE = {"name": "digits", "method": "bayes"}


def trial(number, value=None, state=TrialState.FINISHED, ended_at=None):
    ended_at = float(number) if ended_at is None else ended_at
    return Trial("s", number, {}, Reason("random"), 0.0, state, ended_at, value)


def progress(best=None, spent=None, budget=None, **changes):
    sweep = Sweep("s1", FILE, 1, 5.0, SweepState.PAUSED, "paused by request", started_at=6.0)
    counts = {"finished": 3, "running": 1}
    return Progress(sweep, counts, best, None, None, spent or {}, budget or {}, goal="maximize", **changes)


def test_a_sweeps_line_says_where_it_stands():
    best = trial(2, 0.97312345)
    agents = (Agent("a", "a", "h", 1, (), 0.0, 0.0),)
    found = overview(progress(best, metric="acc", agents=agents, seconds_left=9.0), [trial(1), best], "mnist")
    assert (found.id, found.name, found.project, found.method) == ("s1", "digits", "mnist", "bayes")
    assert (found.state, found.why, found.created_at, found.started_at) == ("paused", "paused by request", 5.0, 6.0)
    assert (found.best_trial, found.best_value, found.best_text) == (2, 0.97312345, "0.97312")
    assert (found.trials, found.agents, found.seconds_left, found.counts["finished"]) == (2, 1, 9.0, 3)


def test_the_budget_nearest_to_its_end_is_the_one_that_is_told():
    spent, budget = {"trials": 14.0, "epochs": 300.0}, {"trials": 24.0, "epochs": 400.0}
    assert overview(progress(spent=spent, budget={"trials": 24.0}), []).share_text == "14 of 24 trials"
    found = overview(progress(spent=spent, budget=budget, fidelity_unit="step"), [])
    assert found.share == 0.75
    assert found.share_text == "300 of 400 steps"


@pytest.mark.parametrize(
    ("spent", "budget", "text", "share"),
    [
        ({"hours": 1.5}, {"hours": 2.0}, "1 h 30 min of 2 h", 0.75),
        ({"gpu_hours": 1.0}, {"gpu_hours": 4.0}, "1 h of 4 h on GPUs", 0.25),
        ({"trials": 3.0}, {"trials": 2.0}, "3 of 2 trials", 1.0),
        ({}, {"trials": 1.0}, "0 of 1 trial", 0.0),
        ({"trials": 36.0}, {"trials": 1.0}, "36 of 1 trials", 1.0),
        ({"trials": 4.0}, {}, "4 trials", None),
    ],
)
def test_what_is_spent_is_said_in_words(spent, budget, text, share):
    found = overview(progress(spent=spent, budget=budget), [])
    assert (found.share_text, found.share) == (text, share)


def test_a_sweep_without_a_value_has_no_best_and_no_sparkline():
    found = overview(
        progress(), [trial(1, math.nan), trial(2, state=TrialState.FAILED), trial(3, 9.0, TrialState.RUNNING)]
    )
    assert (found.best_trial, found.best_value, found.best_text, found.spark) == (None, None, "", ())


def test_the_sparkline_holds_the_incumbent_in_order_of_ending():
    trials = [trial(1, 0.5, ended_at=9.0), trial(2, 0.7, ended_at=1.0), trial(3, 0.6, ended_at=2.0), trial(4)]
    assert overview(progress(), trials).spark == (0.7, 0.7, 0.7)


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_a_long_sparkline_keeps_its_ends_and_only_values_that_were_the_best(goal):
    draw = random.Random(3)
    trials = [trial(number, draw.random()) for number in range(1, 2001)]
    spark = overview(Progress(progress().sweep, {}, None, None, None, {}, {}, goal=goal), trials).spark
    best = incumbent_trace(trials, goal).best
    assert len(spark) == 60
    assert (spark[0], spark[-1]) == (best[0], best[-1])
    assert set(spark) <= set(best)
    assert list(spark) == sorted(spark, reverse=goal == "minimize")


def test_a_long_sparkline_is_spread_evenly_over_the_trials():
    spark = overview(progress(), [trial(number, float(number)) for number in range(1, 592)]).spark
    assert spark == tuple(float(number) for number in range(1, 592, 10))


def test_many_trials_take_little_more_time_than_reading_them():
    """Twenty times as many trials take some twenty times as long: nothing here is quadratic."""

    def seconds(count):
        trials = [trial(number, float(number % 97)) for number in range(1, count + 1)]
        began = time.perf_counter()
        overview(progress(), trials)
        return time.perf_counter() - began

    few = min(seconds(2_000) for _ in range(5))
    assert min(seconds(40_000) for _ in range(3)) < 100 * few

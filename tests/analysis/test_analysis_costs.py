import math

import pytest

from besom.analysis.costs import cost_quality, savings, seconds_left
from besom.records import Reason, Run, RunState, Sweep, SweepState, Trial, TrialState


def trial(number, state, seconds, value=0.5, repeats_done=1):
    return Trial("s", number, {}, Reason("random"), 0.0, state, 1.0, value, seconds=seconds, repeats_done=repeats_done)


def run(number, fidelity, first=0.0, repeat=0):
    return Run(
        f"r{number}-{repeat}-{first}", "s", number, repeat, 0, 1, "a", "q", 0.0, 1.0, RunState.FINISHED,
        fidelity=fidelity, first_fidelity=first,
    )  # fmt: skip


def test_savings_are_what_stopped_trials_would_have_run_up_to_the_maximum():
    trials = [trial(0, TrialState.FINISHED, 100.0), trial(1, TrialState.STOPPED, 60.0)]
    saved = savings(trials, [run(0, 50), run(1, 20)], fidelity_max=50)
    assert (saved.trials, saved.fidelity, saved.spent_fidelity, saved.basis) == (1, 30.0, 70.0, "maximum")
    assert saved.seconds == 40.0
    assert saved.share == pytest.approx(0.3)


def test_without_a_maximum_a_full_trial_is_the_median_finished_one():
    trials = [trial(n, TrialState.FINISHED, 10.0) for n in range(3)] + [trial(3, TrialState.STOPPED, 4.0)]
    saved = savings(trials, [run(0, 10), run(1, 12), run(2, 90), run(3, 4)])
    assert (saved.fidelity, saved.basis) == (8.0, "median")


def test_a_slow_start_does_not_count_as_the_pace_of_what_was_never_run():
    finished = [trial(n, TrialState.FINISHED, seconds) for n, seconds in enumerate((11.0, 12.0, 30.0))]
    stopped = [trial(3, TrialState.STOPPED, 9.0), trial(4, TrialState.STOPPED, 20.0)]
    runs = [*(run(n, 30) for n in range(3)), run(3, 1), run(4, 20)]
    saved = savings([*finished, *stopped], runs, fidelity_max=30)
    assert saved.seconds == 12.0 - 9.0
    assert saved.fidelity == 29.0 + 10.0


def test_seconds_are_unknown_while_no_trial_has_finished():
    saved = savings([trial(0, TrialState.STOPPED, 5.0)], [run(0, 3)], fidelity_max=10)
    assert (saved.fidelity, saved.seconds) == (7.0, None)


def test_nothing_is_guessed_where_nothing_tells():
    saved = savings([trial(0, TrialState.STOPPED, 5.0)], [run(0, 3)])
    assert (saved.trials, saved.fidelity, saved.seconds, saved.basis, saved.share) == (1, None, None, None, None)


def test_a_sweep_that_stopped_nothing_saved_nothing():
    saved = savings([trial(0, TrialState.FINISHED, 5.0)], [run(0, 3)], fidelity_max=10)
    assert (saved.trials, saved.fidelity, saved.seconds) == (0, 0.0, 0.0)
    assert savings([], []).share is None


def test_repeats_that_were_never_begun_count_as_saved_and_a_resumed_run_counts_once():
    trials = [trial(0, TrialState.FINISHED, 30.0, repeats_done=3), trial(1, TrialState.STOPPED, 10.0)]
    runs = [run(0, 10, repeat=repeat) for repeat in range(3)] + [run(1, 4), run(1, 6, first=4.0)]
    saved = savings(trials, runs, fidelity_max=10)
    assert (saved.spent_fidelity, saved.fidelity) == (36.0, 24.0)
    assert savings(trials, runs, fidelity_max=10, repeats=5).fidelity == 44.0


def test_a_stopped_trial_that_ran_past_the_maximum_does_not_cost_negative_savings():
    assert savings([trial(0, TrialState.STOPPED, 5.0)], [run(0, 30)], fidelity_max=10).fidelity == 0.0


def test_seconds_left_is_the_nearest_limit_at_the_pace_so_far():
    sweep = Sweep("s", {}, 0, 0.0, started_at=100.0, paused_s=50.0)
    spent, budget = {"trials": 10.0, "hours": 0.5}, {"trials": 40.0, "hours": 1.0}
    assert seconds_left(sweep, spent, budget, now=250.0) == pytest.approx(300.0)
    assert seconds_left(sweep, spent, {"hours": 1.0}, now=250.0) == pytest.approx(1800.0)
    assert seconds_left(sweep, {"trials": 90.0}, budget, now=250.0) == 0.0


def test_seconds_left_counts_what_trials_under_way_still_take_and_is_never_nothing_while_they_run():
    sweep = Sweep("s", {}, 0, 0.0, started_at=0.0)
    spent, budget = {"trials": 4.0}, {"trials": 4.0}
    assert seconds_left(sweep, spent, budget, 90.0, under_way=[0.5, 0.5]) == 30.0
    assert seconds_left(sweep, spent, {"trials": 6.0}, 120.0, under_way=[1.0]) == 120.0
    assert seconds_left(sweep, {"epochs": 30.0}, {"epochs": 30.0}, 100.0, under_way=[0.2]) is None
    assert seconds_left(sweep, {"trials": 1.0}, {"trials": 9.0}, 100.0, under_way=[1.0]) is None


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [(0.001, 10.0), (0.01, 40.0), (0.15, 540.0), (0.28, 900.0), (3.3, 12600.0), (11.6, 43200.0), (40.0, 129600.0)],
)
def test_seconds_left_have_no_digits_that_nobody_knows(hours, seconds):
    sweep = Sweep("s", {}, 0, 0.0, started_at=0.0)
    assert seconds_left(sweep, {"hours": 0.0}, {"hours": hours}, 1.0) == seconds


def test_no_time_is_left_to_tell_of_while_no_agent_is_alive():
    sweep = Sweep("s", {}, 0, 0.0, started_at=0.0)
    assert seconds_left(sweep, {"trials": 1.0}, {"trials": 9.0}, 100.0, has_agents=False) is None


def test_a_trial_that_is_paused_by_the_strategy_saved_what_it_did_not_run():
    trials = [trial(0, TrialState.FINISHED, 100.0), trial(1, TrialState.PAUSED, 60.0)]
    assert savings(trials, [run(0, 50), run(1, 20)], fidelity_max=50).fidelity == 30.0


def test_seconds_left_is_unknown_before_the_start_after_the_end_and_without_a_budget():
    assert seconds_left(Sweep("s", {}, 0, 0.0), {"trials": 1}, {"trials": 2}, 9.0) is None
    ended = Sweep("s", {}, 0, 0.0, SweepState.FINISHED, started_at=1.0)
    assert seconds_left(ended, {"trials": 1}, {"trials": 2}, 9.0) is None
    assert seconds_left(Sweep("s", {}, 0, 0.0, started_at=1.0), {"trials": 1}, {}, 9.0) is None


def test_a_paused_sweep_loses_no_time():
    sweep = Sweep("s", {}, 0, 0.0, SweepState.PAUSED, started_at=0.0, paused_at=10.0)
    assert seconds_left(sweep, {"trials": 1.0}, {"trials": 3.0}, now=1e6) == pytest.approx(20.0)


def test_the_front_holds_the_trials_that_none_beats_in_cost_and_quality():
    trials = [
        trial(0, TrialState.FINISHED, 10.0, 0.7),
        trial(1, TrialState.FINISHED, 5.0, 0.6),
        trial(2, TrialState.FINISHED, 20.0, 0.65),
        trial(3, TrialState.FINISHED, 30.0, 0.9),
        trial(4, TrialState.FAILED, 1.0, None),
        trial(5, TrialState.FINISHED, 2.0, math.nan),
    ]
    costs = cost_quality(trials, "maximize")
    assert costs.numbers == (0, 1, 2, 3)
    assert costs.front == (1, 0, 3)
    assert cost_quality(trials, "minimize").front == (1,)

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from besom.analysis.columns import TrialColumns
from besom.analysis.values import gain, incumbent_trace, ranking, value_of
from besom.records import Cause, Failure, Reason, Trial, TrialState


def trial(number, value=None, state=TrialState.FINISHED, phase="random", ended_at=None):
    failure = Failure(Cause.EXIT_CODE) if state is TrialState.FAILED else None
    ended_at = float(number) if ended_at is None else ended_at
    return Trial("s", number, {}, Reason(phase), 0.0, state, ended_at, value, failure=failure)


def test_the_trace_holds_the_best_so_far_and_who_holds_it_in_order_of_ending():
    trials = [trial(0, 0.5, ended_at=9.0), trial(1, 0.7, ended_at=1.0), trial(2, 0.6, ended_at=2.0)]
    trace = incumbent_trace(trials, "maximize")
    assert trace.numbers == (1, 2, 0)
    assert trace.ended_at == (1.0, 2.0, 9.0)
    assert trace.best == (0.7, 0.7, 0.7)
    assert trace.holders == (1, 1, 1)
    assert incumbent_trace(trials, "minimize").holders == (1, 2, 0)


def test_failed_and_running_trials_and_nan_never_become_the_incumbent():
    trials = [trial(0, 9.0, TrialState.FAILED), trial(1, math.nan), trial(2, 8.0, TrialState.RUNNING), trial(3, 1.0)]
    trace = incumbent_trace(trials, "maximize")
    assert trace.numbers == (0, 1, 3)
    assert trace.best == (None, None, 1.0)
    assert [t.number for t in ranking(trials, "maximize")] == [3]


def test_a_stopped_trial_may_be_the_best():
    trials = [trial(0, 0.9), trial(1, 0.95, TrialState.STOPPED)]
    assert ranking(trials, "maximize")[0].number == 1


def test_ranking_prefers_the_earlier_of_equals():
    assert [t.number for t in ranking([trial(1, 1.0), trial(0, 1.0)], "maximize")] == [0, 1]


def test_gain_is_positive_where_the_best_is_better_for_either_goal():
    trials = [trial(0, 0.5), trial(1, 0.8, phase="baseline"), trial(2, 1.0)]
    up = gain(trials, "maximize")
    assert (up.best, up.value) == (2, 1.0)
    assert up.over_baseline.trial == 1
    assert math.isclose(up.over_baseline.absolute, 0.2)
    assert math.isclose(up.over_baseline.relative, 0.25)
    assert math.isclose(up.over_first.relative, 1.0)
    down = gain([trial(0, -4.0), trial(1, -5.0)], "minimize")
    assert down.over_first.absolute == 1.0
    assert down.over_first.relative == 0.25
    assert down.over_baseline is None


def test_gain_tells_where_the_other_trial_was_stopped_early():
    stopped = replace(trial(0, 1.0), state=TrialState.STOPPED, fidelity=14.0)
    assert gain([stopped, trial(1, 3.0)], "maximize").over_first.stopped_at == 14.0
    assert gain([trial(0, 1.0), trial(1, 3.0)], "maximize").over_first.stopped_at is None


def test_gain_over_zero_has_no_relative_size_and_no_trials_have_no_gain():
    assert gain([trial(0, 0.0), trial(1, 3.0)], "maximize").over_first.relative is None
    assert gain([], "maximize").best is None
    assert str(gain([trial(0, 3.0)], "minimize").over_first.absolute) == "0.0"


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True))), st.sampled_from(["minimize", "maximize"]))
def test_the_last_incumbent_is_the_first_of_the_ranking(values, goal):
    trials = [trial(number, value) for number, value in enumerate(values)]
    trace, ranked = incumbent_trace(trials, goal), ranking(trials, goal)
    assert (trace.best[-1] if trace.best else None) == (value_of(ranked[0]) if ranked else None)
    assert gain(trials, goal).best == (trace.holders[-1] if trace.holders else None)


def test_a_paused_trial_counts_where_it_came_to_rest_and_may_hold_the_best_value():
    paused = replace(trial(2, 0.2, TrialState.PAUSED), ended_at=None, seconds=4.0)
    trials = [trial(1, 0.5, ended_at=10.0), paused, trial(3, 0.1, TrialState.RUNNING)]
    trace = incumbent_trace(trials, "minimize")
    assert (trace.numbers, trace.best) == ((2, 1), (0.2, 0.2))
    columns = TrialColumns(trials, "minimize")
    assert columns.numbers[columns.by_end].tolist() == [2, 1]
    assert columns.best_so_far.tolist() == [0.2, 0.2]

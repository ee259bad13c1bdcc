from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.analysis.audit import audit, wilson
from besom.records import Cause, Failure, Reason, Trial, TrialState


def trial(number, value, state=TrialState.FINISHED, ended_by=None, incumbent=None, is_audited=False):
    details = {} if incumbent is None else {"incumbent": incumbent}
    return Trial(
        "s", number, {}, Reason("model"), 0.0, state, 1.0, value,
        ended_by=Reason(ended_by) if ended_by else None,
        audited=Reason("asha", details=details) if is_audited else None,
    )  # fmt: skip


def audited(number, value, incumbent, state=TrialState.FINISHED):
    return trial(number, value, state, incumbent=incumbent, is_audited=True)


def test_audited_trials_are_held_against_the_incumbent_of_their_time_and_against_the_best_of_all_others():
    trials = [
        trial(1, 0.5),
        trial(2, 0.9, TrialState.STOPPED, "asha"),
        audited(3, 0.4, 0.5),  # better than the best then, but not than what came later
        trial(4, 0.3),
        audited(5, 0.6, 0.3),
        audited(6, 0.2, 0.3),
    ]
    found = audit(trials, "minimize")
    assert (found.stopped, found.audited, found.ended, found.wrong, found.lost) == (1, 3, 3, 2, 1)
    assert found.rate == pytest.approx(2 / 3)


def test_what_is_better_depends_on_the_goal():
    trials = [trial(1, 0.5), audited(2, 0.4, 0.5), audited(3, 0.6, 0.5)]
    assert audit(trials, "maximize").wrong == 1
    assert audit([trial(1, 0.5), audited(2, 0.6, 0.5)], "minimize").wrong == 0


def test_a_trial_that_had_no_incumbent_to_beat_was_stopped_wrongly():
    assert audit([audited(1, 0.4, None)], "minimize").wrong == 1


def test_audited_trials_that_failed_were_stopped_rightly_and_those_cut_off_or_under_way_tell_nothing():
    failed = replace(audited(1, None, 0.5, TrialState.FAILED), failure=Failure(Cause.SIGNAL))
    cut_off = replace(audited(2, 0.1, 0.5, TrialState.STOPPED), ended_by=Reason("budget"))
    found = audit([failed, cut_off, audited(3, 0.1, 0.5, TrialState.RUNNING)], "minimize")
    assert (found.stopped, found.audited, found.ended, found.wrong) == (0, 3, 1, 0)


def test_paused_trials_count_as_stopped_and_those_that_the_sweeps_end_cut_off_do_not():
    trials = [
        trial(1, 0.1, TrialState.PAUSED, "review"),
        trial(2, 0.1, TrialState.STOPPED, "median"),
        trial(3, 0.1, TrialState.STOPPED, "budget"),
        trial(4, 0.1, TrialState.STOPPED, "requested"),
    ]
    assert audit(trials, "minimize").stopped == 2


def test_a_few_audited_trials_are_too_few_to_tell_a_rate():
    nine = [audited(n, 0.9, 0.5) for n in range(9)]
    told = str(audit(nine, "minimize"))
    assert told == (
        "Audit: 0 of 9 trials let finish beat the incumbent of the time; too few to tell how many stops were wrong"
    )
    told = str(audit([*nine, audited(9, 0.1, 0.5)], "minimize"))
    assert told == (
        "Audit: 1 of 10 trials let finish beat the incumbent of the time: "
        "10 % of stops were wrong (95 %: 1.8 % to 40 %)"
    )


def test_without_audited_trials_there_is_nothing_to_say():
    assert str(audit([trial(1, 0.5)], "minimize")) == ""
    assert audit([], "minimize").rate is None


@pytest.mark.parametrize(
    ("hits", "of", "expected"),
    [(0, 10, (0.0, 0.27753)), (1, 10, (0.01788, 0.40415)), (81, 263, (0.25526, 0.36617)), (5, 5, (0.56552, 1.0))],
)
def test_the_interval_is_wilsons(hits, of, expected):
    assert wilson(hits, of) == pytest.approx(expected, abs=1e-4)


@given(st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(counts):
    hits, of = counts
    low, high = wilson(hits, of)
    assert 0.0 <= low < high <= 1.0
    assert of == 0 or low <= hits / of <= high

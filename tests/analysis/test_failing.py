"""Ways to fail: told apart by cause and by what was said, numbers aside."""

import pytest

from besom.analysis.failing import failure_kind, failure_kinds, failure_text
from besom.records import Cause, Failure, Reason, Trial, TrialState


def failed(number, failure):
    return Trial("s", number, {}, Reason("random"), 0.0, TrialState.FAILED, 1.0, failure=failure)


@pytest.mark.parametrize(
    ("failure", "text", "kind"),
    [
        (
            Failure(Cause.EXIT_CODE, "KeyError: 'lr'", exit_code=1),
            "exit code 1: KeyError: 'lr'",
            "exit code 1: KeyError: 'lr'",
        ),
        (
            Failure(
                Cause.EXIT_CODE, last_lines="Traceback\nValueError: got 3.5 of 0x7fe1 at step 12,000.\n", exit_code=2
            ),
            "exit code 2: ValueError: got 3.5 of 0x7fe1 at step 12,000.",
            "exit code 2: ValueError: got … of … at step ….",
        ),
        (Failure(Cause.SIGNAL, signal=9), "signal 9", "signal 9"),
        (
            Failure(Cause.CUDA_OUT_OF_MEMORY, "CUDA out of memory. Tried to allocate 2.50 GiB"),
            "CUDA out of memory. Tried to allocate 2.50 GiB",
            "CUDA out of memory. Tried to allocate … GiB",
        ),
        (Failure(Cause.EXCEPTION, "resnet50 is \x1b[31mnot\x1b[0m\nthere"), "", "exception: resnet50 is not there"),
    ],
)
def test_a_failure_is_told_by_its_cause_and_by_what_was_said(failure, text, kind):
    assert failure_kind(failure) == kind
    assert failure_text(failure) == (text or kind)


def test_what_is_very_long_is_cut():
    assert len(failure_kind(Failure(Cause.EXIT_CODE, "word " * 10_000, exit_code=1))) < 200


def test_trials_are_counted_by_the_way_in_which_they_failed_the_most_frequent_first():
    memory = [Failure(Cause.CUDA_OUT_OF_MEMORY, f"tried to allocate {size} GiB") for size in range(7)]
    key = Failure(Cause.EXIT_CODE, "KeyError: 'lr'", exit_code=1)
    trials = [failed(1, key), *(failed(2 + at, each) for at, each in enumerate(memory)), failed(9, key)]
    trials.append(Trial("s", 10, {}, Reason("random"), 0.0, TrialState.FINISHED, failure=key))  # failed, then did not
    assert [(kind.text, kind.count, kind.first) for kind in failure_kinds(trials)] == [
        ("CUDA out of memory: tried to allocate … GiB", 7, (2, 3, 4, 5, 6)),
        ("exit code 1: KeyError: 'lr'", 2, (1, 9)),
    ]
    assert failure_kinds([]) == ()

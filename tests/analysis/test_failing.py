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


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        (["stopped after 30 s"], "timeout: stopped after 30 s"),
        (["stopped after 30 s", "stopped after 30 s"], "timeout: stopped after 30 s"),
        (["at 3 GB of 25.3 GB", "at 4 GB of 25.3 GB", "at 3 GB of 25.3 GB"], "timeout: at … GB of 25.3 GB"),
        (["2 of 7", "3 of 8"], "timeout: … of …"),
        (["[Errno 2] No such file: 'nice -n 10 python3'"], "timeout: [Errno 2] No such file: 'nice -n 10 python3'"),
    ],
)
def test_only_numbers_that_differ_are_left_out_of_what_a_person_reads(messages, told):
    trials = [failed(at, Failure(Cause.TIMEOUT, message)) for at, message in enumerate(messages)]
    (kind,) = failure_kinds(trials)
    assert kind.told == told
    assert {failure_kind(trial.failure) for trial in trials} == {kind.text}  # by which they are found


def test_what_a_person_reads_of_many_long_messages_is_cut_and_one_without_a_cause_is_told():
    long = [failed(at, Failure(Cause.EXIT_CODE, f"at {at}: " + "word 1 " * 10_000, exit_code=1)) for at in range(3)]
    (kind,) = failure_kinds(long)
    assert len(kind.told) < 200
    assert [each.told for each in failure_kinds([failed(0, None)])] == ["failed"]

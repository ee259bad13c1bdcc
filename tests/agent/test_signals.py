"""What agents make of Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal

import pytest

from besom.agent import stop_on_signals


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_signal_asks_and_others_end_at_once(handlers):
    asked = []
    with stop_on_signals(asked.append):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
    assert asked == [False, True, True]
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_signals_do_not_break_off_the_end_of_a_process_that_one_has_ended(handlers):
    with stop_on_signals(lambda _: None, is_last=True):
        pass
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    with stop_on_signals(lambda _: None, is_last=True):
        signal.raise_signal(signal.SIGINT)
    for number in handlers:
        signal.raise_signal(number)

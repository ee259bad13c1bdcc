"""What a trial ended with."""

from __future__ import annotations

from typing import Any

import pytest

from besom.analysis.facts import summary_facts
from besom.analysis.summaries import summary_of
from besom.records import Run, RunState

FINISHED, FAILED, RUNNING = RunState.FINISHED, RunState.FAILED, RunState.RUNNING


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(FINISHED, {"acc": 0.5, "note": "a", "epoch": 3})], {"acc": 0.5, "note": "a", "epoch": 3}),
        (
            [(FINISHED, {"acc": 0.5, "note": "a", "epoch": 3}), (FINISHED, {"acc": 1.0, "note": "b", "epoch": 3})],
            {"acc": 0.75, "note": "b", "epoch": 3},
        ),
        ([(FINISHED, {"acc": 0.5}), (FINISHED, {"f1": 0.1, "acc": "none"})], {"acc": "none", "f1": 0.1}),
        ([(FINISHED, {"acc": 0.5}), (FAILED, {"acc": 0.1})], {"acc": 0.5}),
        ([(FAILED, {"acc": 0.5}), (RUNNING, {"acc": 0.1})], {"acc": 0.1}),
        ([(FINISHED, {"done": True}), (FINISHED, {"done": False})], {"done": False}),
        ([(FINISHED, None)], {}),
        ([], {}),
    ],
)
def test_numbers_are_means_over_finished_repeats(runs: list[tuple[RunState, Any]], expected: dict[str, Any]):
    made = [Run(f"r{at}", "s", 1, at, 0, at, "a", "q", 0.0, 1.0, state=state) for at, (state, _) in enumerate(runs)]
    summaries = {f"r{at}": summary for at, (_, summary) in enumerate(runs) if summary is not None}
    assert summary_of(made, summaries) == expected


def test_of_very_much_the_page_shows_the_first_and_says_how_much_is_left_out():
    facts = summary_facts({f"m{at}": at / 3 for at in range(1_050)})
    assert (len(facts), facts[1].text, facts[-1].text) == (41, "0.33333", "1,010 more")
    assert summary_facts({}) == ()

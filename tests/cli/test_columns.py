"""Tables in terminals that are too narrow for them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from besom.analysis.importance import Importance, Share
from besom.cli.columns import columns
from besom.cli.mattering import importance_table
from besom.cli.trialtable import sweep_table
from besom.records import Reason, Sweep, SweepState, Trial
from besom.service import Progress

LONG = "a very long name of a sweep that goes on and on, v2_final_FINAL_really_final"


def a_progress(sweep_id: str, name: str) -> Progress:
    best = Trial(sweep_id, 3, {}, Reason("model"), 0.0, value=0.27796)
    spent = {"trials": 2500.0}
    sweep = Sweep(sweep_id, {"name": name}, 1, 0.0, state=SweepState.FINISHED)
    return Progress(sweep, {"finished": 2500}, best, None, None, spent, spent)


@pytest.mark.parametrize("width", [64, 72, 80, 100])
def test_a_long_name_of_one_sweep_makes_room_for_state_spent_and_best_of_all(width: int) -> None:
    lines = sweep_table(
        [a_progress("k3f9a2xq", LONG), a_progress("big", "\N{CJK UNIFIED IDEOGRAPH-6383}" * 90)], 60.0, width
    )
    assert max(map(cell_len, lines)) <= width
    for line in lines[1:]:
        assert "finished" in line
        assert "2,500 of 2,500 trials" in line
        assert "0.2779" in line
    assert lines[1].startswith("k3f9a2xq  a very")
    assert ("1 min ago" in lines[1]) == (width >= 72)


def test_where_there_is_room_nothing_is_cut() -> None:
    lines = sweep_table([a_progress("k3f9a2xq", LONG)], 60.0)
    assert LONG in lines[1]
    assert lines == sweep_table([a_progress("k3f9a2xq", LONG)], 60.0, 200)


def test_columns_give_way_in_their_order_and_go_in_the_other() -> None:
    header, rows = ["id", "name", "value", "age"], [["1", "n" * 20, "0.25", "long ago indeed"]]
    assert columns(header, rows, (2,), 36, (1, 3))[1] == "1   nnnnnnn…   0.25  long ago indeed"
    assert columns(header, rows, (2,), 30, (1, 3))[1] == "1   nnnnnnn…   0.25  long ago…"
    assert columns(header, rows, (2,), 26, (1, 3))[1] == "1   nnnnnnnnnnnnnn…   0.25"
    assert columns(header, rows, (2,), 12, (1, 3))[1] == "1    0.25"
    assert columns(header, rows, (2,), 6, (1, 3))[1] == "1…"


def test_a_long_parameter_makes_room_for_its_share() -> None:
    shares = tuple(Share((name,), share, 0.01) for name, share in (("p" * 90, 0.75), ("lr", 0.25)))
    told = Importance(shares, trials=30)
    lines = importance_table(told, "loss", 80)
    assert lines[1].split("…")[1].split()[:4] == ["75", "%", "±", "1"]
    assert max(map(len, lines[:3])) <= 80

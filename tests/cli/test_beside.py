"""What a new sweep says of the unfinished ones of its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from besom.cli.beside import unfinished_beside
from besom.records import Sweep, SweepState

FILE: dict[str, Any] = {"method": "random", "run_cap": 4, "parameters": {"x": {"min": 0.0, "max": 1.0}}}
SWEEP = Sweep("s1", FILE, 1, 10.0, folder="/here")
END = "go on with it by `besom run s1`, or end it by `besom stop s1`"


def test_what_has_ended_or_lies_elsewhere_is_not_spoken_of() -> None:
    ended = replace(SWEEP, state=SweepState.FINISHED)
    assert unfinished_beside([ended, replace(SWEEP, folder="/there")], "/here", FILE) == ""


def test_the_newest_is_named_and_others_are_counted() -> None:
    older = replace(SWEEP, id="s0", created_at=1.0)
    paused = replace(SWEEP, state=SweepState.PAUSED)
    assert unfinished_beside([paused, older], "/here", {**FILE, "method": "bayes"}) == (
        f"sweep s1 of this folder is paused still, and 1 more are unfinished (besom status); {END}"
    )


def test_the_one_of_the_same_program_and_parameters_is_named_though_others_are_newer() -> None:
    file = {**FILE, "program": "a.py"}
    same = replace(SWEEP, file={**file, "method": "grid"})
    other_space = replace(same, id="s2", created_at=20.0, file={**file, "parameters": {"y": {"min": 0.0, "max": 1.0}}})
    other_program = replace(same, id="s3", created_at=30.0, file={**file, "program": "b.py"})
    others = "and 2 more are unfinished (besom status)"
    said = unfinished_beside([same, other_space, other_program], "/here", file)
    assert said == f"sweep s1 of this folder is running still, {others}; {END}"
    limited = replace(same, created_at=1.0, file={**file, "run_cap": 2})
    said = unfinished_beside([limited, replace(same, id="s2"), other_program], "/here", file)
    assert f"{others}; only limits differ: set them by `besom budget s1 --trials 4`, then {END}" in said
    assert "sweep s2" in unfinished_beside([other_space, other_program], "/here", file)


@pytest.mark.parametrize(
    ("changes", "spent", "options"),
    [
        ({"run_cap": 3}, {}, "--trials 3"),
        ({"besom": {"budget": {"trials": 2, "gpu_hours": 0.5}}}, {}, "--trials 2 --gpu-hours 0.5"),
        ({"run_cap": 1_000_000}, {}, "--trials 1000000"),
        ({"run_cap": 6}, {"trials": 6.0}, ""),
        ({"run_cap": None}, {}, "--trials none"),
        ({"run_cap": None}, {"trials": None}, ""),
        ({"run_cap": 3}, {"trials": None}, "--trials 3"),
        ({"run_cap": 3, "besom": {"seed": 1}}, {}, ""),
        ({"run_cap": 3, "name": "other"}, {}, ""),
    ],
)
def test_limits_that_differ_alone_can_be_set(
    changes: dict[str, Any], spent: dict[str, float | None], options: str
) -> None:
    said = unfinished_beside([replace(SWEEP, budget=spent)], "/here", {**FILE, **changes})
    limits = f"only limits differ: set them by `besom budget s1 {options}`, then " if options else ""
    assert said == f"sweep s1 of this folder is running still; {limits}{END}"

"""Trials that stand out at a rung go on, whatever the model thinks of them."""

import math
from dataclasses import replace

from curve_histories import MOST, PLANE, Play, history, seen, training

from besom.records import Observation, Status
from besom.search.promotion import next_promoted
from besom.search.shown import Ladder
from besom.space import Space

SPACE = Space.from_file(PLANE)
LADDER = Ladder.to(MOST)
FIRST, SECOND, THIRD = (LADDER.rung(part) for part in (1 / 17, 3 / 17, 9 / 17))


def came_to(rung: float, *values: float, status: Status = Status.PAUSED) -> list[Observation]:
    """Trials that came to the `rung` with these values, from beginnings of their own."""
    return [seen(i, {"x": i / 99, "y": 0.5}, [9.0 + i, *[v] * (int(rung) - 1)], status) for i, v in enumerate(values)]


def promoted(observations: list[Observation]) -> tuple[int, float] | None:
    found = next_promoted(history(SPACE, observations), LADDER)
    return found and (found[0].trial, found[1])


def test_the_best_of_nine_at_a_rung_goes_on_to_the_next() -> None:
    values = [5.0, 4.0, 3.0, 1.0, 2.0, 6.0, 7.0, 8.0, 9.0]
    assert promoted(came_to(FIRST, *values[:8])) is None
    assert promoted(came_to(FIRST, *values)) == (3, SECOND)
    assert promoted(came_to(SECOND, *values)) == (3, THIRD)
    assert promoted(came_to(THIRD, *values)) == (3, MOST)


def test_of_equals_none_goes_on_before_there_is_room_for_all() -> None:
    tied = [1.0, 1.0, *map(float, range(2, 18))]
    assert promoted(came_to(FIRST, *tied[:9])) is None
    assert promoted(came_to(FIRST, *tied)) == (0, SECOND)


def test_only_who_waits_goes_on() -> None:
    told = came_to(FIRST, *map(float, range(9)))
    for change in (
        {"status": Status.PENDING},
        {"status": Status.FAILED},
        {"status": Status.STOPPED, "ended_by": "requested"},
    ):
        assert promoted([replace(told[0], **change), *told[1:]]) is None
    assert promoted([replace(told[0], status=Status.STOPPED), *told[1:]]) == (0, SECOND)


def test_who_went_on_already_makes_no_room_for_the_second() -> None:
    told = came_to(FIRST, *map(float, range(9)))
    further = seen(0, told[0].config, [9.0] + [0.0] * (int(SECOND) - 1), Status.PAUSED)
    assert promoted([further, *told[1:]]) is None


def test_what_counts_is_what_was_shown_at_the_rung() -> None:
    told = came_to(FIRST, *map(float, range(9)))
    fell_later = seen(8, told[8].config, [9.0, 8.0, *[-5.0] * (int(SECOND) - 2)], Status.PAUSED)
    assert promoted([*told[:8], fell_later]) == (0, SECOND)


def test_a_value_that_is_not_finite_stands_behind_all_others() -> None:
    told = came_to(FIRST, *map(float, range(9)))
    diverged = seen(0, told[0].config, [math.nan] * int(FIRST), Status.PAUSED)
    assert promoted([diverged, *told[1:]]) == (1, SECOND)


def test_no_new_trial_is_begun_while_another_stands_out() -> None:
    play = Play(SPACE, training, can_resume=True)
    for _ in range(60):
        before, known = list(play.observations), len(play.observations)
        play.run(1)
        is_new = len(play.observations) > known
        if is_new and known >= 5:
            assert next_promoted(history(SPACE, before), LADDER) is None
    assert play.resumed

import pytest
from curve_histories import history

from besom.records import Observation, Reason, Status
from besom.search.contract import StopWhen
from besom.search.ending import reason_to_end
from besom.space import Space

SPACE = Space.from_file({"x": {"min": 0.0, "max": 1.0}})


def end(rule: StopWhen | None, gains: list[float | None], noise: float = 0.1) -> str | None:
    """Whether the search ends at the last of `gains`, the others being those of the trials before."""
    details = [{} if gain is None else {"expected_gain": gain} for gain in gains]
    told = [Observation(i, {"x": i / 99}, Status.FINISHED, value=1.0, details=d) for i, d in enumerate(details[:-1])]
    return reason_to_end(history(SPACE, told, stop_when=rule), Reason("model", details=details[-1]), noise)


def test_without_a_rule_it_never_ends() -> None:
    assert end(None, [0.0] * 99) is None


def test_it_ends_when_the_gain_was_below_the_noise_as_often_as_asked() -> None:
    assert end(StopWhen(decisions=3), [0.5, 0.05, 0.04, 0.03]) == (
        "the expected gain was below the noise (0.1) in 3 suggestions in a row, now 0.03"
    )


def test_it_ends_when_the_gain_was_below_what_was_asked_for() -> None:
    assert end(StopWhen(gain=0.2, decisions=2), [0.15, 0.15]) == (
        "the expected gain was below the 0.2 asked for in 2 suggestions in a row, now 0.15"
    )


@pytest.mark.parametrize(
    "gains",
    [
        [0.05, 0.05],
        [0.05, 0.5, 0.05],
        [0.05, 0.05, 0.5],
        [0.05, None, 0.05],
        [0.05, 0.05, None],
        [0.1, 0.1, 0.1],
        [0.05],
    ],
    ids=["too few", "one large before", "large now", "one of the design", "none now", "just as large", "the first"],
)
def test_it_goes_on_while_the_row_is_not_full(gains: list[float | None]) -> None:
    assert end(StopWhen(decisions=3), gains) is None


def test_one_suggestion_may_be_enough() -> None:
    assert end(StopWhen(decisions=1), [0.01]) is not None
    assert end(StopWhen(decisions=1), [0.01, 0.5]) is None

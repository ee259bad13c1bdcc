import pytest
import strategy_suite
from strategy_suite import StrategySuite, observed

from besom.records import Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History, Suggestion
from besom.space import Space


class TestGrid(StrategySuite):
    name = "grid"
    large = strategy_suite.BIG_GRID


def test_cells_come_in_the_order_of_wandbs_grid_and_then_the_grid_is_exhausted() -> None:
    space = Space.from_file(strategy_suite.SMALL_GRID)
    observations: list[Observation] = []
    while isinstance(suggestion := load_strategy("grid").ask(History(space, observations, 0)), Suggestion):
        observations.append(observed(suggestion, len(observations), status=Status.PENDING))
    assert [observation.config for observation in observations] == [space.cell(i) for i in range(12)]
    assert isinstance(suggestion, Exhausted)
    assert "12" in suggestion.why


def test_a_cell_given_as_baseline_is_skipped() -> None:
    space = Space.from_file(strategy_suite.SMALL_GRID)
    baselines = [Observation(i, space.cell(i), Status.FAILED, phase="baseline") for i in (0, 1)]
    suggestion = load_strategy("grid").ask(History(space, baselines, 0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == space.cell(2)


@pytest.mark.parametrize("last", [0, 5_000_000, 99_999_998])
def test_a_grid_of_a_hundred_million_cells_goes_on_from_where_it_was(last: int) -> None:
    space = Space.from_file({f"p{i}": {"values": list(range(10))} for i in range(8)})
    before = Observation(0, space.cell(last), Status.FINISHED, phase="grid", details={"cell": last})
    suggestion = load_strategy("grid").ask(History(space, [before], 0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == space.cell(last + 1)

import numpy as np
import pytest
from curve_histories import history

from besom.records import Observation, Status
from besom.search.contract import History
from besom.search.costs import Costs
from besom.space import Space

SPACE = Space.from_file({"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}})


def timed(seconds, n: int = 30, **known) -> History:
    """Trials that took `seconds` (of a configuration) for each unit of fidelity."""
    configs = SPACE.sample(np.random.default_rng(0), n)
    told = [
        Observation(i, config, Status.FINISHED, value=1.0, fidelity=1.0 + i, seconds=(1.0 + i) * seconds(config))
        for i, config in enumerate(configs)
    ]
    return history(SPACE, told, **known)


AT = SPACE.encode([{"x": x, "kind": "a"} for x in (0.1, 0.5, 0.9)])


def test_times_that_grow_by_a_power_are_learnt() -> None:
    learnt = Costs(timed(lambda c: 5 * 30 ** c["x"], n=60, cost="seconds")).per_fidelity(AT)
    np.testing.assert_allclose(learnt, 5 * 30 ** np.array([0.1, 0.5, 0.9]), rtol=0.5)


def test_the_level_of_times_is_not_shrunk() -> None:
    learnt = Costs(timed(lambda _: 1e6, cost="seconds")).per_fidelity(AT)
    np.testing.assert_allclose(learnt, 1e6, rtol=1e-3)


def test_where_fidelity_is_counted_every_unit_costs_one() -> None:
    assert (Costs(timed(lambda c: 30 ** c["x"], cost="fidelity")).per_fidelity(AT) == 1).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_trials_say_nothing_of_times(n: int) -> None:
    assert (Costs(timed(lambda c: 30 ** c["x"], n=n, cost="seconds")).per_fidelity(AT) == 1).all()


def test_trials_without_a_time_say_nothing() -> None:
    assert (Costs(timed(lambda _: 0.0, cost="seconds")).per_fidelity(AT) == 1).all()


@pytest.mark.parametrize("seconds", [5e-324, 1e-300, 1e300])
def test_absurd_times_give_positive_costs(seconds: float) -> None:
    costs = Costs(timed(lambda _: seconds, cost="seconds")).per_fidelity(AT)
    assert np.isfinite(costs).all()
    assert (costs > 0).all()

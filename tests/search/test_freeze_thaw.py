import math
import time
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from curve_histories import MOST, PLANE, Play, ask, rebuilt, review, seen, training
from strategy_suite import BIG_GRID, FAILURE, MIXED, SMALL_GRID

from besom.records import Curve, Observation, Status
from besom.search.contract import Suggestion
from besom.search.curve_model import _fitted
from besom.space import Space

FIFTY = {f"x{i}": {"min": 0.0, "max": 1.0} for i in range(50)}
STATUSES = (Status.PAUSED, Status.PENDING, Status.FINISHED, Status.STOPPED, Status.FAILED)

VALUES = {
    "constant": lambda i, t: 1.0,
    "every second NaN": lambda i, t: math.nan if t % 2 else 1 / t,
    "all NaN": lambda i, t: math.nan,
    "infinities": lambda i, t: (-1) ** i * math.inf if i % 3 else float(t),
    "scale of a million": lambda i, t: 1e6 * (-1.5) ** i / t,
    "largest floats": lambda i, t: 1.7e308 * (-1) ** (i + t),
    "one lowest float, then ones": lambda i, t: 1.0 if t > 1 else -1.7e308,
    "smallest floats": lambda i, t: 5e-324 * (i + t),
    "differences of the last bit": lambda i, t: 1.0 + (i + t) * 2.3e-16,
    "diverging": lambda i, t: 10.0 ** min(20 * i * t, 300),
    "ordinary": lambda i, t: math.sin(i) + 1 / t,
}
LENGTHS = {
    "short": lambda i: 1 + i % 3,
    "mixed": lambda i: (i * 7) % 28,
    "full": lambda i: 27,
    "past the end": lambda i: 40,
}


def drawn(space: Space, n: int, values, length, status) -> list[Observation]:
    configs = space.sample(np.random.default_rng(0), n)
    told = []
    for i, config in enumerate(configs):
        told.append(seen(i, config, [values(i, t + 1) for t in range(length(i))], status(i)))
        if told[-1].status is Status.FAILED:
            told[-1] = replace(told[-1], value=None, failure=FAILURE)
    return told


def decided(space: Space, observations: list[Observation], **known: object) -> None:
    """Asks, and reviews some of those under way: nothing raises, what is suggested exists and can be run."""
    suggestion = ask(space, observations, **known)
    if isinstance(suggestion, Suggestion):
        assert space.is_feasible(suggestion.config)
        if suggestion.resume is None:
            space.validate(suggestion.config)
        else:
            waiting = next(o for o in observations if o.trial == suggestion.resume)
            assert waiting.status in (Status.PAUSED, Status.STOPPED)
            assert (suggestion.until or MOST) > waiting.fidelity
    for o in [o for o in observations if o.status is Status.PENDING and o.curve][:2]:
        decision = review(space, observations, o.trial, **known)
        assert decision.until is None or decision.until > o.fidelity


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("can_resume", [False, True])
@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_any_curves_lead_to_decisions(values, length, can_resume: bool) -> None:
    space = Space.from_file(MIXED)
    for status in (lambda i: STATUSES[i % 5], lambda i: Status.PAUSED, lambda i: Status.PENDING):
        decided(space, drawn(space, 9, values, length, status), can_resume=can_resume)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("can_resume", [False, True])
@pytest.mark.parametrize(
    "points",
    [
        [(9.0, 1.0), (3.0, 2.0), (20.0, 0.5), (4.0, 0.1), (4.0, 0.2)],
        [(5.0, 0.5)] * 10,
        [(26.9999999999999, 1.0)],
        [(-5.0, 1.0), (0.0, 2.0), (1e300, 3.0)],
        [(math.nan, 1.0), (math.inf, 2.0), (3.0, 1.0)],
        [(0.5, 1.0)],
    ],
    ids=["unsorted", "repeated", "nearly at the end", "negative and huge", "no numbers", "below the least"],
)
@pytest.mark.parametrize("status", [Status.PAUSED, Status.PENDING])
def test_any_fidelities_lead_to_decisions(points: list[tuple[float, float]], status: Status, can_resume: bool) -> None:
    space = Space.from_file(MIXED)
    told = drawn(space, 8, VALUES["ordinary"], lambda i: 3, lambda i: status)
    shown = [replace(o, curve=Curve((t, y + o.trial) for t, y in points)) for o in told]
    decided(space, [replace(o, fidelity=max(t for t, _ in points if t < 1e9)) for o in shown], can_resume=can_resume)
    decided(space, [replace(o, config=told[0].config) for o in shown], can_resume=can_resume)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_few_trials_of_any_status_lead_to_a_new_one(n: int, status: Status) -> None:
    space = Space.from_file(MIXED)
    suggestion = ask(space, drawn(space, n, VALUES["constant"], lambda i: 0, lambda i: status))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.reason.phase == "initial design"
    assert suggestion.until == 3


@pytest.mark.parametrize(
    ("parameters", "n", "length"), [(MIXED, 1000, 27), (MIXED, 130, 5), (FIFTY, 60, 12)], ids=["1000", "130", "d = 50"]
)
@pytest.mark.parametrize("status", [Status.PAUSED, Status.PENDING, Status.FINISHED])
def test_many_trials_and_many_parameters_are_decided_on_in_time(parameters, n, length, status: Status) -> None:
    space = Space.from_file(parameters)
    n = min(n, 130) if status is Status.PENDING else n  # nobody has a thousand agents
    told = drawn(space, n, VALUES["ordinary"], lambda i: 1 + (i * 7) % length, lambda i: status)
    ask(space, told)  # fits, which is remembered
    _fitted.cache_clear()
    begun = time.process_time()
    decided(space, told, can_resume=True)
    # One ask, up to two reviews and two fits; each has a second, on a machine that others keep busy.
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("can_resume", [False, True])
def test_a_space_of_one_configuration_is_trained_to_its_end(can_resume: bool) -> None:
    space = Space.from_file({"a": {"value": 1}, "b": {"values": ["only"]}})
    play = Play(space, lambda config, t: 1 / t, can_resume=can_resume).run(9)
    assert [o.fidelity for o in play.observations] == [MOST]
    assert play.ended is not None


@pytest.mark.parametrize("can_resume", [False, True])
def test_a_space_of_three_configurations_has_its_best_trained_to_the_end(can_resume: bool) -> None:
    space = Space.from_file({"a": {"values": [1, 2, 3]}})
    play = Play(space, lambda config, t: config["a"] + 1 / t, can_resume=can_resume).run(20)
    best = min(play.observations, key=lambda o: o.config["a"])
    assert best.status is Status.FINISHED
    assert play.ended is not None


@pytest.mark.parametrize("parameters", [SMALL_GRID, BIG_GRID])
def test_no_configuration_of_a_grid_is_begun_twice_and_a_small_one_comes_to_an_end(parameters) -> None:
    space = Space.from_file(parameters)
    play = Play(space, lambda config, t: sum(map(len, map(str, config.values()))) + 1 / t, can_resume=True).run(60)
    assert (play.ended is not None) == (parameters is SMALL_GRID)


def test_conditions_and_constraints_are_kept() -> None:
    space = Space.from_file(
        {"kind": {"values": ["a", "b"]}, "x": {"min": 0.0, "max": 1.0}, "y": {"values": [1, 2, 3, 4]}},
        when={"y": {"kind": "b"}},
        constraints=["x <= 0.8"],
    )
    play = Play(space, lambda config, t: config["x"] + config.get("y", 2) / t, can_resume=True).run(20)
    assert any("y" not in o.config for o in play.observations)
    assert all(space.is_feasible(o.config) for o in play.observations)


@pytest.mark.parametrize("has_points", [False, True])
def test_sixteen_agents_get_sixteen_configurations(has_points: bool) -> None:
    space = Space.from_file(MIXED)
    observations = drawn(space, 8, VALUES["ordinary"], lambda i: 3 + i, lambda i: Status.PAUSED)
    number = count(8)
    for _ in range(16):
        suggestion = ask(space, observations, can_resume=True)
        assert isinstance(suggestion, Suggestion)
        if suggestion.resume is not None:
            observations[suggestion.resume] = replace(observations[suggestion.resume], status=Status.PENDING)
        else:
            values = [1.0] if has_points else []
            observations.append(seen(next(number), suggestion.config, values, Status.PENDING))
    under_way = [space.key(o.config) for o in observations if o.status is Status.PENDING]
    assert len(under_way) == len(set(under_way)) == 16


def test_trials_told_from_elsewhere_may_repeat_configurations() -> None:
    space = Space.from_file(MIXED)
    told = drawn(space, 6, VALUES["ordinary"], lambda i: 27, lambda i: Status.FINISHED)
    decided(space, [replace(told[i % 6], trial=i) for i in range(18)])


@pytest.mark.parametrize("can_resume", [False, True])
def test_a_restart_changes_no_decision(can_resume: bool) -> None:
    space = Space.from_file(MIXED)
    told = drawn(space, 12, VALUES["ordinary"], lambda i: 1 + i, lambda i: STATUSES[i % 5])
    first = ask(space, told, can_resume=can_resume), review(space, told, 6, can_resume=can_resume)
    _fitted.cache_clear()
    again, fresh = rebuilt(told), Space.from_file(MIXED)
    assert (ask(fresh, again, can_resume=can_resume), review(fresh, again, 6, can_resume=can_resume)) == first


def test_a_sweep_played_again_is_the_same_sweep() -> None:
    first, second = (Play(Space.from_file(PLANE), training, can_resume=True, seed=3).run(12) for _ in range(2))
    assert first.observations == second.observations
    assert first.resumed == second.resumed

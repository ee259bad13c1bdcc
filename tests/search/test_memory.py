"""What does not fit into memory is learnt from the peaks of all trials: nobody runs out of it again and again."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from curve_histories import MOST, seen

from besom.records import Cause, Config, Failure, Observation, Status
from besom.search import load_strategy
from besom.search.contract import Exhausted, History
from besom.search.failures import Failures
from besom.search.memory import Memory
from besom.search.moves import categories_of
from besom.space import Space

SIZES = {
    "width": {"distribution": "q_log_uniform_values", "min": 64, "max": 4096},
    "depth": {"distribution": "q_log_uniform_values", "min": 2, "max": 32},
    "batch": {"distribution": "q_log_uniform_values", "min": 16, "max": 1024},
    "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
}
SPACE = Space.from_file(SIZES)
ROOM = 8.0


def peak(config: Config) -> float:
    return 0.4 + config["width"] * config["depth"] * config["batch"] * 4e-6


def loss(config: Config) -> float:
    """Better the larger: the best that fits needs all the room that there is."""
    size = 3 * math.log(config["width"]) + 3 * math.log(config["depth"]) + math.log(config["batch"])
    return 5 - 0.1 * size + 0.3 * (math.log10(config["lr"]) + 2) ** 2


def measured(trial: int, config: Config, room: float = ROOM, **more: Any) -> Observation:
    """How a trial ends on a GPU with so much memory."""
    used = peak(config) * (1 + 0.02 * math.sin(77 * trial))
    if used <= room:
        return Observation(trial, config, Status.FINISHED, loss(config), resources={"gpu_memory_gb_peak": used}, **more)
    failure = Failure(Cause.CUDA_OUT_OF_MEMORY, needed_gb=min(used, 1.1 * room), limit_gb=room)
    return Observation(
        trial, config, Status.FAILED, failure=failure, resources={"gpu_memory_gb_peak": 0.97 * room}, **more
    )


def forgetful(o: Observation) -> Observation:
    """A trial of which nothing is known but that it ran out."""
    failure = o.failure and replace(o.failure, needed_gb=None, limit_gb=None)
    return replace(o, resources={}, failure=failure)


def played(method: str, seed: int, n: int, *, remembers: bool = True) -> list[Observation]:
    observations: list[Observation] = []
    for i in range(n):
        suggestion = load_strategy(method).ask(History(SPACE, observations, seed))
        assert not isinstance(suggestion, Exhausted)
        found = measured(i, suggestion.config, phase=suggestion.reason.phase, details=suggestion.reason.details)
        observations.append(found if remembers else forgetful(found))
    return observations


def ran_out(observations: list[Observation]) -> int:
    return sum(o.status is Status.FAILED for o in observations)


def memory_of(observations: list[Observation], space: Space = SPACE) -> Memory:
    return Memory(space, observations, categories_of(space))


def some(n: int, room: float = ROOM) -> list[Observation]:
    return [measured(i, config, room) for i, config in enumerate(SPACE.sample(np.random.default_rng(1), n))]


def test_bayes_runs_out_of_memory_seldom_and_still_finds_the_best_that_fits() -> None:
    knowing = [played("bayes", seed, 50) for seed in range(2)]
    forgetting = [played("bayes", seed, 50, remembers=False) for seed in range(2)]
    assert max(map(ran_out, knowing)) <= 8
    assert sum(map(ran_out, knowing)) <= sum(map(ran_out, forgetting)) / 2
    for observations, others in zip(knowing, forgetting, strict=True):
        best = min((o for o in observations if o.value is not None), key=lambda o: o.value or 0.0)
        assert best.resources["gpu_memory_gb_peak"] > 0.85 * ROOM
        assert best.value is not None
        assert best.value < min(o.value for o in others if o.value is not None) + 0.02


def test_random_draws_what_fits_once_a_trial_ran_out() -> None:
    knowing, forgetting = (ran_out(played("random", 0, 60, remembers=knows)) for knows in (True, False))
    assert knowing <= forgetting / 2
    assert forgetting > 10


def test_a_draw_that_was_replaced_for_want_of_memory_says_so() -> None:
    observations = some(40)
    texts = set()
    for seed in range(20):
        drawn, asked = (
            load_strategy("random").ask(History(SPACE, seen, seed))
            for seen in ([forgetful(o) for o in observations], observations)
        )
        assert not isinstance(drawn, Exhausted)
        assert not isinstance(asked, Exhausted)
        replaced = asked.config != drawn.config
        assert asked.reason.text.startswith("A draw, in place of one that would not fit") == replaced
        texts.add(asked.reason.text)
    assert len(texts) == 2


def test_trainings_with_learning_curves_keep_clear_of_it_too() -> None:
    observations: list[Observation] = []
    for i in range(30):
        suggestion = load_strategy("bayes").ask(History(SPACE, observations, 0, until_max=MOST))
        assert not isinstance(suggestion, Exhausted)
        found = measured(i, suggestion.config, phase=suggestion.reason.phase, details=suggestion.reason.details)
        if found.value is not None:
            values = [found.value + 1 / t for t in range(1, 28)]
            found = seen(i, found.config, values, Status.FINISHED, resources=found.resources)
        observations.append(found)
    assert ran_out(observations) <= 6


def test_one_trial_that_ran_out_is_enough_for_what_needs_as_much() -> None:
    finished = [o for o in some(40) if o.status is Status.FINISHED][:8]
    large = {"width": 2048, "depth": 16, "batch": 256, "lr": 0.01}
    larger, small = {**large, "width": 4096}, {**large, "width": 128}
    memory = memory_of([*finished, measured(40, large)])
    log_chance = memory.log_chance(SPACE.encode([large, larger, small]))
    assert np.isneginf(log_chance[:2]).all()
    assert log_chance[2] > math.log(0.9)


def test_without_a_trial_that_ran_out_nothing_is_learnt() -> None:
    finished = [o for o in some(40) if o.status is Status.FINISHED]
    assert (memory_of(finished).log_chance(SPACE.encode([o.config for o in finished])) == 0.0).all()


def test_on_machines_of_two_sizes_the_chance_is_that_of_meeting_a_large_one() -> None:
    configs = SPACE.sample(np.random.default_rng(2), 120)
    observations = [measured(i, config, 4.0 if i % 2 else 16.0) for i, config in enumerate(configs)]
    memory = memory_of(observations)
    needs = {2.0: (0.8, 1.0), 60.0: (0.0, 0.0)}
    for need, (least, most) in needs.items():
        width = round((need - 0.4) / (16 * 256 * 4e-6))
        chance = memory.log_chance(SPACE.encode([{"width": width, "depth": 16, "batch": 256, "lr": 0.01}]))
        assert least <= math.exp(chance[0]) <= most, need


def test_what_ran_out_far_below_the_limit_met_something_else_and_is_a_failure_like_others() -> None:
    finished = [o for o in some(40) if o.status is Status.FINISHED][:8]
    at = {"width": 80, "depth": 2, "batch": 16, "lr": 0.01}
    failure = Failure(Cause.HOST_OUT_OF_MEMORY, limit_gb=64.0)
    strange = Observation(40, at, Status.FAILED, failure=failure, resources={"memory_gb_peak": 1.0})
    memory = memory_of([*finished, strange])
    assert not memory.knows(strange)
    chance = Failures(SPACE, [*finished, strange], categories_of(SPACE)).log_chance(SPACE.encode([at]))
    assert chance[0] < math.log(0.9)


@pytest.mark.parametrize("needed", [8000.0, 0.019])
@pytest.mark.parametrize("seed", [1, 7])
def test_where_the_need_leaps_to_all_there_is_what_fails_is_not_suggested_again_and_again(needed, seed) -> None:
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
    observations: list[Observation] = []
    for i in range(20):
        asked = load_strategy("bayes").ask(History(space, observations, seed))
        assert not isinstance(asked, Exhausted)
        x, peak = asked.config["x"], {"memory_gb_peak": 0.019}
        failure = Failure(Cause.HOST_OUT_OF_MEMORY, needed_gb=needed, limit_gb=25.3) if x > 0.45 else None
        status, value = (Status.FAILED, None) if failure else (Status.FINISHED, (x - 0.9) ** 2)
        observations.append(Observation(i, asked.config, status, value, failure=failure, resources=peak))
    failed = [o.config["x"] for o in observations if o.failure]
    assert max(sum(abs(x - other) < 1e-3 for other in failed) for x in failed) <= 3
    assert ran_out(observations) <= 12
    assert 0.44 < max(o.config["x"] for o in observations if not o.failure) <= 0.45


def test_what_ran_out_where_the_model_expects_it_to_fit_is_a_failure_like_others() -> None:
    space = Space.from_file({"x": {"min": 0.0, "max": 1.0}})
    peak = {"memory_gb_peak": 0.019}
    leaps = [0.48, 0.6, 0.85]
    observations = [
        *(Observation(i, {"x": x}, Status.FINISHED, x, resources=peak) for i, x in enumerate([0.1, 0.23, 0.35])),
        *(
            Observation(
                9 + i, {"x": x}, Status.FAILED, failure=Failure(Cause.HOST_OUT_OF_MEMORY, "", 1, None, "", 8e3, 25.3)
            )
            for i, x in enumerate(leaps)
        ),
    ]
    memory = memory_of(observations, space)
    is_out = np.isneginf(memory.log_chance(space.encode([{"x": x} for x in leaps])))
    assert [memory.knows(o) for o in observations[3:]] == is_out.tolist() == [False, True, True]


def test_without_a_known_limit_the_peak_at_which_it_died_is_one() -> None:
    finished = [o for o in some(60) if o.status is Status.FINISHED]
    died = [o for o in some(60) if o.status is Status.FAILED]
    killed = [
        replace(
            o,
            failure=Failure(Cause.HOST_OUT_OF_MEMORY),
            resources={"memory_gb_peak": o.resources["gpu_memory_gb_peak"]},
        )
        for o in died
    ]
    on_host = [replace(o, resources={"memory_gb_peak": o.resources["gpu_memory_gb_peak"]}) for o in finished]
    memory = memory_of([*on_host, *killed])
    assert np.isneginf(memory.log_chance(SPACE.encode([o.config for o in died]))).mean() > 0.9
    assert np.isneginf(memory.log_chance(SPACE.encode([o.config for o in finished]))).mean() < 0.2


@pytest.mark.parametrize("n", [1, 2])
def test_a_single_trial_that_fitted_is_no_trouble(n: int) -> None:
    small = {"width": 64, "depth": 2, "batch": 16, "lr": 0.01}
    large = {"width": 4096, "depth": 32, "batch": 1024, "lr": 0.01}
    observations = [measured(0, small), measured(1, large)][:n]
    assert not np.isnan(memory_of(observations).log_chance(SPACE.encode([small, large]))).any()

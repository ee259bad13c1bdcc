import numpy as np
import pytest

from benchmarks.search.tasks import synthetic, trainings
from benchmarks.search.tasks.references import references
from benchmarks.search.tasks.spaces import draw, neighbour, place
from benchmarks.search.tasks.task import Task
from benchmarks.search.tasks.trained import boosting, convolution, gridworld, letters
from besom.sweepfile import parse

TASKS = {task.name: task for task in synthetic.load() + trainings.load()}
SYNTHETIC = [name for name in TASKS if not name.startswith("trainings/")]
every_task = pytest.mark.parametrize("name", TASKS)


def ended(task: Task, config: dict) -> float:
    return task.truth(config) if task.truth else float(task.curve(config)[-1])


@every_task
def test_a_configuration_has_one_finite_curve_whatever_the_types_and_the_order_of_its_values(name):
    task = TASKS[name]
    config = draw(task.space, np.random.default_rng(3))
    curve = task.curve(config)
    assert curve.shape == (task.max_epochs,)
    assert np.isfinite(curve).all()
    assert task.seconds(config) > 0
    as_numpy = {
        key: np.float64(value) if isinstance(value, float) else value for key, value in reversed(config.items())
    }
    np.testing.assert_array_equal(task.curve(as_numpy), curve)


@every_task
def test_the_best_configuration_that_is_known_shows_what_it_is_said_to(name):
    task, known = TASKS[name], references()[name]
    span = abs(known["best"] - known["worst"])
    assert ended(task, known["config"]) == pytest.approx(known["best_end"], abs=0.01 * span)
    assert task.regret(known["best"]) == 0
    assert task.regret(known["best_end"]) < 0.08
    assert task.regret(known["worst"]) == pytest.approx(1)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_random_configurations_have_a_median_regret_of_one_and_none_beats_the_best(name):
    task, rng = TASKS[name], np.random.default_rng(11)
    values = [ended(task, draw(task.space, rng)) for _ in range(300)]
    assert 0.7 < np.median([task.regret(value) for value in values]) < 1.4
    assert not any(task.is_better(value, task.best) for value in values)


@every_task
def test_besom_reads_the_space(name):
    goal = {"name": "metric", "goal": TASKS[name].goal}
    parse({"method": "random", "metric": goal, "parameters": TASKS[name].space})


@every_task
def test_draws_and_neighbours_stay_in_the_space(name):
    space, rng = TASKS[name].space, np.random.default_rng(5)
    for _ in range(20):
        config = draw(space, rng)
        for inside in (config, neighbour(space, config, 0.5, rng)):
            at = place(space, inside)
            assert at.min() >= -1e-12
            assert at.max() <= 1 + 1e-12
        assert neighbour(space, config, 0.5, rng).keys() == config.keys()


def check_slopes(layers, slopes, loss):
    """Compare each array's slope with a central difference along a random direction."""
    rng = np.random.default_rng(1)
    for layer, slope in zip(layers, slopes, strict=True):
        way, before = rng.standard_normal(layer.shape), layer.copy()
        sides = []
        for sign in (1, -1):
            layer[:] = before + sign * 1e-6 * way
            sides.append(loss())
        layer[:] = before
        assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(float((slope * way).sum()), rel=1e-3, abs=1e-7)


def test_the_convolution_descends_the_slope_of_its_loss():
    rng = np.random.default_rng(0)
    patches = convolution._patches(rng.random((20, 64))).astype(float)
    y = rng.integers(0, 10, 20)
    layers = [rng.normal(0, 0.5, (10, 3)), rng.normal(0, 0.5, (28, 10))]
    slopes = convolution._slopes(layers, patches, np.eye(10)[y], 0.0, rng)
    check_slopes(layers, slopes, lambda: convolution._loss(layers, patches, y))


def test_the_model_of_letters_descends_the_slope_of_its_loss():
    rng = np.random.default_rng(0)
    layers = [rng.normal(0, 0.5, shape) for shape in ((29, 4), (12, 4), (4, 29), (1, 29))]
    rows, y = rng.integers(0, 29, (40, 3)), rng.integers(0, 29, 40)
    slopes = letters._slopes(layers, rows, y, np.float32(0))
    check_slopes(layers, slopes, lambda: letters._loss(layers, rows, y))


def test_a_tree_of_one_level_splits_where_trying_every_split_says():
    rng = np.random.default_rng(4)
    codes, g = rng.integers(0, 8, (60, 3)), rng.standard_normal(60)
    config = {
        "max_bin": 8,
        "max_depth": 1,
        "subsample": 1.0,
        "colsample": 1.0,
        "min_child_weight": 3.0,
        "reg_lambda": 0.7,
        "gamma": 0.0,
    }
    tried = {}
    for feature in range(3):
        for cut in range(7):
            is_left = codes[:, feature] <= cut
            if min(is_left.sum(), (~is_left).sum()) >= 3:
                sides = [np.where(side, -g[side].sum() / (side.sum() + 0.7), 0.0) for side in (is_left, ~is_left)]
                tried[feature, cut] = (
                    sum(g[side].sum() ** 2 / (side.sum() + 0.7) for side in (is_left, ~is_left)),
                    sum(sides),
                )
    best = max(tried.values(), key=lambda one: one[0])[1]
    np.testing.assert_allclose(boosting._tree(codes, g, np.ones(60), config, rng), best)


def test_the_return_of_a_policy_is_what_walking_by_it_earns_on_average():
    to, rewards, is_end = gridworld._grid()
    rng = np.random.default_rng(2)
    policy = np.where(np.arange(64) % 8 == 7, 2, 1)
    walkers = 20_000
    at, is_over, earned = np.zeros(walkers, int), np.zeros(walkers, bool), np.zeros(walkers)
    for step in range(300):
        slips = rng.random(walkers) < 0.12
        at = np.where(is_over, at, to[at, np.where(slips, rng.integers(0, 4, walkers), policy[at])])
        earned += np.where(is_over, 0.0, rewards[at]) * (1 - 1 / 50) ** step
        is_over |= is_end[at]
    assert gridworld._return(policy) == pytest.approx(earned.mean(), abs=4 * earned.std() / np.sqrt(walkers))

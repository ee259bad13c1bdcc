"""What frameworks ask of W&B's client, asked by scripts that need no framework, under a sweep.

The frameworks themselves train in real_integrations.py, which scripts/test-wandb-integrations runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from besom.records import Trial
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from wandb_user import PYTHON, Started, configs_of, environment, needs, rows_of, sweep_of

CALLS = Path(__file__).parent / "calls"
METRICS = {
    "transformers_trainer": ("learning_rate", "eval/loss"),
    "lightning_logger": ("lr", "val/loss"),
    "keras_logger": ("lr", "epoch/val_loss"),
}

pytestmark = pytest.mark.wandb


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    needs("wandb.sdk")
    with serve_in_thread(Home(tmp_path_factory.mktemp("home"))) as served:
        yield served


@pytest.fixture(scope="module")
def started(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, Started]]]:
    """The id of each sweep, and its agent; side by side."""
    folder = tmp_path_factory.mktemp("scripts")
    env = environment(server, folder)
    agents = {}
    for name, (parameter, metric) in METRICS.items():
        file = {
            "program": str(CALLS / f"{name}.py"),
            "method": "random",
            "metric": {"name": metric, "goal": "minimize"},
            "parameters": {parameter: {"min": 0.1, "max": 0.2}},
        }
        sweep_id = server.driver.create_sweep({"entity": "e", "project": "p", **file}).id
        agent = [str(PYTHON), "-m", "wandb", "agent", "--count", "1", f"e/p/{sweep_id}"]
        agents[name] = (sweep_id, Started(agent, folder, env, folder / f"{name}.log"))
    name = "transformers_search"
    agents[name] = ("", Started([str(PYTHON), str(CALLS / f"{name}.py")], folder, env, folder / f"{name}.log"))
    yield agents
    for _, agent in agents.values():
        agent.kill()


def only_trial(server: Server, agent: tuple[str, Started]) -> Trial:
    sweep_id, process = agent
    process.said()
    (trial,) = server.driver.trials(sweep_id)
    assert trial.state == "finished"
    return trial


def test_a_trainer_of_hugging_face_may_log_to_a_sweep(server: Server, started: dict[str, tuple[str, Started]]):
    trial = only_trial(server, started["transformers_trainer"])
    rate = trial.config["learning_rate"]

    assert trial.value == 2 * (rate / 20)
    assert rows_of(server, trial, "train/global_step", "eval/loss") == [(10, 2 * (rate / 10)), (20, 2 * (rate / 20))]
    assert [step for (step,) in rows_of(server, trial, "train/global_step")] == [5, 10, 10, 15, 20, 20, 20]
    (config,) = configs_of(server, trial)
    assert (config["learning_rate"], config["model/num_parameters"]) == (rate, 4242)
    assert config["id2label"] == {"0": "LABEL_0"}


def test_the_logger_of_lightning_may_log_to_a_sweep(server: Server, started: dict[str, tuple[str, Started]]):
    trial = only_trial(server, started["lightning_logger"])
    rate = trial.config["lr"]

    assert trial.value == rate / 3
    expected = [(9, rate / 1), (19, rate / 2), (29, rate / 3)]
    assert rows_of(server, trial, "trainer/global_step", "val/loss") == expected


def test_the_callbacks_for_keras_may_log_to_a_sweep(server: Server, started: dict[str, tuple[str, Started]]):
    trial = only_trial(server, started["keras_logger"])
    rate = trial.config["lr"]

    assert trial.value == 2 * (rate / 3)
    assert rows_of(server, trial, "epoch/epoch", "epoch/loss") == [(0, rate / 1), (1, rate / 2), (2, rate / 3)]
    assert [step for (step,) in rows_of(server, trial, "batch/batch_step")] == list(range(12))


def test_hugging_face_may_search_by_a_sweep(server: Server, started: dict[str, tuple[str, Started]]):
    sweep = sweep_of(server, started["transformers_search"][1].said())
    trials = server.driver.trials(sweep.id)

    assert [trial.state for trial in trials] == ["finished", "finished"]
    assert [trial.value for trial in trials] == [2 * trial.config["learning_rate"] for trial in trials]
    for trial in trials:
        assert [step for (step,) in rows_of(server, trial, "train/global_step")] == [5, 10, 10]

"""Frameworks that log through W&B's client, each with a small training of its own under `wandb agent`.

They are large: scripts/test-wandb-integrations makes an environment that has them, and runs this file in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from besom.records import Trial
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from wandb_user import PYTHON, Started, configs_of, environment, rows_of, sweep_of

TRAININGS = Path(__file__).parent / "trainings"
MORE = {"KERAS_BACKEND": "torch", "WANDB_LOG_MODEL": "checkpoint", "WANDB_WATCH": "all", "TF_CPP_MIN_LOG_LEVEL": "3"}
LOG_UNIFORM = {"distribution": "log_uniform_values", "min": 0.0003, "max": 0.03}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path_factory.mktemp("home"))) as served:
        yield served


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts the client's Python with words, where and as a user would."""
    processes: list[Started] = []

    def started(*words: str) -> Started:
        env = {**environment(server, tmp_path), **MORE}
        processes.append(Started([str(PYTHON), *words], tmp_path, env, tmp_path / "said"))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()


def trials_of(server: Server, start: Callable[..., Started], program: str, **file: Any) -> list[Trial]:
    """Two trials of a sweep, which must both have ended well with the value of their last evaluation."""
    content = {"entity": "e", "project": "p", "method": "random", "program": str(TRAININGS / program), **file}
    sweep = server.driver.create_sweep(content)
    start("-m", "wandb", "agent", "--count", "2", f"e/p/{sweep.id}").said()

    trials = server.driver.trials(sweep.id)
    assert [trial.state for trial in trials] == ["finished", "finished"]
    metric = file["metric"]["name"]
    for trial in trials:
        assert trial.value is not None
        assert math.isfinite(trial.value)
        assert [trial.value] == [value for (value,) in rows_of(server, trial, metric)][-1:]
    return trials


def models_of(server: Server, trial: Trial) -> list[str]:
    """Names of the models that a trial's run has logged as artifacts."""
    (run,) = [run for run in server.driver.runs(trial.sweep_id) if run.trial == trial.number]
    code = (
        f"import wandb; print('MODELS', *(a.name for a in wandb.Api().run('e/p/{run.id}').logged_artifacts() "
        "if a.type == 'model'))"
    )
    env = environment(server, server.home.path)
    told = Started([str(PYTHON), "-c", code], server.home.path, env, server.home.path / "said").said()
    return next(line for line in told.splitlines() if line.startswith("MODELS")).split()[1:]


def test_the_trainer_of_hugging_face(server: Server, start: Callable[..., Started]):
    trials = trials_of(
        server,
        start,
        "transformers_trainer.py",
        metric={"name": "eval/loss", "goal": "minimize"},
        parameters={"learning_rate": LOG_UNIFORM, "per_device_train_batch_size": {"values": [32, 64]}},
    )
    for trial in trials:
        (config,) = configs_of(server, trial)
        assert {name: config[name] for name in trial.config} == trial.config
        assert config["model/num_parameters"] > 0
        steps = [step for (step,) in rows_of(server, trial, "train/global_step")]
        assert steps == sorted(steps)
        epochs = [epoch for epoch, _ in rows_of(server, trial, "train/epoch", "eval/accuracy")]
        assert epochs == [1, 2, 2]
        assert len(models_of(server, trial)) == 4  # the architecture, two checkpoints, the end


def test_the_search_of_hugging_face(server: Server, start: Callable[..., Started]):
    said = start(str(TRAININGS / "transformers_search.py")).said()
    trials = server.driver.trials(sweep_of(server, said).id)
    _, _, best, rate = next(line for line in said.splitlines() if line.startswith("BEST ")).split()

    assert [trial.state for trial in trials] == ["finished", "finished"]
    values = {trial.config["learning_rate"]: trial.value for trial in trials}
    assert values[float(rate)] == min(values.values()) == float(best)


def test_the_logger_of_lightning(server: Server, start: Callable[..., Started]):
    trials = trials_of(
        server,
        start,
        "lightning_logger.py",
        metric={"name": "val/loss", "goal": "minimize"},
        parameters={"lr": LOG_UNIFORM, "hidden": {"values": [16, 32]}},
    )
    for trial in trials:
        (config,) = configs_of(server, trial)
        assert {name: config[name] for name in trial.config} == trial.config
        assert [step for step, _ in rows_of(server, trial, "trainer/global_step", "val/accuracy")] == [18, 37, 56]
        assert len(rows_of(server, trial, "train/loss")) == 11
        assert models_of(server, trial)
        assert rows_of(server, trial, "predictions")
        assert rows_of(server, trial, "digits")


def test_the_callbacks_for_keras(server: Server, start: Callable[..., Started]):
    trials = trials_of(
        server,
        start,
        "keras_logger.py",
        metric={"name": "epoch/val_loss", "goal": "minimize"},
        parameters={"lr": LOG_UNIFORM, "hidden": {"values": [16, 32]}},
    )
    for trial in trials:
        rows = rows_of(server, trial, "epoch/epoch", "epoch/learning_rate")
        assert [epoch for epoch, _ in rows] == [0, 1, 2]
        assert [rate for _, rate in rows] == pytest.approx([trial.config["lr"]] * 3)
        assert models_of(server, trial)


def test_the_callback_for_xgboost_and_the_pictures_for_scikit_learn(server: Server, start: Callable[..., Started]):
    trials = trials_of(
        server,
        start,
        "xgboost_callback.py",
        metric={"name": "validation_0-mlogloss", "goal": "minimize"},
        parameters={"eta": {"min": 0.05, "max": 0.5}, "max_depth": {"values": [1, 2, 3]}},
    )
    for trial in trials:
        assert [epoch for (epoch,) in rows_of(server, trial, "epoch")] == list(range(20))
        assert models_of(server, trial)

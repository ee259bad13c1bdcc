"""Files as W&B's users have them, run by W&B's own client against a server of ours: examples/wandb_client."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from besom import sweepfile
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from wandb_user import PYTHON, Started, configs_of, environment, needs, sweep_of

EXAMPLES = Path(__file__).parent.parent / "examples" / "wandb_client"
FOLDERS = {folder.name: folder for folder in sorted(EXAMPLES.iterdir()) if folder.is_dir()}
SCRIPTS = [path for folder in FOLDERS.values() for path in sorted(folder.glob("*.py")) if path.name != "work.py"]
UNLIMITED = {"fixed_arguments"}
"""As users write it: nothing but the agent's --count ends a random search."""
EPOCHS = 120
SCRIPT = f"""
import time

import wandb

with wandb.init() as run:
    for epoch in range(1, {EPOCHS} + 1):
        print(f"epoch {{epoch}}.")
        run.log({{"epoch": epoch, "loss": run.config.level / epoch}})
        assert run.config.level, "nothing to learn"
        time.sleep(0.25 if run.config.level > 5 else 0)  # the bad one is slow enough to be stopped
"""

pytestmark = pytest.mark.wandb
SWEEP = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"level": {"values": [1, 2, 9, 0]}},
    "early_terminate": {"type": "hyperband", "min_iter": 4, "eta": 2},
}


@dataclass(frozen=True)
class Expected:
    """What a folder's `start.sh` is to do with COUNT: so many trials, and the best value between two others."""

    count: int
    trials: int
    best: tuple[float, float]
    types: dict[str, type]


EXPECTED = {
    "fixed_arguments": Expected(
        2, 2, (0, 21), {"eta0": float, "alpha": float, "penalty": str, "standardise": bool, "average": bool}
    ),
    "hydra": Expected(
        2,
        2,
        (0.9, 1),
        {
            "optimizer.lr": float,
            "optimizer.weight_decay": float,
            "model.hidden": int,
            "model.activation": str,
            "data.batch_size": int,
        },
    ),
    "json_epochs": Expected(
        2,
        2,
        (0.4, 1),
        {"lr": float, "momentum": float, "dropout": float, "batch_size": int, "filters": int, "epochs": int},
    ),
    "lists_of_lists": Expected(2, 2, (0.95, 1), {"hidden_layer_sizes": list, "betas": list, "activation": str}),
    "slurm": Expected(1, 3, (35, 80), {"lr": float, "width": int, "layers": int, "fold": int}),
    "subprocess": Expected(2, 2, (0.01, 0.9), {"lr": float, "alpha": float, "batch_size": int, "shuffle": bool}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    needs("wandb.sdk", "sklearn")
    with serve_in_thread(Home(tmp_path_factory.mktemp("home"))) as served:
        yield served


@pytest.fixture(scope="module")
def started(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Started]]:
    """All of them side by side, since agents mostly wait: each `start.sh`, each script by hand, and our own agent."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    (folder / "train.py").write_text(SCRIPT)
    own = server.driver.create_sweep(SWEEP, str(folder)).id
    env = environment(server, folder)
    commands = {name: ([str(folder / name / "start.sh")], {"COUNT": str(EXPECTED[name].count)}) for name in EXPECTED}
    for script in SCRIPTS:
        run = {"WANDB_RUN_ID": "by-hand", "WANDB_PROJECT": script.parent.name}
        commands[script.parent.name + " by hand"] = ([str(PYTHON), str(script)], run)
    agent = [sys.executable, "-m", "besom", "agent", own, "--folder", str(folder / "runs")]
    commands[own] = (agent, {"BESOM_SERVER": server.address, "PYTHONPATH": os.pathsep.join(sys.path)})
    processes = {
        name: Started(command, folder, {**env, **more}, folder / f"{name}.log")
        for name, (command, more) in commands.items()
    }
    yield processes
    for process in processes.values():
        process.kill()


def test_every_folder_is_run_here():
    assert set(FOLDERS) == set(EXPECTED)
    assert all(os.access(folder / "start.sh", os.X_OK) for folder in FOLDERS.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_free_of_errors_and_of_undeserved_warnings(name: str):
    (file,) = FOLDERS[name].glob("sweep.*")
    report = sweepfile.check(file)

    assert report.errors == ()
    assert ["got no limit" in warning for warning in report.warnings] == [True] * (name in UNLIMITED)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_user_types_runs_the_sweep(server: Server, started: dict[str, Started], name: str):
    expected = EXPECTED[name]
    sweep = sweep_of(server, started[name].said())
    trials = server.driver.trials(sweep.id)

    ends = {"finished", "stopped"} if "early_terminate" in sweep.file else {"finished"}
    assert len(trials) == expected.trials
    assert {trial.state for trial in trials} <= ends
    values = [trial.value for trial in trials if trial.value is not None and math.isfinite(trial.value)]
    assert len(values) == expected.trials
    is_maximised = sweep.file["metric"]["goal"] == "maximize"
    low, high = expected.best
    assert low <= (max(values) if is_maximised else min(values)) <= high
    for trial in trials:
        assert {parameter: type(value) for parameter, value in trial.config.items()} == expected.types
        (told,) = configs_of(server, trial)
        assert {parameter: told[parameter] for parameter in trial.config} == trial.config
        kinds = {parameter: type(told[parameter]) for parameter in trial.config}
        # The client tells of 0.0 as 0.
        assert {**kinds, **{name: float for name, kind in expected.types.items() if kind is float}} == expected.types


def test_what_the_command_passes_is_what_the_trial_has(server: Server, started: dict[str, Started]):
    sweep = sweep_of(server, started["hydra"].said())

    for trial in server.driver.trials(sweep.id):
        (told,) = configs_of(server, trial)
        for parameter, value in trial.config.items():
            group, name = parameter.split(".")
            assert told[group][name] == value  # as the script read it from `optimizer.lr=…`


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_script_runs_by_hand(server: Server, started: dict[str, Started], script: Path):
    started[f"{script.parent.name} by hand"].said()

    (run,) = [run for run in server.driver.store.tracked_runs() if run.name == "by-hand" and run.program == str(script)]
    assert (run.state, run.sweep_id) == ("finished", "")
    assert run.history.count > 0


def test_our_own_agent_runs_scripts_of_the_client_too_and_stops_them_early(server: Server, started: dict[str, Started]):
    (sweep,) = [sweep for sweep in server.driver.sweeps() if sweep.id in started]
    started[sweep.id].said()

    trials = server.driver.trials(sweep.id)
    ends = [(trial.state, trial.config["level"]) for trial in trials]
    assert ends == [("finished", 1), ("finished", 2), ("stopped", 9), ("failed", 0)]
    assert [trial.value for trial in trials[:2]] == [1 / EPOCHS, 2 / EPOCHS]
    assert "nothing to learn" in str(trials[3].failure)
    for run in server.driver.runs(sweep.id):
        rows = list(server.driver.store.rows(run.id))
        fewest, most = {3: (4, EPOCHS - 1), 4: (1, 1)}.get(run.trial, (EPOCHS, EPOCHS))
        assert fewest <= len(rows) <= most
        level = trials[run.trial - 1].config["level"]
        assert [row["loss"] for row in rows] == [level / epoch for epoch in range(1, len(rows) + 1)]
        told = server.driver.store.output(run.id, 0)
        assert all(told.count(f"epoch {epoch}.\n") == 1 for epoch in range(1, len(rows) + 1))
        assert told.count("Syncing run") == 1

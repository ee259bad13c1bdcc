"""Every example runs: those with a sweep file by `besom run` with a small budget, the others as they are.

Those of W&B's client need the client: test_users_files.py runs them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parent.parent / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__")
OF_THE_CLIENT = EXAMPLES / "wandb_client"
SWEEPS = [folder for folder in FOLDERS if (folder / "sweep.yaml").exists()]
SCRIPTS = [script for folder in FOLDERS if folder not in SWEEPS for script in sorted(folder.glob("*.py"))]
TRIALS = 2


def name_of(path: Path) -> str:
    return path.name if path.is_dir() else f"{path.parent.name}/{path.name}"


def besom(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "besom", *arguments], home)


def run(command: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BESOM_HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=home, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("folder", SWEEPS, ids=name_of)
def test_a_sweep_file_is_free_of_errors_and_warnings(folder: Path, home: Path):
    report = json.loads(besom(home, "check", str(folder / "sweep.yaml"), "--json").stdout)
    assert (report["errors"], report["warnings"]) == ([], [])


@pytest.mark.parametrize("folder", SWEEPS, ids=name_of)
def test_a_sweep_runs_to_its_end(folder: Path, home: Path, tmp_path: Path):
    copy = Path(shutil.copytree(folder, tmp_path / folder.name))
    content = yaml.safe_load((copy / "sweep.yaml").read_text())
    content["besom"]["budget"] = {"trials": TRIALS}
    (copy / "sweep.yaml").write_text(yaml.safe_dump(content))

    besom(home, "run", str(copy / "sweep.yaml"))

    trials = json.loads(besom(home, "trials", "--json").stdout)
    assert len(trials) == TRIALS
    assert {trial["state"] for trial in trials} <= {"finished", "paused", "stopped"}
    assert all(trial["value"] is not None for trial in trials)
    assert list(home.glob("sweeps/*/report.html"))


@pytest.mark.parametrize("folder", SWEEPS, ids=name_of)
def test_a_script_of_a_sweep_runs_by_hand(folder: Path, home: Path):
    run([sys.executable, str(folder / "train.py")], home)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_script_runs(script: Path, home: Path):
    run([sys.executable, str(script)], home)


def test_every_example_was_found():
    assert SWEEPS
    assert SCRIPTS
    assert set(FOLDERS) == {*SWEEPS, *(script.parent for script in SCRIPTS), OF_THE_CLIENT}

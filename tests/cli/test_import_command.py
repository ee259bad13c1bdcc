"""`besom import wandb` from end to end: files on disk, a home or a server, and the commands that read what came in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from besom.server.home import Home
from besom.server.serve import serve_in_thread

PAGE = '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","opt","acc","val/loss"\n' + "".join(
    f'"swift-{n}","{state}","-","me","","2024-03-0{n}T10:00:00.000Z","{10 * n}","s1",'
    f'"{10.0**-n}","{opt}","0.{n}","{loss}"\n'
    for n, (state, opt, loss) in enumerate(
        [("finished", "sgd", 0.5), ("finished", "adam", 0.25), ("crashed", "sgd", ""), ("finished", "sgd", "NaN"),
         ("killed", "adam", 0.75), ("running", "adam", 0.125)], 1
    )
)  # fmt: skip
SWEEP = """\
program: train.py
method: bayes
metric: {name: val/loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform_values, min: 0.00001, max: 0.1}
  net: {parameters: {layers: {min: 1, max: 4}}}
besom: {fidelity: {max: 9}}
"""


class Place:
    def __init__(self, path: Path) -> None:
        self.path, self.home = path, path / "home"

    def besom(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BESOM_", "WANDB_"))}
        done = subprocess.run(
            [sys.executable, "-m", "besom", *words],
            capture_output=True, text=True, check=False, cwd=self.path, timeout=60,
            env={**kept, "BESOM_HOME": str(self.home), "NO_COLOR": "1"},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.besom(*words, "--json").stdout)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "runs.csv").write_text(PAGE)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return Place(tmp_path)


def test_a_table_becomes_a_finished_sweep_once(place: Place) -> None:
    words = ("import", "wandb", "runs.csv", "--metric", "val/loss", "--goal", "minimize")
    for wanting, told in ((3, "there are acc, val/loss (in 5 runs)"), (5, "--goal: needs minimize or maximize")):
        assert told in place.besom(*words[:wanting], code=2).stderr
    planned = place.besom(*words, "--dry-run")
    assert "5 runs would become sweep" in planned.stdout
    assert "(2 failed, 2 finished, 1 stopped)" in planned.stdout
    assert not (place.home / "besom.db").exists()
    done = place.besom(*words)
    assert "(2 failed, 2 finished, 1 stopped)" in done.stdout
    assert "lr   log_uniform_values  min: 1e-6, max: 0.1" in done.stdout
    assert "1 of 6 runs are left out:\n  swift-6: is running" in done.stderr
    (place.path / "copy.csv").write_text(PAGE)
    again = place.besom("import", "wandb", "copy.csv", *words[3:], "--name", "other")
    assert "5 runs already imported, nothing was changed" in again.stdout
    (found,) = place.json("status")
    assert (found["sweep"]["name"], found["sweep"]["state"]) == ("s1", "finished")
    trials = place.json("trials")
    assert [(each["state"], each["value"], each["seconds"]) for each in trials] == [
        ("finished", 0.5, 10),
        ("finished", 0.25, 20),
        ("failed", None, 30),
        ("failed", None, 40),
        ("stopped", 0.75, 50),
    ]
    assert [each["failure"]["cause"] for each in trials if each["failure"]] == ["agent lost", "metric not finite"]
    assert place.json("best")["config"] == {"lr": 0.01, "opt": "adam"}
    assert "measured as swift-2" in place.besom("show", "--trial", "2").stdout
    assert Path(place.besom("report").stdout.strip()).exists()
    other = place.besom("import", "wandb", "runs.csv", "--metric", "acc", "--goal", "maximize")
    assert "5 of these 5 runs are in sweep" in other.stderr


def test_an_import_without_a_sweep_file_is_neither_resumed_nor_run(place: Place) -> None:
    place.besom("import", "wandb", "runs.csv", "--metric", "val/loss", "--goal", "minimize")
    (found,) = place.json("status")
    sweep = found["sweep"]["id"]
    for words in (("resume", sweep), ("resume", sweep, "--trial", "5")):
        assert "--sweep sweep.yaml" in place.besom(*words, code=2).stderr
    assert "has ended" in place.besom("run", sweep, code=2).stderr
    assert "needs a program" in place.besom("agent", sweep, code=2).stderr
    assert place.json("status")[0]["sweep"]["state"] == "finished"
    assert len(place.json("trials")) == 5


def runs(count: int) -> str:
    told = [
        {
            "id": f"id{n}",
            "name": f"swift-{n}",
            "state": "finished",
            "created_at": 1.7e9 + n,
            "sweep": "s1" if n % 2 else "s2",
            "config": {"lr": {"value": 0.5 if n == 4 else 0.01 / n}, "net": {"layers": 2}, "data": "cifar"},
            "summary": {"val/loss": 1 / n, "epoch": 3, "_runtime": 60.0},
            "history": [{"_step": at, "epoch": at + 1, "val/loss": 1 / n + 2 - at} for at in range(3)],
        }
        for n in range(1, count + 1)
    ]
    return "\n".join(map(json.dumps, told))


def test_histories_come_in_by_a_sweep_file_over_a_server(place: Place) -> None:
    (place.path / "runs.jsonl").write_text(runs(6))
    words = ("import", "wandb", "runs.jsonl", "--sweep", "sweep.yaml")
    with serve_in_thread(Home(place.path / "served")) as server:
        reach = ("--server", server.address)
        assert "s1 (3 runs)" in place.besom(*words, *reach, code=2).stderr
        told = place.json(*words, "--sweep-id", "all", *reach)
        assert (told["is_new"], told["trials"]) == (True, {"finished": 5})
        assert told["left_out"] == [{"run": "swift-4 (id4)", "why": "lr has a number in [1e-05, 0.1], got 0.5"}]
        sweep = server.driver.sweep(told["id"])
        assert (sweep.started_at, sweep.ended_at, sweep.folder) == (1.7e9 + 1, 1.7e9 + 66, str(place.path))
        best = server.driver.trial(sweep.id, 5)
        assert (best.config, best.fidelity, best.reason.details["id"]) == (
            {"lr": 0.01 / 6, "net": {"layers": 2}}, 3.0, "id6",
        )  # fmt: skip
        curves = server.driver.curves(sweep.id, "val/loss", x="epoch")
        assert [len(curve.x) for curve in curves] == [3] * 5
        assert place.json(*words, "--sweep-id", "all", *reach)["is_new"] is False


def test_nothing_to_import_is_an_error_that_says_why(place: Place) -> None:
    (place.path / "runs.jsonl").write_text(runs(6))
    (place.path / "narrow.yaml").write_text(SWEEP.replace("max: 0.1", "max: 0.0001"))
    words = ("import", "wandb", "runs.jsonl", "--sweep", "narrow.yaml", "--sweep-id", "s1")
    assert "got none: swift-1 (id1) lr has a number in [1e-05, 0.0001], got 0.01" in place.besom(*words, code=2).stderr
    assert "wandb" in place.besom("import", "optuna", "runs.jsonl", code=2).stderr

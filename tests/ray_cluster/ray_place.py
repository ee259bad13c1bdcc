"""A folder with a training, a home and a server, from which sweeps are submitted to a Ray cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from two_nodes import TwoNodes, eventually

from besom.records import Run, Trial
from besom.server.connect import connect
from marked_processes import marked_processes

TRAIN = """
import json, os, pathlib, time
import besom

HERE = pathlib.Path(__file__).parent
run = besom.init()
saved = besom.checkpoint_dir() / "epoch"
begun = int(saved.read_text()) if saved.exists() else 0
node, gpu = os.environ["RAY_RAYLET_PID"], os.environ.get("CUDA_VISIBLE_DEVICES")
(HERE / f"story-{run.id}.json").write_text(json.dumps({"trial": run.trial, "begun": begun, "node": node, "gpu": gpu}))
for epoch in range(begun + 1, 5):
    while (HERE / "hold").exists() and epoch > 2:
        time.sleep(0.02)
    besom.log({"epoch": epoch, "loss": run.config["x"] + 1 / epoch})
    saved.with_suffix(".part").write_text(str(epoch))
    saved.with_suffix(".part").replace(saved)
"""
"""Writes down where it runs. While there is a file `hold` it goes no further than two of its four epochs."""


class RayPlace:
    """Where a user of the cluster works."""

    def __init__(self, folder: Path, cluster: TwoNodes) -> None:
        self.folder, self.cluster = folder, cluster
        self.home = folder / "home"
        self.file = folder / "sweep.json"
        places = {"BESOM_HOME": str(self.home), "RAY_ADDRESS": cluster.address}
        self._environ = {**os.environ, **places, "OMP_NUM_THREADS": "1"}
        (folder / "train.py").write_text(TRAIN)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "besom", "server", "--port", "0"],
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually((self.home / "server.json").exists, "the server listens")

    def close(self) -> None:
        self._server.send_signal(signal.SIGTERM)
        self._server.wait(20)

    def submit(self, *words: str, run_cap: int) -> dict[str, Any]:
        """What `besom ray submit` answers of a sweep of so many trials, held at the third epoch until `let_go`."""
        (self.folder / "hold").touch()
        content = {
            "program": "train.py",
            "command": [sys.executable, "${program}"],
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "run_cap": run_cap,
            "besom": {"seed": 5, "grace": 3, "lease": 10, "checkpoints": True},
        }
        self.file.write_text(json.dumps(content))
        answer: dict[str, Any] = json.loads(self.besom("submit", str(self.file), "--json", *words))
        return answer

    def let_go(self) -> None:
        (self.folder / "hold").unlink()

    def besom(self, *words: str, code: int = 0) -> str:
        """A command of `besom ray`, to its end: standard output, or what it said of its error."""
        done = subprocess.run(
            [sys.executable, "-m", "besom", "ray", *words],
            env=self._environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr + self.logs()
        return done.stderr if code else done.stdout

    def standing(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.besom("status", "--json"))
        return found

    def runs(self) -> list[Run]:
        with connect(home=self.home) as service:
            return service.runs(service.sweeps()[0].id)

    def trials(self) -> list[Trial]:
        with connect(home=self.home) as service:
            return service.trials(service.sweeps()[0].id)

    def epochs(self, trial: int) -> list[int]:
        """Every epoch that was logged of a trial, in the order of its runs."""
        with connect(home=self.home) as service:
            runs = service.runs(service.sweeps()[0].id, trial)
            return [row["epoch"] for run in runs for row in service.rows(run.id)]

    def stories(self) -> list[dict[str, Any]]:
        """Where each run was executed, in the order of their begin."""
        files = sorted(self.folder.glob("story-*.json"), key=lambda path: path.stat().st_mtime)
        return [json.loads(path.read_text()) for path in files]

    def await_held(self, count: int) -> None:
        """Wait until so many runs have logged the two epochs that they may, and have saved them."""
        eventually(lambda: self._held() >= count, f"{count} runs wait")

    def _held(self) -> int:
        return sum(run.state == "running" and run.fidelity >= 2 for run in self.runs())

    def await_end(self) -> None:
        """Wait until the sweep has ended and has left nothing in the cluster."""
        eventually(self._has_ended, "the sweep ends")
        self.await_nothing_left()

    def _has_ended(self) -> bool:
        with connect(home=self.home) as service:
            return service.sweeps()[0].state == "finished"

    def await_nothing_left(self) -> None:
        eventually(lambda: not self.cluster.actors(), "every actor has ended")
        eventually(lambda: not self.processes(), "no process is left")

    def processes(self) -> list[int]:
        """Processes of the home's agents and trainings, but for the server's."""
        return [pid for pid in marked_processes("BESOM_HOME", self.home) if pid != self._server.pid]

    def logs(self) -> str:
        """All that agents have said."""
        return "\n".join(f"{path}:\n{path.read_text()}" for path in sorted(self.home.glob("sweeps/*/ray/*/logs/*")))

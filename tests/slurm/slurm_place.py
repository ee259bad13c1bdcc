"""A folder with a training, a home and a server, from which sweeps are submitted to a cluster."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from cluster import GPUS, Cluster, eventually

from besom.cli import main
from besom.records import Run, Trial
from besom.server.connect import connect
from marked_processes import marked_processes

TRAIN = """
import json, os, pathlib, time
import besom

HERE = pathlib.Path(__file__).parent
run = besom.init()
saved = besom.checkpoint_dir() / "epoch"
begun = int(saved.read_text()) if KEEPS and saved.exists() else 0
node, gpu = os.environ.get("SLURMD_NODENAME"), os.environ.get("CUDA_VISIBLE_DEVICES")
story = {"trial": run.trial, "begun": begun, "node": node, "gpu": gpu, "folder": os.environ["BESOM_RUN_DIR"]}
(HERE / f"story-{run.id}.json").write_text(json.dumps(story))
if run.config["x"] > 0.8:
    hog = b"x" * (HOG_MB << 20)
    time.sleep(60 if HOG_MB else 0)
for epoch in range(begun + 1, EPOCHS + 1):
    while (HERE / "hold").exists() and epoch > 2:
        time.sleep(0.02)
    besom.log({"epoch": epoch, "loss": run.config["x"] + 1 / epoch})
    if KEEPS:
        saved.with_suffix(".part").write_text(str(epoch))
        saved.with_suffix(".part").replace(saved)
    time.sleep(PACE_S)
"""
"""Writes down where it runs. While there is a file `hold` it goes no further than two epochs."""


class Place:
    """Where a user of the cluster works."""

    def __init__(self, folder: Path, home: Path, cluster: Cluster) -> None:
        self.folder, self.home, self.cluster = folder, home, cluster
        self.file = folder / "sweep.json"
        self.sweep = ""

    def enter(self, patch: pytest.MonkeyPatch) -> None:
        """Have this process be in the place, and at its cluster, until `patch` is undone."""
        for name, value in {**self.cluster.environ, "BESOM_HOME": str(self.home), "OMP_NUM_THREADS": "1"}.items():
            patch.setenv(name, value)
        patch.chdir(self.folder)

    def write(self, *, epochs: int = 4, keeps: bool = False, pace_s: float = 0.0, hog_mb: int = 0, **file: Any) -> None:
        """The training and its sweep file; keyword arguments go over the file's defaults.

        Where `x` is more than 0.8, it takes `hog_mb` of memory.
        """
        constants = f"EPOCHS, KEEPS, PACE_S, HOG_MB = {epochs}, {keeps}, {pace_s}, {hog_mb}\n"
        (self.folder / "train.py").write_text(constants + TRAIN)
        besom = {"seed": 5, "grace": 3, "checkpoints": keeps, **file.pop("besom", {})}
        content = {
            "program": "train.py",
            "command": [sys.executable, "${program}"],
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "run_cap": 3,
            **file,
            "besom": besom,
        }
        self.file.write_text(json.dumps(content))

    def besom(self, *words: str, code: int = 0) -> str:
        """A command of besom's, to its end: standard output, or what it said of its error."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            ended = main(words)
        assert ended == code, out.getvalue() + err.getvalue()
        return err.getvalue() if code else out.getvalue()

    def submit(self, *words: str) -> dict[str, Any]:
        """What `besom slurm submit` of the place's sweep file answers; SLURM is asked for little unless told."""
        least = ("--cpus", "1", "--mem", "700M")
        answer: dict[str, Any] = json.loads(self.besom("slurm", "submit", str(self.file), "--json", *least, *words))
        self.sweep = answer["sweep"]
        return answer

    def hold(self) -> Path:
        """Have trainings wait at their third epoch; unlink it to let them go on."""
        (self.folder / "hold").touch()
        return self.folder / "hold"

    def runs(self) -> list[Run]:
        with connect(home=self.home) as service:
            return service.runs(self.sweep)

    def trials(self) -> list[Trial]:
        with connect(home=self.home) as service:
            return service.trials(self.sweep)

    def state(self) -> str:
        with connect(home=self.home) as service:
            return str(service.sweep(self.sweep).state)

    def stories(self) -> list[dict[str, Any]]:
        """Where each run was executed, in the order of their begin."""
        files = sorted(self.folder.glob("story-*.json"), key=lambda path: path.stat().st_mtime)
        return [json.loads(path.read_text()) for path in files]

    def await_held(self, count: int) -> None:
        """Wait until so many runs have logged the two epochs that they may, and have saved them."""
        try:
            eventually(
                lambda: sum(run.state == "running" and run.fidelity >= 2 for run in self.runs()) >= count,
                "runs wait",
                within_s=200.0,
            )
        except AssertionError as error:
            nodes = self.cluster.run("sinfo", "-N", "-o", "%N %T %E").stdout
            raise AssertionError(f"{error}; there is\n{self.jobs()}\n{nodes}\n{self.runs()}\n{self.logs()}") from None

    def await_end(self, seconds: float = 120.0) -> None:
        eventually(lambda: self.state() == "finished", "the sweep ends", within_s=seconds)

    def jobs(self) -> list[str]:
        """`job state` of all jobs and tasks that are not over."""
        return self.cluster.run("squeue", "-h", "-r", "-o", "%F_%K %T").stdout.splitlines()

    def await_no_jobs(self) -> None:
        eventually(lambda: not self.jobs(), "every job has ended")

    def processes(self) -> list[int]:
        """Processes of the home's servers, agents and trainings, but for this one."""
        return [pid for pid in marked_processes("BESOM_HOME", self.home) if pid != os.getpid()]

    def logs(self) -> str:
        """All that jobs and agents have said."""
        return "\n".join(f"{path}:\n{path.read_text()}" for path in sorted(self.launches().glob("*/logs/*")))

    def launches(self) -> Path:
        """Where the launches of the place's sweep lie."""
        return self.home / "sweeps" / self.sweep / "slurm"

    def restarts(self, *names: str) -> list[int]:
        """How often SLURM started each of these tasks again."""
        told = [self.cluster.run("scontrol", "show", "job", name).stdout for name in names]
        return [int(text.split("Restarts=")[1].split()[0]) for text in told]

    def minutes(self, name: str) -> int:
        """How many whole minutes a task has run."""
        seconds = self.cluster.run("squeue", "-h", "-j", name, "-O", "TimeUsed:20").stdout.strip().split(":")
        return int(seconds[-2])

    def limit(self, name: str, minutes: int) -> None:
        """Have a task's time limit be another."""
        self.cluster.run("scontrol", "update", f"JobId={name}", f"TimeLimit={minutes}")

    def preempt(self, node: str) -> None:
        """Have a job of more importance want all GPUs of a node for a moment."""
        words = ("--partition=high", f"--gres=gpu:{GPUS}", f"--nodelist={node}", "--time=1", "--output=/dev/null")
        self.cluster.run("sbatch", *words, "--wrap=sleep 1")

    def node_of(self, name: str) -> str:
        """Where a task runs."""
        return self.cluster.run("squeue", "-h", "-j", name, "-o", "%N").stdout.strip()

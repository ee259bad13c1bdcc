"""kill -9 at random for as long as asked, then count: `python -m benchmarks.chaos --seconds 60 --seed 1`.

A server, agents and their scripts on one machine; servers, agents, scripts, reapers or all of them at once are killed
at random moments and started again. At the end every trial must have ended, none may have finished twice, what the
scripts say that they logged must be in the database in order and once, and each trial's configuration must be the one
that an undisturbed sweep with the same seed suggests.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import besom
from besom.records import Run, RunState, Trial
from besom.server.connect import connect
from besom.server.home import Home
from besom.wire import Command

PROGRAM = """
import json, os, time
import besom

run = besom.init()
saved = besom.checkpoint_dir() / "epoch"
begun = int(saved.read_text()) if saved.exists() else 0
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"told-{run.id}"), "a") as told:
    for epoch in range(begun + 1, 21):
        row = {"epoch": epoch, "loss": run.config["x"] / epoch}
        told.write(json.dumps(row) + "\\n")
        told.flush()
        besom.log(row)
        saved.with_suffix(".draft").write_text(str(epoch))
        saved.with_suffix(".draft").replace(saved)
        time.sleep(0.02)
"""
VICTIMS = ("server", "agent", "agent", "script", "script", "reaper", "everything")
AGENTS = 3


class Arena:
    """The folder, its processes, and who may be killed there."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.home, self._rng = folder, folder / "home", rng
        self._home = Home(self.home)
        self._environment = {**os.environ, "BESOM_HOME": str(self.home)}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        self._sweep_id = ""
        self.commands: dict[str, subprocess.Popen[bytes]] = {}
        self.kills: collections.Counter[str] = collections.Counter()

    def begin(self, content: dict[str, object]) -> None:
        """Create the sweep."""
        (self.folder / "train.py").write_text(PROGRAM)
        with connect(home=self.home) as service:
            self._sweep_id = service.create_sweep(content, str(self.folder)).id

    def keep_running(self) -> None:
        """Start again what was killed, or ended by itself."""
        for name in ("server", *(f"agent {number}" for number in range(AGENTS))):
            command = self.commands.get(name)
            if command is None or command.poll() is not None:
                words = ["server", "--port", self._port] if name == "server" else ["agent", self._sweep_id]
                self.commands[name] = self._started(words)
            while name == "server" and self._home.find_server() is None and self.commands[name].poll() is None:
                time.sleep(0.02)

    def _started(self, words: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "besom", *words],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def processes(self) -> dict[int, str]:
        """Every living process of the home, and what it is."""
        mark = b"BESOM_HOME=" + os.fsencode(self.home)
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = _kind((entry / "cmdline").read_bytes())
        found.pop(os.getpid(), None)
        return found

    def kill(self) -> None:
        """Kill one process with signal 9, or all."""
        wanted = self._rng.choice(VICTIMS)
        living = self.processes()
        victims = [pid for pid, kind in living.items() if wanted in (kind, "everything")]
        if not victims:
            return
        for pid in victims if wanted == "everything" else [self._rng.choice(sorted(victims))]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kills[wanted] += 1

    def end(self) -> tuple[list[Trial], list[Run], dict[str, list[dict[str, float]]]]:
        """Let the sweep end in peace; its trials, its runs, and what is kept of each."""
        deadline = time.monotonic() + 120
        self.keep_running()
        with connect(home=self.home) as service:
            count = len(service.trials(self._sweep_id))
            service.command(self._sweep_id, Command("set_budget", budget={"trials": count}))
            while not service.sweep(self._sweep_id).state.has_ended:
                if time.monotonic() > deadline:
                    raise SystemExit(f"the sweep did not end; look at {self.folder}")
                self.keep_running()
                time.sleep(0.2)
            runs = service.runs(self._sweep_id)
            kept = {run.id: [{k: row[k] for k in ("epoch", "loss")} for row in service.rows(run.id)] for run in runs}
            return service.trials(self._sweep_id), runs, kept

    def clear(self) -> None:
        """Kill whatever is left."""
        while living := self.processes():
            for pid in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for command in self.commands.values():
                command.poll()


def _kind(command_line: bytes) -> str:
    words = command_line.split(b"\0")
    if b"server" in words:
        return "server"
    if b"agent" in words:
        return "agent"
    return "reaper" if any(word.endswith(b"reaper.py") for word in words) else "script"


def faults(arena: Arena, content: dict[str, object], *ended: object) -> list[str]:
    """What is not as it must be, a line each."""
    trials, runs, kept = ended
    assert isinstance(trials, list)
    assert isinstance(runs, list)
    assert isinstance(kept, dict)
    tuner = besom.Tuner(content)
    found = []
    finished = collections.Counter(run.trial for run in runs if run.state is RunState.FINISHED)
    for number, trial in enumerate(trials, 1):
        if trial.number != number or not trial.state.has_ended:
            found.append(f"trial {trial.number}: is {trial.state}, place {number}")
        if finished[number] != (trial.state == "finished"):
            found.append(f"trial {number}: is {trial.state}, with {finished[number]} finished runs")
        if dict(trial.config) != dict(tuner.ask().config):
            found.append(f"trial {number}: another configuration than undisturbed")
    for path in arena.folder.glob("told-*"):
        run = next((run for run in runs if run.id == path.name[5:]), None)
        told = [json.loads(line) for line in path.read_text().splitlines()]
        if run is None:
            found.append(f"run {path.name[5:]}: a script ran that the server does not know")
        elif kept[run.id] != told[: run.rows] or (run.state is RunState.FINISHED and run.rows != len(told)):
            found.append(f"run {run.id} ({run.state}): {run.rows} rows kept of {len(told)}")
    return found


def main() -> int:
    """Run and print; the exit code is 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description="kill -9 at random, then count")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)  # noqa: S311 - repeatable, not secret
    content: dict[str, object] = {
        "program": "train.py",
        "command": [sys.executable, "${program}"],
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "besom": {"seed": given.seed, "lease": 5, "retries": 20, "checkpoints": True, "grace": 1},
    }
    with tempfile.TemporaryDirectory(prefix="besom-chaos-") as folder:
        arena = Arena(Path(folder), rng)
        try:
            arena.begin(content)
            until = time.monotonic() + given.seconds
            while time.monotonic() < until:
                arena.keep_running()
                time.sleep(rng.uniform(0.0, 1.5))
                arena.kill()
            trials, runs, kept = arena.end()
            wrong = faults(arena, content, trials, runs, kept)
        finally:
            arena.clear()
    states = collections.Counter(str(run.state) for run in runs)
    print(f"kills   {sum(arena.kills.values())}: " + ", ".join(f"{n} {kind}" for kind, n in arena.kills.items()))
    print(f"trials  {len(trials)}: {dict(collections.Counter(str(trial.state) for trial in trials))}")
    print(f"runs    {len(runs)}: {dict(states)}")
    print(f"rows    {sum(map(len, kept.values()))}")
    print(f"wrong   {len(wrong)}", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

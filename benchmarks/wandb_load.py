"""What besom costs beside W&B's client: time of a trial, and heartbeats while sixteen scripts log."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.result import Result, Row
from benchmarks.search.environments import python_with
from benchmarks.serving import server
from benchmarks.wandb_scale import Client
from besom.client import Client as Besom
from besom.wire import Command

WANDB = "0.31.0"
TRIALS, SCRIPTS, HZ, SECONDS = 6, 16, 100, 20
HEARTBEAT_S = 5.0
"""An agent sends the next one so long after; one that is answered later than that is delayed."""

SHORT = """import wandb
run = wandb.init(project="load")
run.log({"loss": 1.0})
run.finish()
"""
LONG = f"""import os, sys, time, wandb
run = wandb.init(project="load", entity="lab", id=sys.argv[1])
open("ready-" + sys.argv[1], "w").close()
while not os.path.exists("go"):
    time.sleep(0.05)
began, slowest = time.monotonic(), 0.0
for at in range({HZ * SECONDS}):
    wait = began + at / {HZ} - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    before = time.monotonic()
    run.log({{"loss": 1 / (at + 1), "acc": at}})
    slowest = max(slowest, time.monotonic() - before)
run.summary["slowest_log_s"] = slowest
"""
SWEEP = {
    "method": "random",
    "metric": {"name": "loss"},
    "program": "short.py",
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": TRIALS,
    "besom": {"resources": {"gpus": 0}},
}
CREATE = """mutation CreateAgent($sweep: String!) {
  createAgent(input: {host: "here", projectName: "uncategorized", entityName: "besom", sweep: $sweep}) {
    agent { id } } }"""
BEAT = """mutation Heartbeat($id: ID!) {
  agentHeartbeat(input: {id: $id, metrics: "{}", runState: "{}"}) { agent { id } commands } }"""


def measure() -> Result:
    """Seconds of a trial by each agent, and how long heartbeats take under load."""
    python = python_with("wandb", ((f"wandb=={WANDB}",),))
    with tempfile.TemporaryDirectory() as folder, server() as (address, _):
        place = Path(folder)
        (place / "short.py").write_text(SHORT)
        (place / "long.py").write_text(LONG)
        environment = _environment(python, address, place)
        offline = _offline_s(python, place, environment)
        ours = _agent_s(address, [sys.executable, "-m", "besom", "agent"], place, environment)
        theirs = _agent_s(address, [str(python), "-m", "wandb", "agent"], place, environment)
        beats, rows, slowest = _under_load(python, address, place, environment)
    beats.sort()
    return Result(
        "W&B's client against besom, beside its own offline mode",
        f"wandb {WANDB}; {TRIALS} trials of a script that logs a row; then {SCRIPTS} scripts with {HZ} rows a second.",
        (
            Row("a trial by `besom agent`, s", ours, peer=offline),
            Row("a trial by `wandb agent`, s (it looks for work every 5 s)", theirs, peer=offline),
            Row("heartbeat under load, median, ms", 1e3 * statistics.median(beats)),
            Row("heartbeat under load, slowest, ms", 1e3 * beats[-1], 1e3 * HEARTBEAT_S),
            Row("rows lost of those logged", SCRIPTS * HZ * SECONDS - rows, 0),
            Row("slowest wandb.log, ms", 1e3 * slowest),
        ),
        peer="offline",
    )


def _environment(python: Path, address: str, place: Path) -> dict[str, str]:
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    own = {
        "HOME": str(place),
        "PATH": path,
        "WANDB_BASE_URL": address,
        "WANDB_API_KEY": "0" * 40,
        "WANDB_SILENT": "true",
    }
    return {**os.environ, **own, "BESOM_SERVER": address, "VIRTUAL_ENV": str(python.parent.parent)}


def _offline_s(python: Path, place: Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    for _ in range(TRIALS):
        _run([str(python), "short.py"], place, {**environment, "WANDB_MODE": "offline"})
    return (time.monotonic() - began) / TRIALS


def _agent_s(address: str, agent: list[str], place: Path, environment: dict[str, str]) -> float:
    with Besom(address) as client:
        sweep_id = client.create_sweep(SWEEP, str(place)).id
        began = time.monotonic()
        named = sweep_id if agent[-2] == "besom" else f"besom/uncategorized/{sweep_id}"
        _run([*agent, named], place, environment)
        seconds = (time.monotonic() - began) / TRIALS
        assert len(client.trials(sweep_id)) == TRIALS
        return seconds


def _under_load(python: Path, address: str, place: Path, environment: dict[str, str]) -> tuple[list[float], int, float]:
    """Seconds of each heartbeat while scripts log, the rows that arrived, and the slowest log of all."""
    client = Client(address)
    with Besom(address) as besom:
        sweep_id = besom.create_sweep(SWEEP, str(place)).id
        besom.command(sweep_id, Command("pause"))
    agent = client.query(CREATE, sweep=sweep_id)["createAgent"]["agent"]["id"]
    scripts = [
        subprocess.Popen([str(python), "long.py", f"load{at}"], cwd=place, env=environment, stderr=subprocess.DEVNULL)
        for at in range(SCRIPTS)
    ]
    while len(list(place.glob("ready-*"))) < SCRIPTS:  # sixteen interpreters that start are no load of ours
        time.sleep(0.1)
    beats: list[float] = []
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.1):
            began = time.monotonic()
            client.query(BEAT, id=agent)
            beats.append(time.monotonic() - began)

    beating = threading.Thread(target=beat)
    beating.start()
    (place / "go").touch()
    codes = [script.wait() for script in scripts]
    over.set()
    beating.join()
    assert set(codes) == {0}, codes
    asked = """query Run($name: String!) { project(name: "load", entityName: "lab") { run(name: $name) {
      historyLineCount summaryMetrics } } }"""
    runs = [client.query(asked, name=f"load{at}")["project"]["run"] for at in range(SCRIPTS)]
    slowest = max(json.loads(run["summaryMetrics"])["slowest_log_s"] for run in runs)
    return beats, sum(run["historyLineCount"] for run in runs), slowest


def _run(command: list[str], place: Path, environment: dict[str, str]) -> None:
    subprocess.run(
        command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

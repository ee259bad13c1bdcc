"""Agents as threads over the real server's driver and database; a sweep from Python."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

import besom
from besom.agent.reaper import marked
from besom.errors import UnknownName, WrongState
from besom.launch.local import LocalAgents
from besom.launch.python import agent, sweep
from besom.records import RunState, SweepState, TrialState
from besom.server.connect import connect
from besom.server.home import home_of
from polling import eventually

PROGRAM = """
    import json, os, sys, time
    with open(os.path.join(os.environ["BESOM_RUN_DIR"], "history.jsonl"), "a") as file:
        file.write(json.dumps({"loss": float(sys.argv[1][4:])}) + "\\n")
    if os.path.exists("hang"):
        time.sleep(120)
"""
RUN = """
import sys
from besom.launch.local import LocalAgents
from besom.server.connect import connect
from besom.server.home import home_of
with connect() as service:
    agents = LocalAgents(service, sys.argv[1], home_of().runs(sys.argv[1]), [None, None])
    agents.start()
    agents.join()
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("BESOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(textwrap.dedent(PROGRAM))
    return {
        "program": "train.py",
        "command": [sys.executable, "${program}", "${args}"],
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "run_cap": 6,
    }


def test_agents_share_the_work_and_tell_how_much_was_done(file):
    with connect() as service:
        sweep_id = service.create_sweep(file, "").id
        agents = LocalAgents(service, sweep_id, home_of().runs(sweep_id), [None, None, None])
        agents.start()
        assert agents.join(60) == 6
        assert service.sweep(sweep_id).state is SweepState.FINISHED
        assert all(trial.value == trial.config["x"] for trial in service.trials(sweep_id))


def test_what_ends_an_agent_is_raised_where_it_is_joined(file, tmp_path):
    with connect() as service:
        agents = LocalAgents(service, "absent", tmp_path / "runs", [None])
        agents.start()
        with pytest.raises(UnknownName):
            agents.join(20)


def test_after_kill_9_of_server_and_agents_a_rerun_finishes_the_sweep(file, tmp_path):
    (tmp_path / "hang").touch()
    sweep_id = sweep(file)
    process = subprocess.Popen([sys.executable, "-c", RUN, sweep_id])
    runs = home_of().runs(sweep_id)
    eventually(lambda: len(list(runs.glob("*/history.jsonl"))) >= 2, "the agents start their scripts", within_s=30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (tmp_path / "hang").unlink()
    agent(sweep_id)
    with connect() as service:
        states = [run.state for run in service.runs(sweep_id)]
        assert states.count(RunState.LOST) == 2
        assert states.count(RunState.FINISHED) == 6
        assert [trial.state for trial in service.trials(sweep_id)] == [TrialState.FINISHED] * 6
        assert marked([run.id for run in service.runs(sweep_id)]) == []


def test_a_function_is_swept_as_with_wandb(file):
    del file["program"], file["command"]
    sweep_id = sweep(file, project="digits")

    def train():
        with besom.init() as run:
            besom.log({"loss": run.config["x"]})

    agent(f"someone/digits/{sweep_id}", function=train, count=2)
    with connect() as service:
        assert service.sweep(sweep_id).file["project"] == "digits"
        assert [trial.value for trial in service.trials(sweep_id)] == [
            trial.config["x"] for trial in service.trials(sweep_id)
        ]
        assert len(service.trials(sweep_id)) == 2


def test_an_agent_with_nothing_to_run_is_refused(file):
    del file["program"], file["command"]
    with pytest.raises(WrongState, match="no program"):
        agent(sweep(file))

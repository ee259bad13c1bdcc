"""kill -9 of an agent: no script survives it, and its successor gives the run back."""

import os
import signal
import subprocess
import sys

import pytest

from besom.agent import Agent
from besom.agent.reaper import marked
from besom.records import Cause, Failure, RunState, TrialState
from besom.wire import Finish
from polling import eventually

AGENT = """
import sys
from multiprocessing.managers import BaseManager
from pathlib import Path
from besom.agent import Agent, stop_on_signals

class Manager(BaseManager):
    pass

Manager.register("service")
host, port = sys.argv[1].split(":")
manager = Manager((host, int(port)), authkey=b"test")
manager.connect()
agent = Agent(manager.service(), "sweep1", Path(sys.argv[2]))
with stop_on_signals(agent.stop):
    agent.run()
"""
FIRST_HANGS = """
    import json, os, sys, time
    def log(text):
        with open(os.path.join(os.environ["BESOM_RUN_DIR"], "history.jsonl"), "a") as file:
            file.write(text)
    log('{"loss": 1}\\n')
    if os.environ["BESOM_ATTEMPT"] == "0":
        open(os.path.join(os.environ["BESOM_CHECKPOINT_DIR"], "kept"), "w").close()
        print("hanging", flush=True)
        time.sleep(120)
"""


@pytest.fixture
def agent_process(place, shared):
    processes = []

    def begin(service):
        command = [sys.executable, "-c", AGENT, shared(service), str(place.runs)]
        processes.append(subprocess.Popen(command, cwd=place.folder))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def killed(place, agent_process):
    """A run whose agent was killed with -9 while its script hung: the service, the run."""
    service = place.service(FIRST_HANGS, trials=1)
    process = agent_process(service)
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    eventually(lambda: b"hanging" in (place.runs / run.id / "output.log").read_bytes())
    assert marked([run.id])
    process.kill()
    process.wait()
    return service, run


def test_no_script_survives_its_agent(killed):
    _, run = killed
    eventually(lambda: not marked([run.id]), within_s=5)


def test_the_successor_gives_the_run_back_with_what_was_not_sent(killed, place):
    service, run = killed
    eventually(lambda: not marked([run.id]))
    with (place.runs / run.id / "history.jsonl").open("a") as file:
        file.write('{"loss": 2}\n{"loss": 3')  # the script died in the middle of a line
    assert service.runs()[0].state is RunState.RUNNING
    assert Agent(service, "sweep1", place.runs).run() == 1
    assert [known.state for known in service.runs()] == [RunState.LOST, RunState.FINISHED]
    assert service.rows(run.id) == [{"loss": 1}, {"loss": 2}]
    assert "hanging" in service.output(run.id)
    assert service.trials()[0].state is TrialState.FINISHED
    assert (place.runs.parent / "checkpoints" / "1-0" / "kept").exists()
    assert not (place.runs / run.id / "lock").exists()


def test_whoever_takes_up_a_run_knows_whether_its_agent_died_of_it(place, agent_process):
    service = place.service(FIRST_HANGS, trials=2)
    processes = [agent_process(service), agent_process(service)]
    eventually(lambda: len([run for run in service.runs() if service.rows(run.id)]) == 2)
    for process in processes:
        process.kill()
        process.wait()
    blamed, other = service.runs()
    failure = Failure(Cause.HOST_OUT_OF_MEMORY, "killed by SLURM")
    assert Agent(service, "sweep1", place.runs, blames=lambda: {blamed.id: failure}).run() == 1
    states = {run.id: run.state for run in service.runs()}
    assert (states[blamed.id], states[other.id]) == (RunState.FAILED, RunState.LOST)
    assert sorted(str(trial.state) for trial in service.trials()) == ["failed", "finished"]


def test_a_lease_that_was_lost_already_is_only_cleaned_up(killed, place):
    service, run = killed
    service.finish(Finish(run.id, run.lease, "lost"))
    assert Agent(service, "sweep1", place.runs).run() == 1
    assert [known.state for known in service.runs()] == [RunState.LOST, RunState.FINISHED]
    assert not (place.runs / run.id / "lock").exists()


def test_a_living_agents_run_is_left_alone(place, agent_process):
    service = place.service(FIRST_HANGS, trials=1)
    agent_process(service)
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    successor = Agent(service, "sweep1", place.runs)
    successor.stop()
    successor.run()
    assert service.runs()[0].state is RunState.RUNNING
    assert marked([run.id])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_gives_the_run_back(place, agent_process, number):
    service = place.service(FIRST_HANGS, trials=1)
    process = agent_process(service)
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    os.kill(process.pid, number)
    process.wait(20)
    assert service.runs()[0].state is RunState.LOST
    assert service.trials()[0].state is TrialState.WAITING
    assert marked([run.id]) == []


def test_the_second_signal_does_not_wait_for_a_stubborn_script(place, agent_process):
    stubborn = "    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + FIRST_HANGS
    service = place.service(stubborn, trials=1, grace=100)
    process = agent_process(service)
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    process.send_signal(signal.SIGINT)
    eventually((place.runs / run.id / "order.json").exists)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert marked([run.id]) == []
    assert service.runs()[0].state is RunState.LOST

"""Agents that have an end: of their time, of their patience, or together with their script."""

import os
import signal
import threading
import time

import pytest

from besom.agent import Agent
from besom.agent.folders import RunFolder
from besom.errors import WrongState
from besom.records import RunState, SweepState, TrialState
from besom.wire import Command
from polling import eventually

LOGS = """
    import json, os, sys, time
    def log(**row):
        with open(os.path.join(os.environ["BESOM_RUN_DIR"], "history.jsonl"), "a") as file:
            file.write(json.dumps(row) + "\\n")
"""


def test_an_agent_takes_no_run_that_its_time_would_cut_off(place):
    service = place.service(LOGS + "    time.sleep(0.8); log(loss=1)", trials=5)
    agent = Agent(service, "sweep1", place.runs, ends_at=time.time() + 1.4)
    assert agent.run() == 1
    assert agent.wants_time
    assert service.state.sweep.state is SweepState.RUNNING
    assert [run.state for run in service.runs()] == [RunState.FINISHED]


def test_an_agent_into_whose_time_no_run_fits_says_so(place):
    service = place.service(LOGS + "    time.sleep(0.8); log(loss=1)", trials=5)
    Agent(service, "sweep1", place.runs, count=1).run()
    with pytest.raises(WrongState, match="give agents more time"):
        Agent(service, "sweep1", place.runs, ends_at=time.time() + 0.2).run()


def test_with_checkpoints_it_works_to_its_end(place):
    service = place.service(LOGS + "    time.sleep(0.2); log(loss=1)", trials=3, checkpoints=True)
    agent = Agent(service, "sweep1", place.runs, ends_at=time.time() + 0.1)
    assert agent.run() == 3
    assert not agent.wants_time


def test_an_agent_without_a_run_for_long_ends(place):
    service = place.service(LOGS + "    log(loss=1)")
    service.command("sweep1", Command("pause"))
    agent = Agent(service, "sweep1", place.runs, idle_s=0.0)
    began = time.monotonic()
    assert agent.run() == 0
    assert time.monotonic() - began < 3
    assert service.state.sweep.state is SweepState.PAUSED


@pytest.mark.parametrize("after", ["", "    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"])
def test_a_script_that_is_ended_together_with_its_agent_is_no_failure(place, after):
    """SLURM signals every process of a step at once: the script may be gone before its agent has told it to."""
    ready = "    import signal\n" + after + "    log(loss=1)\n    time.sleep(60)"
    service = place.service(LOGS + ready, trials=1)
    agent = Agent(service, "sweep1", place.runs)
    thread = threading.Thread(target=agent.run, daemon=True)
    thread.start()
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    pid = RunFolder(place.runs / run.id).holder().pid
    agent._wish = agent._wish.STOP  # as in a signal's handler, whose agent has not come to act on it
    os.kill(pid, signal.SIGTERM)
    agent.stop()
    thread.join(20)
    assert [run.state for run in service.runs()] == [RunState.LOST]
    assert service.trials()[0].state is TrialState.WAITING


def test_a_script_that_somebody_else_ends_is_a_failure(place):
    service = place.service(LOGS + "    log(loss=1)\n    os.kill(os.getpid(), 15)", trials=1)
    Agent(service, "sweep1", place.runs).run()
    (trial,) = service.trials()
    assert trial.state is TrialState.FAILED
    assert trial.failure.signal == signal.SIGTERM

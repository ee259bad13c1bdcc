"""A Python function as a run, in this process."""

import os
import sys
import threading
import time

import pytest

from besom import sdk
from besom.agent import Agent
from besom.agent.function import FunctionExecutor
from besom.records import Cause, RunState, TrialState
from besom.sdk import run as calls
from besom.wire import Command


def execute(place, service, function):
    return Agent(service, "sweep1", place.runs, executor=FunctionExecutor(function)).run()


def test_a_function_is_called_for_each_run_in_this_thread(place, capsys):
    service = place.service("")
    before = dict(os.environ)
    threads = set()

    def train():
        run = sdk.init()
        sys.stdout.write(f"x is {run.config['x']}\n")
        sdk.log({"loss": run.config["x"], "dir": os.environ["BESOM_RUN_DIR"]})
        threads.add(threading.current_thread())

    assert execute(place, service, train) == 3
    assert threads == {threading.current_thread()}
    assert dict(os.environ) == before
    assert calls.current() is None
    for trial, run in zip(service.trials(), service.runs(), strict=True):
        assert trial.value == trial.config["x"]
        assert service.rows(run.id)[0]["dir"] == str(place.runs / run.id)
        assert service.output(run.id) == f"x is {trial.config['x']}\n"
    assert capsys.readouterr().out.count("x is") == 3


def test_what_a_function_raises_fails_the_run_and_not_the_agent(place, capsys):
    service = place.service("")

    def train():
        raise ValueError("no such thing")

    assert execute(place, service, train) == 3
    failure = service.trials()[0].failure
    assert failure.cause is Cause.EXCEPTION
    assert failure.message == "ValueError: no such thing"
    assert "in train" in failure.last_lines
    assert "no such thing" in capsys.readouterr().err


def test_what_a_function_raises_is_told_by_its_type_whatever_it_printed_before(place):
    service = place.service("", trials=1)

    def train():
        print("batch 64: CUDA out of memory, retrying with 32")
        raise ValueError("first\nsecond")

    execute(place, service, train)
    failure = service.trials()[0].failure
    assert (failure.cause, failure.message) == (Cause.EXCEPTION, "ValueError: first")


def test_a_stop_reaches_the_function_at_its_next_log(place):
    service = place.service("", trials=1)
    reactions = []

    def train():
        sdk.init()
        threading.Timer(0.05, lambda: service.command("sweep1", Command("stop_trial", trial=1))).start()
        try:
            while True:
                sdk.log({"loss": 1.0})
                time.sleep(0.01)
        except sdk.Stopped as stopped:
            reactions.append(stopped.order)
            raise

    execute(place, service, train)
    assert reactions == ["stop"]
    assert service.trials()[0].state is TrialState.STOPPED


def test_a_function_that_logs_no_more_is_ended_at_its_timeout(place):
    service = place.service("", trials=1, timeout=0.2)

    def train():
        while True:
            time.sleep(0.01)

    execute(place, service, train)
    assert service.trials()[0].failure.cause is Cause.TIMEOUT


def test_ctrl_c_gives_the_run_back_and_is_passed_on(place):
    service = place.service("", trials=1)

    def train():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(place, service, train)
    assert [run.state for run in service.runs()] == [RunState.LOST]
    assert service.trials()[0].state is TrialState.WAITING

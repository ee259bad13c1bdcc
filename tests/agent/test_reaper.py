"""The reaper kills what its agent left, and only that."""

import os
import subprocess
import sys

import psutil
import pytest

from besom.agent.child import created_at, end_leftovers
from besom.agent.guard import Guard
from besom.agent.reaper import marked
from polling import eventually


@pytest.fixture
def sleeper():
    processes = []

    def begin(run_id):
        env = {**os.environ, "BESOM_RUN_ID": run_id}
        command = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def reapers():
    return [child for child in psutil.Process().children() if "reaper.py" in " ".join(child.cmdline())]


def test_the_end_of_the_agent_ends_what_is_on_the_list(sleeper):
    listed, finished, strange = sleeper("listed"), sleeper("finished"), sleeper("listed2")
    guard = Guard()
    guard.expect("listed")
    guard.started("listed", listed.pid)
    guard.expect("finished")
    guard.ended("finished")
    guard.close()
    assert listed.wait(5) == -9
    assert finished.poll() is None
    assert strange.poll() is None


def test_a_run_whose_script_was_just_starting_is_found_by_its_mark(sleeper):
    process = sleeper("starting")
    guard = Guard()
    guard.expect("starting")
    guard.close()
    assert process.wait(5) == -9


def test_a_reaper_that_was_killed_is_replaced_and_knows_the_list(sleeper):
    process = sleeper("first")
    before = set(reapers())
    guard = Guard()
    guard.expect("first")
    [reaper] = eventually(lambda: set(reapers()) - before)  # a process that just began has no command line yet
    reaper.kill()
    reaper.wait()
    guard.expect("second")
    guard.close()
    assert process.wait(5) == -9


def test_marks_are_compared_whole(sleeper):
    process = sleeper("abcd")
    assert marked(["abcd"]) == [process.pid]
    assert marked(["abc", "bcd"]) == []


def test_a_stranger_with_the_same_process_id_is_left_alone(sleeper):
    stranger = sleeper("other")
    end_leftovers("mine", stranger.pid, created_at(stranger.pid) - 100)
    assert stranger.poll() is None
    end_leftovers("mine", stranger.pid, created_at(stranger.pid))
    assert stranger.wait(5) == -9

"""Agents that SLURM has given up or killed while besom still hears of them, or still waits for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import eventually
from slurm_place import Place

from besom.errors import LeaseLost
from besom.server.connect import connect
from besom.wire import Report

pytestmark = pytest.mark.slurm


def test_what_an_orphan_writes_is_refused_when_its_job_runs_elsewhere(place: Place):
    place.write(keeps=True, run_cap=1, besom={"lease": 600})
    hold = place.hold()
    job = place.submit("--gpus", "2", "--time", "10m")["job"]
    place.await_held(1)
    node = place.node_of(f"{job}_0")
    (orphan,) = place.runs()
    (agent,) = (file.read_text().strip() for file in place.launches().glob("*/0-0.pid"))
    place.cluster.lose_touch(node)

    eventually(lambda: place.restarts(f"{job}_0") == [1], "SLURM gives the job to another node")
    eventually(lambda: len(place.stories()) == 2, "its trial goes on there")
    first, second = place.stories()
    assert (first["trial"], first["begun"], first["node"]) == (1, 0, node)
    assert (second["trial"], second["begun"]) == (1, 2)
    assert second["node"] != node
    with connect(home=place.home) as service, pytest.raises(LeaseLost):
        service.report(Report(orphan.id, orphan.lease))
    eventually(lambda: not Path(f"/proc/{agent}").exists(), "the orphan sees that, and ends")
    hold.unlink()

    place.await_end()
    lost, finished = place.runs()
    assert (lost.id, str(lost.state), str(finished.state)) == (orphan.id, "lost", "finished")
    assert lost.rows == 2  # what it would have logged after that is not there
    assert place.restarts(f"{job}_0") == [1]


def test_a_training_that_slurm_kills_for_its_memory_fails_and_its_agent_goes_on(place: Place):
    place.write(method="grid", parameters={"x": {"values": [0.1, 0.9, 0.2]}}, hog_mb=600)
    place.submit("--mem", "400M", "--time", "10m")
    place.await_end()
    states = {trial.config["x"]: trial for trial in place.trials()}
    assert {x: str(trial.state) for x, trial in states.items()} == {0.1: "finished", 0.2: "finished", 0.9: "failed"}
    failure = states[0.9].failure
    assert failure is not None
    assert (failure.cause, len(place.runs())) == ("host out of memory", 3)
    assert "memory" in failure.message


def test_of_several_agents_of_a_node_that_slurm_kills_for_memory_each_training_fails_once(place: Place):
    values = [0.85, 0.9, 0.1, 0.95, 0.2]
    place.write(method="grid", parameters={"x": {"values": values}}, run_cap=5, hog_mb=600)
    place.submit("--agents", "2", "--packed", "--mem", "400M", "--time", "10m")
    place.await_end()
    trials = {trial.config["x"]: trial for trial in place.trials()}
    assert sorted(x for x, trial in trials.items() if str(trial.state) == "finished") == [0.1, 0.2]
    causes = [trial.failure.cause for x, trial in trials.items() if x > 0.8 and trial.failure is not None]
    assert causes == ["host out of memory"] * 3
    assert len(place.runs()) == 5

"""Agents as actors of a real cluster of two nodes: started, lost with their node, ended, refused."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from ray_place import RayPlace
from two_nodes import eventually

from besom.launch import ray as launcher
from besom.launch.ray.submitting import more_like

pytestmark = pytest.mark.ray


def test_agents_on_two_nodes_have_gpus_of_their_own_and_leave_with_the_sweep(place: RayPlace):
    told = place.submit("--agents", "4", "--gpus", "1", run_cap=4)
    place.await_held(4)
    standing = place.standing()
    place.let_go()
    place.await_end()

    stories = place.stories()
    assert len({story["node"] for story in stories}) == 2
    assert {story["gpu"] for story in stories} == {"0", "1"}
    assert len({(story["node"], story["gpu"]) for story in stories}) == 4
    assert [each["actor"] for each in standing] == told["actors"]
    assert [each["state"] for each in standing] == ["running"] * 4
    assert {each["trial"] for each in standing} == {1, 2, 3, 4}
    assert [str(trial.state) for trial in place.trials()] == ["finished"] * 4
    assert sorted(path.name for path in Path(told["folder"], "logs").iterdir()) == [f"{n}-0.log" for n in range(4)]
    assert "no agent of it is in the cluster" in place.besom("status")


def test_when_a_node_dies_ray_starts_its_agent_elsewhere_and_the_trial_goes_on(place: RayPlace):
    told = place.submit("--agents", "2", "--gpus", "2", run_cap=2)
    place.await_held(2)
    place.cluster.crash()
    place.cluster.mend()
    eventually(lambda: len(place.stories()) == 3, "the trial that was lost goes on")
    assert place.cluster.actors() == sorted(told["actors"])
    (again,) = (each for each in place.standing() if each["restarts"])
    place.let_go()
    place.await_end()

    first, second = (story for story in place.stories() if story["trial"] == again["trial"])
    assert first["node"] != second["node"]
    assert (first["begun"], second["begun"]) == (0, 2)
    assert [str(trial.state) for trial in place.trials()] == ["finished", "finished"]
    assert sorted(str(run.state) for run in place.runs()) == ["finished", "finished", "lost"]
    assert place.epochs(again["trial"]) == [1, 2, 3, 4]


def test_an_agent_that_is_killed_is_started_again_and_dies_with_its_actor(place: RayPlace):
    told = place.submit("--gpus", "1", run_cap=1)
    place.await_held(1)
    actor = _parent(_agent_of(place))
    os.kill(_agent_of(place), signal.SIGKILL)
    eventually(lambda: len(place.stories()) == 2, "the trial goes on")
    agent = _agent_of(place)
    assert _parent(agent) == actor
    os.kill(actor, signal.SIGKILL)
    eventually(lambda: agent not in place.processes(), "the agent is dead", within_s=20)
    eventually(lambda: len(place.stories()) == 3, "the trial goes on")
    assert place.cluster.actors() == told["actors"]
    place.let_go()
    place.await_end()
    assert [str(trial.state) for trial in place.trials()] == ["finished"]


def test_cancelled_agents_give_back_what_they_have_and_those_that_wait_go_too(place: RayPlace):
    told = place.submit("--agents", "5", "--gpus", "1", run_cap=5)
    place.await_held(4)
    assert sorted(each["state"] for each in place.standing()) == ["running"] * 4 + ["waiting"]
    assert json.loads(place.besom("cancel", "--json")) == {"cancelled": told["actors"]}
    assert place.cluster.actors() == []
    assert [str(run.state) for run in place.runs()] == ["lost"] * 4
    place.await_nothing_left()
    assert place.besom("cancel").strip() == "no agent was left"


def test_there_are_as_many_agents_as_one_asks_for_but_none_is_taken_from_its_trial(place: RayPlace):
    told = place.submit("--gpus", "1", run_cap=1)
    place.await_held(1)
    more = json.loads(place.besom("scale", "--agents", "3", "--json"))
    assert len(more["started"]) == 2
    assert place.cluster.actors() == sorted([*told["actors"], *more["started"]])
    fewer = json.loads(place.besom("scale", "--agents", "0", "--json"))
    assert (sorted(fewer["cancelled"]), fewer["too_many"]) == (sorted(more["started"]), 1)
    assert place.cluster.actors() == told["actors"]
    assert [str(run.state) for run in place.runs()] == ["running"]


def test_agents_that_cannot_reach_their_server_are_refused_and_nothing_is_left(
    place: RayPlace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("besom.launch.ray.submitting._FIRST_WORD_S", 60.0)
    told = place.submit(run_cap=1)
    (launch,) = launcher.Launch.of_sweep(place.home, told["sweep"])
    bad = replace(more_like(launch, 1, 0.0), server="http://127.0.0.1:9")
    with pytest.raises(launcher.RayError, match=r"127\.0\.0\.1:9"):
        launcher.submit(bad)
    eventually(lambda: place.cluster.actors() == told["actors"], "the refused actor has ended")
    assert not bad.folder.exists()


def test_without_a_cluster_at_the_address_no_sweep_is_created(place: RayPlace):
    place.file.write_text(json.dumps({"program": "train.py", "method": "random", "parameters": {"x": {"values": [1]}}}))
    assert "a Ray cluster must answer" in place.besom("submit", "sweep.json", "--address", "127.0.0.1:1", code=2)
    with pytest.raises(IndexError):
        place.runs()


def _agent_of(place: RayPlace) -> int:
    """The process of the only agent: that of `besom agent`."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in place.processes()}
    (found,) = (pid for pid, words in lines.items() if words[1:4] == [b"-m", b"besom", b"agent"])
    return found


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0])

"""What people and machines do to jobs: cancel them, crash a node, lose the controller."""

from __future__ import annotations

import json
import re

import pytest
from cluster import eventually
from slurm_place import Place

pytestmark = pytest.mark.slurm


def test_cancelling_leaves_no_process_and_nothing_rises_again(place: Place):
    place.write(keeps=True, run_cap=2)
    place.hold()
    job = place.submit("--agents", "8", "--gpus", "2", "--time", "10m")["job"]
    place.await_held(2)
    assert json.loads(place.besom("slurm", "cancel", "--json")) == {"cancelled": [job]}

    place.await_no_jobs()
    eventually(lambda: not place.processes(), "no process is left")
    assert [str(run.state) for run in place.runs()] == ["lost", "lost"]
    assert set(place.cluster.squeue("%T", "--jobs", job)) == {"CANCELLED"}
    place.cluster.run("scontrol", "requeue", f"{job}_0")  # as SLURM does where a node fails at the same time
    place.await_no_jobs()
    assert [str(run.state) for run in place.runs()] == ["lost", "lost"]
    assert place.besom("slurm", "cancel").strip() == "no job was left"
    assert place.besom("slurm", "status").splitlines()[1:] == [
        f"none of its jobs is left; for more: besom slurm submit {place.sweep}"
    ]
    place.besom("sweep", str(place.file), "--home", str(place.home))  # a newer one, which has no jobs
    assert place.besom("slurm", "status").startswith(f"sweep {place.sweep} is ")


def test_a_sweep_whose_jobs_slurm_refuses_is_told_of(place: Place):
    place.write()
    said = place.besom("slurm", "submit", str(place.file), "--gpus", "100", "--mem", "100M", code=2)
    found = re.search(r"sweep (\w+) is there; once SLURM takes it: besom slurm submit (\w+)", said)
    assert found is not None
    assert found[1] == found[2]


def test_the_trial_of_a_crashed_node_goes_on_elsewhere(place: Place):
    place.write(keeps=True, run_cap=2, besom={"lease": 4})
    hold = place.hold()
    job = place.submit("--agents", "2", "--gpus", "2", "--time", "10m")["job"]
    place.await_held(2)
    crashed = place.node_of(f"{job}_0")
    (trial,) = (story["trial"] for story in place.stories() if story["node"] == crashed)
    place.cluster.crash(crashed)
    hold.unlink()

    place.await_end()
    first, second = (story for story in place.stories() if story["trial"] == trial)
    assert second["node"] != first["node"]
    assert (first["begun"], second["begun"]) == (0, 2)
    assert [str(each.state) for each in place.trials()] == ["finished", "finished"]


def test_without_its_controller_agents_work_on_and_the_commands_say_so(place: Place):
    place.write(run_cap=1)
    hold = place.hold()
    sweep = place.submit("--time", "10m")["sweep"]
    place.await_held(1)
    place.cluster.kill_controller(knows=sweep)
    try:
        (standing,) = json.loads(place.besom("slurm", "status", "--json"))
        assert (standing["state"], standing["is_alive"], standing["trial"]) == ("unknown", None, 1)
        for words in (("submit", sweep), ("scale", sweep, "--agents", "2")):
            assert "controller must answer" in place.besom("slurm", *words, code=2)
        hold.unlink()
        place.await_end()
        # Whether SLURM then takes the job for ended or starts it again is up to what its controller had saved.
        eventually(lambda: not place.processes(), "no process is left")
    finally:
        place.cluster.start_controller()

"""Sweeps on a real cluster on a good day: arrays, packed jobs, a script by hand, and what is submitted."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from slurm_place import Place

from besom.launch.slurm import Launch
from besom.launch.slurm.controller import accounted

pytestmark = pytest.mark.slurm
EXAMPLE = Path(__file__).parents[2] / "examples" / "slurm"


def test_three_agents_of_an_array_work_at_once_on_gpus_and_in_folders_of_their_own(place: Place):
    place.write()
    hold = place.hold()
    told = place.submit("--agents", "3", "--gpus", "1", "--time", "10m")
    place.await_held(3)
    standing = json.loads(place.besom("slurm", "status", "--json"))
    hold.unlink()

    place.await_end()
    place.await_no_jobs()
    stories = place.stories()
    assert len({(story["node"], story["gpu"]) for story in stories}) == 3
    assert len({story["folder"] for story in stories}) == 3
    assert [trial.state for trial in place.trials()] == ["finished"] * 3
    assert [each["job"] for each in standing] == [f"{told['job']}_{index}" for index in range(3)]
    assert {each["state"] for each in standing} == {"running"}
    assert {each["trial"] for each in standing} == {1, 2, 3}
    assert "1 run done" in place.besom("slurm", "logs", "--agent", "0")
    assert place.processes() == []


def test_a_packed_job_runs_its_agents_at_once_and_ends_with_the_sweep(place: Place):
    place.write(run_cap=2)
    hold = place.hold()
    place.submit("--packed", "--agents", "2", "--gpus", "1", "--time", "10m")
    place.await_held(2)
    assert len(place.jobs()) == 1
    hold.unlink()

    place.await_end()
    place.await_no_jobs()
    assert {story["gpu"] for story in place.stories()} == {"0", "1"}
    assert place.processes() == []


def test_a_script_written_by_hand_runs_several_agents(place: Place):
    folder = Path(shutil.copytree(EXAMPLE, place.folder / "example"))
    content = (folder / "sweep.yaml").read_text().replace("trials: 30", "trials: 4")
    (folder / "sweep.yaml").write_text(content)
    script = (folder / "job.sh").read_text().replace("1 2 3", "1 2").replace("gpu:3", "gpu:2").replace("=1G", "=600M")
    (folder / "job.sh").write_text(script.replace("besom agent", f"{sys.executable} -m besom agent"))
    sweep = place.sweep = json.loads(place.besom("sweep", str(folder / "sweep.yaml"), "--json"))["sweep"]["id"]
    server = json.loads((place.home / "server.json").read_text())["url"]
    place.cluster.run("env", f"BESOM_SERVER={server}", f"BESOM_HOME={place.home}", "OMP_NUM_THREADS=1",
                      "sbatch", f"--chdir={folder}", str(folder / "job.sh"), sweep)  # fmt: skip

    place.await_end()
    place.await_no_jobs()
    runs = place.runs()
    assert {str(run.state) for run in runs} <= {"finished", "paused"}
    assert len({run.agent_id for run in runs}) == 2
    assert len(list(folder.glob("agent-*.log"))) == 2
    assert {(place.home / "sweeps" / sweep / "runs" / run.id / "output.log").read_text()[:8] for run in runs} == {
        "GPUs: 0 ",
        "GPUs: 1 ",
    }


def test_defaults_of_the_site_the_file_and_the_command_line_meet_in_the_job(place: Place):
    site = place.home / "slurm.yaml"
    site.write_text("partition: abrupt\ntime: 20m\nmem: 250M\noptions: [--nice=5]\n")
    place.write(run_cap=1, besom={"slurm": {"time": "15m", "agents": 2}})
    words = ("submit", str(place.file), "--agents", "1", "--json", "--", "--job-name=mine")
    number = json.loads(place.besom("slurm", *words))["job"]
    site.unlink()
    job = place.cluster.run("scontrol", "show", "job", f"{number}_0").stdout
    for wanted in ("Partition=abrupt", "TimeLimit=00:15:00", "MinMemoryNode=250M", "Nice=5", "JobName=mine"):
        assert wanted in job, job
    assert place.cluster.squeue("%i", "--jobs", number) == [f"{number}_0"]
    assert accounted([number], 0.0) == []  # this cluster keeps no accounts


def test_more_agents_are_submitted_and_those_too_many_cancelled(place: Place):
    place.write(run_cap=2)
    place.hold()
    told = place.submit("--agents", "1", "--gpus", "2", "--time", "10m")
    place.await_held(1)
    sweep = told["sweep"]
    more = json.loads(place.besom("slurm", "scale", sweep, "--agents", "2", "--json", "--server", _server(place)))
    place.await_held(2)
    assert more["job"] != told["job"]
    assert len(place.jobs()) == 2
    assert place.besom("slurm", "logs").count("/logs/0-0.log <==") == 2
    assert "needs a number below 1, got 1" in place.besom("slurm", "logs", "--agent", "1", code=2)
    place.besom("slurm", "scale", sweep, "--agents", "5")
    fewer = json.loads(place.besom("slurm", "scale", sweep, "--agents", "1", "--json"))
    assert (len(fewer["cancelled"]), fewer["too_many"]) == (3, 1)
    assert [str(run.state) for run in place.runs()] == ["running", "running"]


def _server(place: Place) -> str:
    return str(json.loads((place.home / "server.json").read_text())["url"])


def test_a_submission_whose_answer_was_lost_is_not_made_again(place: Place):
    place.write(run_cap=1)
    place.hold()
    told = place.submit("--agents", "1", "--time", "10m")
    (launch,) = Launch.of_sweep(place.home, told["sweep"])
    replace(launch, job=None).save()

    again = json.loads(place.besom("slurm", "submit", told["sweep"], "--json"))
    assert again["job"] == told["job"]
    assert len(place.jobs()) == 1


def test_without_a_server_that_stays_up_nothing_is_submitted(place: Place):
    place.write()
    elsewhere = place.folder / "elsewhere"
    assert "besom server --host" in place.besom("slurm", "submit", str(place.file), "--home", str(elsewhere), code=2)
    assert not elsewhere.exists()
    assert place.jobs() == []

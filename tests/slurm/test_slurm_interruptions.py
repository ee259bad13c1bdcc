"""Jobs that SLURM ends for its own reasons: their trials go on from their checkpoints, as the same trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from cluster import Cluster, eventually
from slurm_place import Place

pytestmark = pytest.mark.slurm


def _await_given_back(place: Place, seconds: float = 60.0) -> None:
    eventually(lambda: any(run.state == "lost" for run in place.runs()), "a run is given back", within_s=seconds)


def test_near_its_time_limit_a_job_saves_is_requeued_and_goes_on(place: Place):
    place.write(keeps=True, run_cap=1, besom={"slurm": {"notice": 90}})
    hold = place.hold()
    job = place.submit("--time", "20m")["job"]
    place.await_held(1)
    # However long it took to begin, one to two minutes are left of this: SLURM, which looks twice a minute, signals.
    place.limit(f"{job}_0", place.minutes(f"{job}_0") + 2)
    _await_given_back(place, 75)
    place.limit(f"{job}_0", 20)
    hold.unlink()

    place.await_end()
    place.await_no_jobs()
    assert place.restarts(f"{job}_0") == [1]
    assert [(story["trial"], story["begun"]) for story in place.stories()] == [(1, 0), (1, 2)]
    (trial,) = place.trials()
    assert (trial.state, trial.fidelity) == ("finished", 4)
    assert len(list(place.launches().glob("*/logs/0-?.log"))) == 2


@pytest.fixture(params=["", "SlurmctldParameters=preempt_send_user_signal"], ids=["steps told", "job told"])
def preempting(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[None]:
    """Both ways in which clusters preempt: only a job's steps get a TERM, or the job its own signal."""
    with cluster.configured(request.param) if request.param else contextlib.nullcontext():
        yield


def test_a_job_that_is_preempted_with_grace_goes_on_later(preempting: None, place: Place):
    place.write(keeps=True, run_cap=1)
    hold = place.hold()
    job = place.submit("--gpus", "2", "--partition", "low", "--time", "10m")["job"]
    place.await_held(1)
    place.preempt(place.node_of(f"{job}_0"))
    _await_given_back(place)
    hold.unlink()

    place.await_end()
    assert place.restarts(f"{job}_0") == [1]
    assert [(story["trial"], story["begun"]) for story in place.stories()] == [(1, 0), (1, 2)]
    assert place.trials()[0].state == "finished"


def test_preempting_the_last_task_of_an_array_leaves_the_others_alone(place: Place):
    place.write(keeps=True, run_cap=2)
    hold = place.hold()
    job = place.submit("--agents", "2", "--gpus", "2", "--partition", "abrupt", "--time", "10m")["job"]
    place.await_held(2)
    place.preempt(place.node_of(f"{job}_1"))
    _await_given_back(place)
    eventually(lambda: place.restarts(f"{job}_1") == [1], "the last task is requeued")
    assert f"{job}_0 RUNNING" in place.jobs()
    hold.unlink()

    place.await_end()
    assert place.restarts(f"{job}_0", f"{job}_1") == [0, 1]
    assert [str(trial.state) for trial in place.trials()] == ["finished", "finished"]
    assert sorted(str(run.state) for run in place.runs()) == ["finished", "finished", "lost"]


def test_a_run_that_would_not_end_in_time_is_left_to_the_next_job(place: Place):
    # Of two minutes the last 105 s may be cut off: there is time for one run a job, which keeps no checkpoints.
    place.write(epochs=10, pace_s=0.8, run_cap=2, besom={"slurm": {"notice": 30}})
    job = place.submit("--time", "2m")["job"]
    place.await_end()
    assert place.restarts(f"{job}_0") == [1]
    assert [str(run.state) for run in place.runs()] == ["finished", "finished"]

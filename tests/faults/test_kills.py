"""kill -9 of anything at any moment: the others go on, a rerun continues, no trial is lost or counted twice."""

from __future__ import annotations

import os
import signal

import pytest
from fault_bench import Bench, eventually, on_each_store, on_postgres

from besom.agent.reaper import marked
from besom.records import RunState

BAYES = {"method": "bayes", "run_cap": 6, "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"values": [1, 2, 3]}}}


@pytest.mark.parametrize("keeps", [False, True], ids=["without checkpoints", "with checkpoints"])
def test_a_rerun_goes_on_after_kill_9_of_besom_run_in_mid_trial(bench: Bench, undisturbed, keeps: bool):
    bench.write(keeps=keeps)
    bench.hold("2-0-3")
    process = bench.start("run", "sweep.json", "--agents", "1")
    bench.await_held("2-0-3")
    process.kill()
    bench.assert_nothing_is_left()
    bench.let_go("2-0-3")

    said = bench.run("run", "sweep.json", "--agents", "1", "--no-report")

    assert "goes on with sweep" in said
    assert bench.suggestions() == undisturbed(keeps=keeps)
    assert [(run.trial, run.attempt, str(run.state)) for run in bench.runs()] == [
        (1, 0, "finished"),
        (2, 0, "lost"),
        (2, 1, "finished"),
        (3, 0, "finished"),
    ]
    epochs = [row["epoch"] for row in bench.told(bench.runs()[2].id)]
    assert epochs == ([3, 4] if keeps else [1, 2, 3, 4])
    bench.assert_every_row_is_kept_once()
    bench.assert_nothing_is_left()


@on_each_store
def test_agents_deliver_everything_once_to_a_server_that_was_killed_and_came_back(bench: Bench):
    bench.write(epochs=300, pace_s=0.002, run_cap=6)
    server = bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    agents = [bench.start("agent", sweep_id) for _ in range(2)]
    # One that started while no server is up would serve the home itself.
    eventually(lambda: len(bench.agents()) == 2, "both agents have joined")
    for count in (1, 3):
        eventually(lambda at_least=count: len(bench.runs()) >= at_least and bench.runs()[-1].rows, "rows arrive")
        server.kill()
        server.wait()
        server = bench.serve()
    done = [bench.ended(agent) for agent in agents]

    assert sum(int(said.rsplit(" runs done", 1)[0].rsplit(" ", 1)[-1]) for said in done) == 6
    assert [(run.trial, str(run.state), run.rows) for run in bench.runs()] == [
        (trial, "finished", 300) for trial in range(1, 7)
    ]
    bench.assert_every_row_is_kept_once()


@pytest.mark.parametrize(
    ("bench", "keeps"), [("sqlite", False), ("sqlite", True), on_postgres([True])], indirect=["bench"]
)
def test_the_trial_of_an_agent_killed_goes_on_in_another(bench: Bench, keeps: bool):
    bench.write(keeps=keeps, run_cap=1, besom={"lease": "2s"})
    bench.hold("1-0-3")
    bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    first = bench.start("agent", sweep_id)
    script = bench.await_held("1-0-3")
    second = bench.start("agent", sweep_id)
    eventually(lambda: bench.kept(bench.runs()[0].id), "its rows arrive")
    first.kill()
    eventually(lambda: script not in bench.processes(), "the script died with its agent", within_s=5)
    bench.ended(second)

    (trial,) = bench.trials()
    lost, finished = bench.runs()
    assert (trial.state, trial.losses, trial.fidelity) == ("finished", 0, 4)
    assert (lost.state, lost.rows, finished.state, finished.attempt) == (RunState.LOST, 2, RunState.FINISHED, 1)
    assert [row["epoch"] for row in bench.kept(lost.id) + bench.kept(finished.id)] == [
        *(1, 2),
        *((3, 4) if keeps else (1, 2, 3, 4)),
    ]


@pytest.mark.parametrize("retries", [0, 1])
def test_kill_9_of_a_script_fails_its_trial_or_is_tried_again(bench: Bench, retries: int):
    bench.write(run_cap=2, besom={"retries": retries})
    bench.hold("1-0-3")
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    os.kill(bench.await_held("1-0-3"), signal.SIGKILL)
    bench.ended(process)

    first, second = bench.trials()
    failure = bench.runs()[0].failure
    assert failure is not None
    assert (failure.cause, failure.signal) == ("signal", signal.SIGKILL)
    assert (first.state, len(bench.runs())) == (("finished", 3) if retries else ("failed", 2))
    assert retries or first.failure == failure
    assert second.state == "finished"
    bench.assert_every_row_is_kept_once()


@pytest.mark.parametrize(
    ("bench", "file"),
    [("sqlite", {"run_cap": 5}), ("sqlite", BAYES), on_postgres([{"run_cap": 5}])],
    indirect=["bench"],
    ids=["random", "bayes", "random on PostgreSQL"],
)
def test_after_kill_9_of_everything_a_rerun_suggests_the_same(bench: Bench, undisturbed, file):
    bench.write(**file)
    for place in ("2-0-3", "4-0-1"):
        bench.hold(place)
        bench.start("run", "sweep.json", "--agents", "1")
        bench.await_held(place)
        bench.kill_everything()
        bench.let_go(place)
    bench.run("run", "sweep.json", "--agents", "1", "--no-report")

    assert bench.suggestions() == undisturbed(**file)
    assert [run.trial for run in bench.runs() if run.state is RunState.LOST] == [2, 4]
    bench.assert_every_row_is_kept_once()
    bench.assert_nothing_is_left()


def test_a_script_that_outlived_both_its_agent_and_its_reaper_is_ended_by_the_rerun(bench: Bench):
    bench.write(run_cap=1)
    bench.hold("1-0-3")
    bench.start("run", "sweep.json", "--agents", "1")
    script = bench.await_held("1-0-3")
    while others := set(bench.processes()) - {script}:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # whoever sees another end would end the script
            for pid in others:
                os.kill(pid, number)
        eventually(lambda gone=others: not gone & set(bench.processes()), "they die")
    assert marked([bench.folder.name]) == []
    assert bench.processes() == [script]
    bench.run("run", "sweep.json", "--agents", "1", "--no-report")

    assert [(run.attempt, str(run.state)) for run in bench.runs()] == [(0, "lost"), (1, "finished")]
    bench.assert_every_row_is_kept_once()
    bench.assert_nothing_is_left()

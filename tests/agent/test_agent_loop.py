"""Agents execute real scripts for a real engine."""

import os
import signal
import threading
import time

import psutil
import pytest

from besom.agent import Agent
from besom.agent import output as output_module
from besom.agent.causes import MemoryKills
from besom.agent.loop import NO_ROOM
from besom.agent.reaper import marked
from besom.errors import ServerUnreachable
from besom.records import Cause, RunState, SweepState, TrialState
from besom.wire import Command, Done, Finish, Wait
from polling import eventually

LOGS = """
    import json, os, sys, time
    def log(**row):
        with open(os.path.join(os.environ["BESOM_RUN_DIR"], "history.jsonl"), "a") as file:
            file.write(json.dumps(row) + "\\n")
    x = float(sys.argv[1].split("=")[1])
"""


def start(agent):
    thread = threading.Thread(target=agent.run, daemon=True)
    thread.start()
    return thread


def test_every_trial_is_run_and_measured(place):
    service = place.service(LOGS + "    log(loss=x); print('hello', x); time.sleep(0.3)  # to be measured")
    assert Agent(service, "sweep1", place.runs).run() == 3
    assert service.state.sweep.state is SweepState.FINISHED
    for trial, run in zip(service.trials(), service.runs(), strict=True):
        assert trial.state is TrialState.FINISHED
        assert trial.value == trial.config["x"]
        assert service.output(run.id) == f"hello {trial.config['x']}\n"
        assert trial.resources["memory_gb_peak"] > 0.003
        assert trial.resources["cpu_percent_mean"] > 0
        assert not [name for name in trial.resources if "gpu" in name or "power" in name]
        assert not (place.runs / run.id / "lock").exists()


def test_count_bounds_the_runs(place):
    service = place.service(LOGS + "    log(loss=x)")
    assert Agent(service, "sweep1", place.runs, count=1).run() == 1
    assert len(service.runs()) == 1


def test_it_says_why_it_waits_once_for_each_reason(place, caplog, monkeypatch):
    service = place.service("")
    reasons = ["node1 is set aside", NO_ROOM, "node1 is set aside", "the sweep is paused", "the sweep is paused"]
    answers = iter([*(Wait(0.0, why) for why in reasons), Done("the end")])
    monkeypatch.setattr(service, "ask", lambda *_: next(answers))
    with caplog.at_level("INFO", "besom.agent"):
        assert Agent(service, "sweep1", place.runs, name="a").run() == 0
    waits = [line for line in caplog.messages if "it waits" in line]
    assert waits == [f"agent a: it waits: {why}" for why in ("node1 is set aside", "the sweep is paused")]


def test_little_time_passes_beyond_the_programs_own(place):
    service = place.service("", trials=40)
    service.state.sweep.file["command"][:] = ["/bin/sh", "-c", "echo '{\"loss\": 1}' >> $BESOM_RUN_DIR/history.jsonl"]
    Agent(service, "sweep1", place.runs, count=3).run()
    began = time.perf_counter()
    assert Agent(service, "sweep1", place.runs, count=20).run() == 20
    assert (time.perf_counter() - began) / 20 < 0.12  # the goal is half of it, on a machine that does nothing else


def test_rows_arrive_while_the_script_runs(place):
    service = place.service(LOGS + "    log(loss=1)\n    time.sleep(60)", trials=1)
    agent = Agent(service, "sweep1", place.runs)
    thread = start(agent)
    run = eventually(service.runs)[0]
    assert eventually(lambda: service.rows(run.id)) == [{"loss": 1}]
    agent.stop(now=True)
    thread.join(10)
    assert not thread.is_alive()


def test_a_failing_script_is_told_with_its_last_lines(place):
    service = place.service("raise ValueError('no such thing')", trials=1)
    Agent(service, "sweep1", place.runs).run()
    failure = service.trials()[0].failure
    assert failure.cause is Cause.EXIT_CODE
    assert failure.exit_code == 1
    assert failure.message == "ValueError: no such thing"
    assert "Traceback" in failure.last_lines


def test_a_program_that_is_not_there_fails_the_run_and_not_the_agent(place):
    service = place.service("", trials=1)
    (place.folder / "train.py").unlink()
    assert Agent(service, "sweep1", place.runs).run() == 1
    failure = service.trials()[0].failure
    assert failure.cause is Cause.NOT_STARTED
    assert "train.py" in failure.message


def test_a_run_beyond_its_timeout_is_ended(place):
    service = place.service("import time; time.sleep(60)", trials=1, timeout=0.3)
    Agent(service, "sweep1", place.runs).run()
    assert service.trials()[0].failure.cause is Cause.TIMEOUT


def test_printed_metrics_count_as_logged(place):
    program = "import sys; print('loss', 0.5); print('loss', float(sys.argv[1][4:]), end='')"
    service = place.service(program, trials=1, metrics=[{"regex": r"loss (?P<loss>\S+)"}])
    Agent(service, "sweep1", place.runs).run()
    trial = service.trials()[0]
    assert trial.value == trial.config["x"]
    assert [row["loss"] for row in service.rows(service.runs()[0].id)] == [0.5, trial.config["x"]]


def test_a_stopped_trial_ends_politely_where_the_script_heeds_the_order(place):
    service = place.service(
        LOGS
        + """
    while not os.path.exists(os.path.join(os.environ["BESOM_RUN_DIR"], "order.json")):
        log(loss=1)
        time.sleep(0.02)
    print("saved")
    """,
        trials=1,
    )
    thread = start(Agent(service, "sweep1", place.runs))
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    service.command("sweep1", Command("stop_trial", trial=1))
    thread.join(20)
    assert service.trials()[0].state is TrialState.STOPPED
    assert service.output(run.id) == "saved\n"


def test_a_script_that_ignores_everything_is_killed_with_all_its_children(place):
    service = place.service(
        LOGS
        + """
    import signal, subprocess
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
    subprocess.Popen(sleep)
    fled = subprocess.Popen(sleep, start_new_session=True)
    nameless = subprocess.Popen(sleep, start_new_session=True, env={})
    log(loss=1, pids=[os.getpid(), fled.pid, nameless.pid])
    time.sleep(60)
    """,
        trials=1,
        grace=0.4,
    )
    thread = start(Agent(service, "sweep1", place.runs))
    run = eventually(service.runs)[0]
    pids = eventually(lambda: service.rows(run.id))[0]["pids"]
    assert len(marked([run.id])) == 3
    service.command("sweep1", Command("stop_trial", trial=1))
    thread.join(20)
    assert service.trials()[0].state is TrialState.STOPPED
    assert marked([run.id]) == []
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_what_a_script_leaves_running_ends_with_it(place):
    program = LOGS + "    import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True); log(loss=1)"
    service = place.service(program, trials=1)
    Agent(service, "sweep1", place.runs).run()
    assert service.trials()[0].state is TrialState.FINISHED
    assert marked([service.runs()[0].id]) == []


def test_nothing_is_lost_while_the_server_is_away(place):
    service = place.service(
        LOGS
        + """
    log(loss=0)
    go = os.path.join(os.environ["BESOM_RUN_DIR"], "go")
    while not os.path.exists(go):
        time.sleep(0.01)
    for n in range(1, 5000):
        log(loss=n)
    print("done")
    """,
        trials=1,
    )
    thread = start(Agent(service, "sweep1", place.runs))
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    service.is_away = True
    (place.runs / run.id / "go").touch()
    eventually(lambda: b"done" in (place.runs / run.id / "output.log").read_bytes())
    assert len(service.rows(run.id)) == 1
    service.is_away = False
    thread.join(20)
    assert [row["loss"] for row in service.rows(run.id)] == list(range(5000))
    assert service.output(run.id) == "done\n"
    assert service.largest_report <= 2000
    assert service.trials()[0].state is TrialState.FINISHED


def test_that_the_end_of_a_run_could_not_be_told_is_said_once(place, monkeypatch, caplog):
    service = place.service(LOGS + "    log(loss=x)", trials=1)
    taken, refusals = service.finish, [ServerUnreachable("server: no answer; start it.") for _ in range(2)]

    def finish(message):
        if refusals:
            raise refusals.pop()
        taken(message)

    monkeypatch.setattr(service, "finish", finish)
    Agent(service, "sweep1", place.runs).run()
    assert service.trials()[0].state is TrialState.FINISHED
    assert [text for text in caplog.messages if "no answer" in text] == [
        f"run {service.runs()[0].id}: server: no answer; start it. It has ended, which is told again until it is heard."
    ]


def test_what_a_run_used_over_time_arrives_once_each_also_when_the_server_was_away(place, monkeypatch):
    monkeypatch.setattr("besom.agent.samples.SEND_EVERY_S", 1.0)
    service = place.service(
        LOGS
        + """
    go = os.path.join(os.environ["BESOM_RUN_DIR"], "go")
    while not os.path.exists(go):
        time.sleep(0.01)
    log(loss=x)
    """,
        trials=1,
    )
    thread = start(Agent(service, "sweep1", place.runs))
    run = eventually(service.runs)[0]
    kept = eventually(lambda: service.kept_samples.get(run.samples_id))
    service.is_away = True
    known = len(kept)
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 3)
    (place.runs / run.id / "go").touch()
    service.is_away = False
    thread.join(20)
    assert service.state.runs[run.id].samples == len(kept) > known + 1
    assert list(kept) == list(range(len(kept)))
    seconds = [row["_runtime"] for row in kept.values()]
    assert seconds == sorted(set(seconds))
    assert all(row["memory_gb"] > 0.003 for row in kept.values())


def test_a_lost_lease_ends_the_script_and_the_agent_goes_on(place):
    service = place.service(
        LOGS
        + """
    log(loss=1)
    time.sleep(60 if os.environ["BESOM_ATTEMPT"] == "0" else 0)
    """,
        trials=1,
    )
    thread = start(Agent(service, "sweep1", place.runs))
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    service.finish(Finish(run.id, run.lease, "lost"))
    (place.runs / run.id / "history.jsonl").open("a").write('{"loss": 2}\n')
    thread.join(20)
    assert [run.state for run in service.runs()] == [RunState.LOST, RunState.FINISHED]
    assert [row["loss"] for row in service.rows(run.id)] == [1, 2]  # the run that went on delivered the second


def test_a_stopped_agent_gives_its_run_back(place):
    service = place.service(LOGS + "    log(loss=1); time.sleep(60)", trials=1)
    agent = Agent(service, "sweep1", place.runs)
    thread = start(agent)
    run = eventually(service.runs)[0]
    eventually(lambda: service.rows(run.id))
    agent.stop()
    thread.join(10)
    assert service.runs()[0].state is RunState.LOST
    assert service.trials()[0].state is TrialState.WAITING
    assert marked([run.id]) == []


def test_output_beyond_measure_does_not_fill_the_disk(place, monkeypatch):
    monkeypatch.setattr(output_module, "LARGEST_FILE", 200_000)
    monkeypatch.setattr(output_module, "LARGEST_SHARE", 50_000)
    service = place.service(
        LOGS
        + """
    for n in range(30):
        print("x" * 50_000)
        time.sleep(0.02)
    print("the end")
    log(loss=1)
    """,
        trials=1,
    )
    Agent(service, "sweep1", place.runs).run()
    run = service.runs()[0]
    assert sum(file.stat().st_blocks * 512 for file in (place.runs / run.id).glob("output.log*")) < 1_000_000
    assert service.output(run.id).endswith("the end\n")
    assert len(service.output(run.id)) < 500_000
    assert service.trials()[0].state is TrialState.FINISHED


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_script_that_dies_by_a_signal_is_told_so(place, monkeypatch, number):
    service = place.service(f"import os; os.kill(os.getpid(), {int(number)})", trials=1)
    # Another test has the kernel kill something: nobody can tell then that it was not this one.
    monkeypatch.setattr(MemoryKills, "has_grown_since", lambda now, before: False)
    Agent(service, "sweep1", place.runs).run()
    failure = service.trials()[0].failure
    assert failure.cause is Cause.SIGNAL
    assert failure.signal == number


def test_several_agents_in_one_process_share_a_sweep(place):
    service = place.service(LOGS + "    log(loss=x)", trials=12)
    threads = [start(Agent(service, "sweep1", place.runs)) for _ in range(4)]
    for thread in threads:
        thread.join(60)
    assert [trial.state for trial in service.trials()] == [TrialState.FINISHED] * 12
    assert len(service.runs()) == 12
    assert os.getpid() not in marked([run.id for run in service.runs()])

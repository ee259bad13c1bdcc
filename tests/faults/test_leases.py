"""Agents that fall silent, leave, come back too late, or share a sweep: each run has one holder at a time."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time

from fault_bench import Bench, eventually, on_each_store

from besom.errors import ServerUnreachable
from besom.records import RunState
from besom.wire import Ask, Hello


@on_each_store
def test_what_a_stopped_agent_sends_too_late_is_refused(bench: Bench):
    bench.write(run_cap=1, besom={"lease": "2s"})
    bench.hold("1-0-3", "1-1-2")
    bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    first = bench.start("agent", sweep_id)
    bench.await_held("1-0-3")
    eventually(lambda: bench.runs()[0].rows == 2, "its rows arrive")
    # As on another machine: one that worked in the same folder would end the script and deliver its rows.
    second = bench.start("agent", sweep_id, "--folder", str(bench.folder / "elsewhere"))
    first.send_signal(signal.SIGSTOP)
    bench.await_held("1-1-2")  # the lease has ended, and the other has the trial
    bench.let_go("1-0-3")
    late = bench.runs()[0].id
    eventually(lambda: len(bench.told(late)) == 4, "the stopped agent's script logs on")
    first.send_signal(signal.SIGCONT)
    bench.await_said(first, f"run {late}: lease 1 ended")
    bench.let_go("1-1-2")
    bench.ended(first)
    bench.ended(second)

    assert [(run.attempt, str(run.state), run.rows) for run in bench.runs()] == [(0, "lost", 2), (1, "finished", 4)]
    assert len(bench.kept(late)) == 2
    assert [(trial.state, trial.losses) for trial in bench.trials()] == [("finished", 0)]


def test_what_a_lost_run_logged_is_delivered_by_the_next_which_goes_on_from_there(bench: Bench):
    bench.write(run_cap=1, keeps=True, besom={"lease": "2s"})
    bench.hold("1-0-3")
    bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    first = bench.start("agent", sweep_id)
    script = bench.await_held("1-0-3")
    eventually(lambda: bench.runs()[0].rows == 2, "its rows arrive")
    first.send_signal(signal.SIGSTOP)
    bench.let_go("1-0-3")
    eventually(lambda: script not in bench.processes(), "the script ends, having logged all")
    eventually(lambda: bench.runs()[0].state == "lost", "the lease ends")
    second = bench.start("agent", sweep_id)
    bench.ended(second)
    first.send_signal(signal.SIGCONT)
    bench.ended(first)

    assert [(str(run.state), run.rows, run.fidelity) for run in bench.runs()] == [("lost", 4, 4), ("finished", 0, 4)]
    lost = bench.runs()[0].id
    assert bench.kept(lost) == bench.told(lost)
    (trial,) = bench.trials()
    assert trial.value == bench.told(lost)[-1]["loss"]


def test_a_machine_that_slept_loses_no_run(bench: Bench):
    bench.write(run_cap=1, besom={"lease": "1s"})
    bench.hold("1-0-3")
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    bench.await_held("1-0-3")
    eventually(lambda: bench.runs()[0].rows == 2, "its rows arrive")
    until = bench.runs()[0].lease_until
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: time.time() > until + 3, "the lease has ended, and ticks were missed")
    process.send_signal(signal.SIGCONT)
    bench.let_go("1-0-3")
    bench.ended(process)

    assert [(run.state, run.rows) for run in bench.runs()] == [(RunState.FINISHED, 4)]


def test_sigterm_to_an_agent_gives_its_run_back_at_once(bench: Bench):
    bench.write(run_cap=1, keeps=True)
    bench.hold("1-0-3")
    bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    first = bench.start("agent", sweep_id)
    bench.await_held("1-0-3")
    first.send_signal(signal.SIGTERM)
    bench.ended(first, 130)

    (run,) = bench.runs()
    assert (run.state, bench.trials()[0].state) == ("lost", "waiting")
    bench.run("agent", sweep_id)  # long before the lease of 60 s has ended
    assert [str(run.state) for run in bench.runs()] == ["lost", "finished"]
    bench.assert_every_row_is_kept_once()


def test_a_run_whose_agent_died_before_it_began_is_given_back_at_once(bench: Bench):
    bench.write(run_cap=2)
    gone = subprocess.Popen(["true"])
    gone.wait()
    with bench.service() as service:
        sweep = service.create_sweep(json.loads(bench.file.read_text()), str(bench.folder))
        service.hello(Hello("gone", "gone", socket.gethostname(), gone.pid))
        folder = str(bench.home / "sweeps" / sweep.id / "runs")
        service.ask(sweep.id, Ask("gone", "first", socket.gethostname(), (), folder))
    started = time.monotonic()
    bench.run("run", "sweep.json", "--agents", "2", "--no-report")

    assert time.monotonic() - started < 30  # the lease is 60 s long
    runs = bench.runs()
    assert [(run.trial, str(run.state)) for run in runs if run.trial == 1] == [(1, "lost"), (1, "finished")]
    assert len(runs) == 3


def test_two_of_besom_run_share_one_sweep(bench: Bench):
    bench.write(run_cap=4)
    bench.hold("1-0-2", "2-0-2")
    first = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    bench.await_held("1-0-2")
    second = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    bench.await_held("2-0-2")
    bench.let_go("1-0-2", "2-0-2")
    bench.ended(first)
    bench.ended(second)

    assert [(run.trial, str(run.state)) for run in bench.runs()] == [(n, "finished") for n in (1, 2, 3, 4)]
    assert len({run.agent_id for run in bench.runs()}) == 2
    bench.assert_every_row_is_kept_once()


def test_agents_that_start_at_once_without_a_server_share_the_sweep(bench: Bench):
    bench.write(run_cap=3)
    bench.hold("1-0-2", "2-0-2", "3-0-2")
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    agents = [bench.start("agent", sweep_id) for _ in range(3)]
    for place in ("1-0-2", "2-0-2", "3-0-2"):
        bench.await_held(place)
    bench.let_go("1-0-2", "2-0-2", "3-0-2")
    for agent in agents:
        bench.ended(agent)

    assert [(run.trial, str(run.state)) for run in bench.runs()] == [(n, "finished") for n in (1, 2, 3)]
    bench.assert_every_row_is_kept_once()


@on_each_store
def test_an_agent_takes_over_from_a_besom_run_that_was_killed(bench: Bench):
    bench.write(run_cap=3)
    bench.hold("1-0-2", "2-0-2")
    first = bench.start("run", "sweep.json", "--agents", "1")
    bench.await_held("1-0-2")
    agent = bench.start("agent", bench.sweep_id())
    bench.await_held("2-0-2")
    first.kill()
    bench.let_go("1-0-2", "2-0-2")

    def goes_on() -> bool:
        with contextlib.suppress(ServerUnreachable):  # nobody has taken over yet
            return [str(run.state) for run in bench.runs()][-2:] == ["finished"] * 2
        return False

    eventually(goes_on, "the agent goes on alone")
    assert [(run.trial, str(run.state)) for run in bench.runs()] == [(1, "running"), (2, "finished"), (3, "finished")]
    bench.run("run", "sweep.json", "--agents", "1", "--no-report")
    bench.ended(agent)

    assert [str(run.state) for run in bench.runs()] == ["lost", "finished", "finished", "finished"]
    assert [str(trial.state) for trial in bench.trials()] == ["finished"] * 3
    bench.assert_every_row_is_kept_once()


def test_besom_run_outlives_the_server_that_it_joined(bench: Bench):
    bench.write(run_cap=2)
    bench.hold("1-0-3")
    server = bench.serve()
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    bench.await_held("1-0-3")
    server.kill()
    server.wait()
    bench.let_go("1-0-3")
    bench.await_said(process, "waits for it")
    bench.serve()
    said = bench.ended(process)

    assert "best" in said
    assert [(run.trial, str(run.state)) for run in bench.runs()] == [(1, "finished"), (2, "finished")]
    bench.assert_every_row_is_kept_once()

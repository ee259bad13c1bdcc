"""Agents that reach nothing but a folder, and what is killed there: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

import pytest
from fault_bench import Bench, eventually

from besom.client import Client
from besom.wire import Ask, Assignment, Finish

ALONE = ("unshare", "--net")


@pytest.fixture(autouse=True, scope="module")
def _may_be_alone() -> None:
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs leave to make a network namespace: be root")


def test_agents_without_any_network_complete_a_sweep_through_kills_of_server_and_agent(bench: Bench):
    """They have not even loopback. The server dies and comes back, then an agent dies; both while scripts log."""
    bench.write(epochs=4, keeps=True, run_cap=3)
    bench.hold("1-0-2", "2-0-3")
    server = bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    home = str(bench.home)
    agents = [bench.start("agent", sweep_id, "--server", home, before=ALONE)]
    bench.await_held("1-0-2")
    agents.append(bench.start("agent", sweep_id, "--server", home, before=ALONE))
    script = bench.await_held("2-0-3")
    first = bench.runs()[0].id
    server.kill()
    server.wait()
    bench.let_go("1-0-2")  # it logs, and ends, while there is no server
    eventually(lambda: len(bench.told(first)) == 4, "the script has logged everything")
    bench.serve()
    eventually(lambda: [run.rows for run in bench.runs()[:2]] == [4, 2], "what they kept has come", within_s=90)
    eventually(lambda: bench.runs()[0].state == "finished", "the first run's end has come, too", within_s=90)
    agents[1].send_signal(signal.SIGKILL)
    eventually(lambda: script not in bench.processes(), "the script died with its agent")
    bench.let_go("2-0-3")
    agents.append(bench.start("agent", sweep_id, "--server", home, before=ALONE))  # it gives back what the dead one had
    said = [bench.ended(agent) for agent in agents[::2]]

    assert "watch it at http://127.0.0.1:" in said[0]
    assert [str(trial.state) for trial in bench.trials()] == ["finished"] * 3
    assert [(run.trial, str(run.state)) for run in bench.runs() if run.trial == 2] == [(2, "lost"), (2, "finished")]
    assert [run.first_fidelity for run in bench.runs() if run.trial == 2] == [0, 2]
    bench.assert_every_row_is_kept_once()
    assert bench.run("best", "--server", home, "--format", "args").startswith("--x=")


def test_what_a_server_did_but_could_not_answer_before_kill_9_is_done_once(bench: Bench):
    """The answer to each first letter cannot be written, for its draft is a pipe that nobody reads."""
    bench.write(run_cap=3)
    server = bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    with Client(str(bench.home), patience_s=120) as client:
        box = client._connections.box  # the place of the fault
        box.make()
        os.mkfifo(box.answers / ".1.letter.draft")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(client.ask(sweep_id, Ask("a", "once"))))
        asking.start()
        eventually(bench.runs, "the run is given out")
        server.kill()
        server.wait()
        assert answers == []
        bench.serve()
        asking.join(120)
        (run,) = bench.runs()
        (assignment,) = answers
        assert isinstance(assignment, Assignment)
        assert assignment.run_id == run.id
        client.finish(Finish(run.id, assignment.lease, "lost"))

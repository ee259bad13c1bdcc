"""Agents that pass for one another, by name, id or machine: each run still has one holder."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest
from fault_bench import Bench

from besom.errors import LeaseLost
from besom.server.driver import Driver
from besom.store import open_store
from besom.wire import Ask, Assignment, Finish, Hello, Report


def test_agents_of_one_name_have_each_its_own_runs(bench: Bench):
    bench.write(run_cap=4)
    bench.hold("1-0-2", "2-0-2")
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    agents = [bench.start("agent", sweep_id, "--name", "twin") for _ in range(2)]
    for place in ("1-0-2", "2-0-2"):
        bench.await_held(place)
    bench.let_go("1-0-2", "2-0-2")
    for agent in agents:
        bench.ended(agent)

    assert [(run.trial, run.attempt) for run in bench.runs()] == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert [agent.name for agent in bench.agents()] == ["twin", "twin"]
    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()


def test_agents_of_one_id_cannot_speak_for_each_others_runs(tmp_path: Path):
    store = open_store(tmp_path / "besom.db")
    file = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "metric": {"name": "loss"}}
    with Driver(store, tick_s=None) as driver:
        sweep = driver.create_sweep(file)
        for pid in (1, 2):
            driver.hello(Hello("twin", "twin", "here", pid))
        first, second = (driver.ask(sweep.id, Ask("twin", f"request of {n}")) for n in (1, 2))
        assert isinstance(first, Assignment)
        assert isinstance(second, Assignment)
        assert (first.trial, second.trial) == (1, 2)
        with pytest.raises(LeaseLost):
            driver.report(Report(first.run_id, second.lease, 0, [{"loss": 9.0}]))
        driver.report(Report(second.run_id, second.lease, 0, [{"loss": 2.0}]))
        driver.finish(Finish(second.run_id, second.lease, "finished"))
        driver.bye("twin")
        driver.report(Report(first.run_id, first.lease, 0, [{"loss": 1.0}]))
        driver.finish(Finish(first.run_id, first.lease, "finished"))
        assert [(str(trial.state), trial.value) for trial in driver.trials(sweep.id)] == [
            ("finished", 1.0),
            ("finished", 2.0),
        ]
    store.close()


def test_a_machine_of_the_same_name_does_not_give_back_what_another_runs(bench: Bench):
    """Containers are often called alike, and see neither each other's processes nor each other's folders."""
    bench.write(run_cap=2)
    gone = subprocess.Popen(["true"])
    gone.wait()
    with bench.service() as service:
        sweep = service.create_sweep(json.loads(bench.file.read_text()), str(bench.folder))
        service.hello(Hello("elsewhere", "elsewhere", socket.gethostname(), gone.pid))
        folder = str(bench.home / "sweeps" / sweep.id / "runs")
        run = service.ask(sweep.id, Ask("elsewhere", "first", socket.gethostname(), (), folder))
        assert isinstance(run, Assignment)
        service.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0}]))
    bench.run("agent", sweep.id, "--count", "1")

    assert [(run.trial, str(run.state)) for run in bench.runs()] == [(1, "running"), (2, "finished")]

"""Clocks that are set while besom runs, far ahead and far back: no run is taken from its agent, no hour is spent."""

from __future__ import annotations

import json
from pathlib import Path

from fault_bench import Bench, eventually

from besom.wire import Ask, Assignment

DAY_S = 86_400.0


def set_clock(clock: Path, ahead_s: float) -> None:
    draft = clock.with_suffix(".draft")
    draft.write_text(str(ahead_s))
    draft.replace(clock)


def test_a_clock_set_ahead_and_back_costs_neither_a_run_nor_the_budget(bench: Bench):
    clock = bench.folder / "clock"
    bench.write(run_cap=2, besom={"lease": "3s", "budget": {"hours": 1}})
    bench.hold("1-0-2", "1-0-3", "1-0-4")
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report", clock=str(clock))
    for place, ahead_s in (("1-0-2", DAY_S), ("1-0-3", -DAY_S), ("1-0-4", 0.0)):
        bench.await_held(place)
        before = bench.runs()[0].lease_until
        set_clock(clock, ahead_s)
        eventually(lambda at=before: abs(bench.runs()[0].lease_until - at) > DAY_S / 2, "its lease is by the new clock")
        bench.let_go(place)
    bench.ended(process)

    assert [(run.trial, run.attempt, run.rows) for run in bench.runs()] == [(1, 0, 4), (2, 0, 4)]
    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()
    with bench.service() as service:
        spent = service.progress(service.sweeps()[0].id).spent
    assert 0 <= spent["hours"] < 0.1
    assert all(0 < trial.seconds < 60 for trial in bench.trials())


def test_a_dead_agents_run_is_taken_back_after_a_lease_also_where_the_clock_was_set_back(bench: Bench):
    clock = bench.folder / "clock"
    bench.write(run_cap=1, besom={"lease": "1s"})
    bench.serve(clock=str(clock))
    with bench.service() as service:
        sweep = service.create_sweep(json.loads(bench.file.read_text()), str(bench.folder))
        given = service.ask(sweep.id, Ask("dies", "first"))
        assert isinstance(given, Assignment)
    set_clock(clock, -DAY_S)
    eventually(lambda: bench.runs()[0].state == "lost", "it is taken back")

    assert [str(trial.state) for trial in bench.trials()] == ["waiting"]


def test_a_server_that_was_away_for_ten_minutes_gets_what_was_logged_meanwhile(bench: Bench):
    clock = bench.folder / "clock"
    bench.write(run_cap=1, besom={"lease": "10s"})
    bench.hold("1-0-3")
    server = bench.serve()
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    script = bench.await_held("1-0-3")
    server.kill()
    server.wait()
    bench.let_go("1-0-3")
    eventually(lambda: script not in bench.processes(), "the script ends while nobody listens")
    set_clock(clock, 600.0)  # as far as the server can tell
    bench.serve(clock=str(clock))
    bench.ended(process)

    assert [(str(run.state), run.attempt, run.rows) for run in bench.runs()] == [("finished", 0, 4)]
    bench.assert_every_row_is_kept_once()

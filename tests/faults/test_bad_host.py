"""An agent on a host that breaks every script takes no trial from the others: the host is set aside."""

from __future__ import annotations

from fault_bench import Bench, eventually

PROGRAM = """
import os, sys, time
import besom

HERE = os.path.dirname(os.path.abspath(__file__))
if os.environ["BESOM_TEST_HOST"] == "bad":
    sys.exit("CUDA driver initialization failed")
while not os.path.exists(f"{HERE}/go"):
    time.sleep(0.01)
run = besom.init()
besom.log({"loss": run.config["x"]})
"""


def test_a_host_that_fails_every_run_is_set_aside_and_loses_no_trial(bench: Bench) -> None:
    bench.write(PROGRAM, run_cap=6)
    bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    good = bench.start("agent", sweep_id, host="good")
    eventually(bench.runs, "the good host has a run")
    bad = bench.start("agent", sweep_id, host="bad")
    with bench.service() as service:
        (aside,) = eventually(lambda: service.sweep(sweep_id).set_aside, "the bad host is set aside")
    assert (aside.host, aside.causes) == ("bad", ("CUDA driver initialization failed",))
    said = bench.run("status", sweep_id)
    assert "Set aside" in said
    assert "bad  the last" in said

    (bench.folder / "go").touch()
    bench.ended(good)
    assert bad.poll() is None or bad.returncode == 0
    bench.assert_every_trial_is_finished_once()
    assert len(bench.trials()) == 6
    assert {run.host for run in bench.runs() if run.state == "finished"} == {"good"}
    failed = [run.trial for run in bench.runs() if run.state == "failed"]
    assert sorted(failed) == sorted(aside.trials)
    with bench.service() as service:
        (after,) = service.sweep(sweep_id).set_aside
    assert sorted(after.worked) == sorted(aside.trials)
    assert bench.run("resume", sweep_id, "--host", "bad") == f"bad gets runs of sweep {sweep_id} again\n"

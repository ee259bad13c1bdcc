"""kill -9 at each step of a trial's life, all in one sweep: what comes of it is as if nothing had been."""

from __future__ import annotations

import itertools
import json
import signal
from typing import Any

from fault_bench import Bench, eventually

import besom

STEPS = [
    "besom.engine.handle:answer after 2",  # suggested, and nothing kept
    "besom.agent.folders:RunFolder.create before 2",  # given out, and nothing begun
    "besom.agent.folders:RunFolder.note_process before 2",  # the script runs, and nobody wrote down which it is
    "besom.store.sql:SqlStore.append_pieces after 8",  # in the middle of a transaction
    "besom.agent.watch:Watch._conclude before 2",  # the script has ended, and the rest is not sent
    "besom.engine.handle:finish after 2",  # its end is decided, and not kept
    "besom.agent.shipping:Shipper.finish after 2",  # its end is kept, and the agent has not tidied up
    "besom.store.sql:SqlStore.compact after 2",  # while its history is merged
]
"""Where the process is that dies, and at which time that it comes there: not the first, so that trials end between."""


def expected(content: dict[str, Any]) -> list[tuple[dict[str, Any], float]]:
    """Configuration and value of each trial, as the same sweep has them in one process without any store."""
    tuner = besom.Tuner(content)
    configs = [dict(tuner.ask().config) for _ in range(content["run_cap"])]
    return [(config, (config["x"] - 0.3) ** 2 + 1 / 4) for config in configs]


def assert_nothing_came_of_it(bench: Bench) -> None:
    bench.assert_every_trial_is_finished_once()
    trials = bench.trials()
    assert [(dict(trial.config), trial.value) for trial in trials] == expected(json.loads(bench.file.read_text()))
    for run in bench.runs():
        told = bench.told(run.id)
        assert bench.kept(run.id) == (told if run.state == "finished" else told[: run.rows])


def test_besom_run_killed_at_each_step_goes_on_the_same(bench: Bench):
    bench.write(keeps=True, run_cap=12)
    for step in STEPS:
        process = bench.start("run", "sweep.json", "--agents", "1", "--no-report", death=step)
        assert process.wait(60) == -signal.SIGKILL, (step, bench.said(process))
        bench.assert_nothing_is_left()
    bench.run("run", "sweep.json", "--agents", "1", "--no-report")

    assert_nothing_came_of_it(bench)
    bench.assert_nothing_is_left()


def test_a_server_killed_at_each_of_its_steps_is_awaited_and_loses_nothing(bench: Bench):
    bench.write(run_cap=12)
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    steps = [step for step in STEPS if "agent" not in step]
    server = bench.serve(death=steps[0])
    agent = bench.start("agent", sweep_id)
    for step, following in itertools.pairwise([*steps, None]):
        eventually(lambda at=server: at.poll() is not None, f"the server dies: {step}")
        assert server.returncode == -signal.SIGKILL
        server = bench.serve(**{} if following is None else {"death": following})
    bench.ended(agent)

    assert_nothing_came_of_it(bench)
    assert [run.attempt for run in bench.runs()] == [0] * 12

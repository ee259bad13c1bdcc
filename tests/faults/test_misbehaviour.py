"""Scripts at their worst, all in one sweep: each is an observation with its cause, and none ends an agent."""

from __future__ import annotations

import pytest
from fault_bench import Bench

PROGRAM = """
import json, os, signal, subprocess, sys, time
import besom

run = besom.init()
how = run.config["how"]
daemon = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"]
if how == "says nothing":
    sys.exit(0)
if how == "prints 50 MB":
    for number in range(500):
        print(f"{number:09d}" * 11_111, flush=True)
besom.log({"loss": 1.0})
if how == "is killed":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "is killed once" and run.attempt == 0:
    os.kill(os.getpid(), signal.SIGKILL)
if how == "ends in NaN":
    besom.log({"loss": float("nan")})
if how == "raises":
    raise RuntimeError("no such layer")
if how == "leaves a daemon":
    subprocess.Popen(daemon, start_new_session=True)
if how == "will not end":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(daemon, start_new_session=True)
    while True:
        time.sleep(0.01)
"""
HOW = [
    "will not end",
    "prints 50 MB",
    "is killed",
    "is killed once",
    "ends in NaN",
    "raises",
    "says nothing",
    "leaves a daemon",
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("misbehaviour"))
    parameters = {"how": {"values": HOW}}
    options = {"timeout": 3, "grace": 0.5, "retries": 1}
    bench.write(PROGRAM, method="grid", parameters=parameters, run_cap=len(HOW), besom=options)
    bench.run("run", "sweep.json", "--agents", "2", "--no-report")
    return bench


@pytest.fixture
def outcome(ended: Bench):
    """State, cause of failure and number of runs of the trial that behaves like this."""
    trials, runs = ended.trials(), ended.runs()

    def of(how: str) -> tuple[str, str | None, int]:
        (trial,) = (trial for trial in trials if trial.config["how"] == how)
        cause = str(trial.failure.cause) if trial.failure else None
        return str(trial.state), cause, sum(run.trial == trial.number for run in runs)

    return of


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("will not end", ("failed", "timeout", 1)),
        ("prints 50 MB", ("finished", None, 1)),
        ("is killed", ("failed", "signal", 2)),
        ("is killed once", ("finished", None, 2)),
        ("ends in NaN", ("failed", "metric not finite", 1)),
        ("raises", ("failed", "exit code", 2)),
        ("says nothing", ("failed", "no metric logged", 1)),
        ("leaves a daemon", ("finished", None, 1)),
    ],
)
def test_each_behaviour_has_its_outcome(outcome, how: str, expected: tuple[str, str | None, int]):
    assert outcome(how) == expected


def test_each_is_one_trial_and_the_sweep_ends(ended: Bench):
    assert [trial.config["how"] for trial in ended.trials()] == HOW
    with ended.service() as service:
        assert service.sweeps()[0].state == "finished"


def test_a_failure_is_told_with_its_last_lines(ended: Bench):
    (trial,) = (trial for trial in ended.trials() if trial.config["how"] == "raises")
    assert trial.failure is not None
    assert trial.failure.message == "RuntimeError: no such layer"
    assert "train.py" in trial.failure.last_lines


def test_of_very_long_output_the_beginning_and_the_end_are_kept(ended: Bench):
    (trial,) = (trial for trial in ended.trials() if trial.config["how"] == "prints 50 MB")
    (run,) = (run for run in ended.runs() if run.trial == trial.number)
    with ended.service() as service:
        output = service.output(run.id)
    assert output.startswith("000000000")
    assert output.endswith("000000499" * 10 + "\n")
    assert "left out" in output
    assert len(output) < 10_000_000


def test_no_process_of_theirs_is_left(ended: Bench):
    ended.assert_nothing_is_left()

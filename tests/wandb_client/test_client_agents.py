"""Trials run by W&B's agents, by a function of its client, and by besom's own agents, side by side."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from client_bench import PYTHON, QUICK, Bench, Process, eventually

from besom.records import Cause, RunState, Trial, TrialState

pytestmark = pytest.mark.wandb
STEADY = {**QUICK, "WANDB_AGENT_DISABLE_FLAPPING": "true"}
ENDS = ["good", "nan", "missing", "summary", "least", "raise", "kill", "exit"]
STOPPING: dict[str, Any] = {
    "command": [PYTHON, "${program}", "${args}"],
    "method": "grid",
    "metric": {"name": "val.loss", "goal": "minimize"},
    "early_terminate": {"type": "hyperband", "min_iter": 2},
    "parameters": {"lr": {"values": [0.0, 1.0]}, "epochs": {"value": 600}, "pace": {"value": 0.1}},
}
"""The last of its trials is worse by far, and would take a minute."""
MEDIAN = {"type": "median", "min_trials": 1, "min_iter": 2}
ASHA = {"type": "asha", "min_iter": 2}


@dataclass
class Swept:
    """A sweep under way, and those who run its trials."""

    sweep_id: str
    agents: list[Process]


def besom_agent(bench: Bench, sweep_id: str) -> Process:
    """besom's own agent, whose scripts have W&B's client."""
    env = {"BESOM_SERVER": bench.server.address, "BESOM_HOME": str(bench.client.folder / "besom"), **QUICK}
    return bench.client.start("-m", "besom", "agent", sweep_id, env=env, python=sys.executable)


@pytest.fixture(scope="module")
def swept(bench: Bench) -> dict[str, Swept]:
    """All the sweeps of this file, run at once: an agent mostly waits."""

    def begun(sweep_id: str, *agents: Process) -> Swept:
        return Swept(sweep_id, list(agents))

    ends = bench.sweep(method="grid", parameters={"how": {"values": ENDS}})
    both = bench.sweep(run_cap=3, command=STOPPING["command"])
    crash = bench.sweep(run_cap=1, parameters={"how": {"value": "hold"}}, besom={"lease": "15s"})
    stops, ours = bench.sweep(**STOPPING), bench.sweep(**{**STOPPING, "early_terminate": MEDIAN})
    by_function = {**STOPPING, "early_terminate": ASHA, "besom": {"fidelity": {"metric": "epoch", "max": 599}}}
    del by_function["command"]
    agent = bench.client.agent
    return {
        "crash": begun(crash, agent(f"e/p/{crash}", env=STEADY)),
        "ends": begun(ends, *[agent(f"e/p/{ends}", *words, env=STEADY) for words in ((), ("--count", "2"), ())]),
        "stops": begun(stops, agent(f"e/p/{stops}", env=STEADY)),
        "ours": begun(ours, besom_agent(bench, ours)),
        "function": begun("", bench.client.start("function_agent.py", json.dumps(by_function), "2", env=QUICK)),
        "both": begun(both, besom_agent(bench, both), agent(f"e/p/{both}", env=QUICK)),
    }


def told(bench: Bench, run_id: str) -> list[dict[str, Any]]:
    """What the run's script says that it logged."""
    file = bench.client.folder / f"told-{run_id}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def trials_of(bench: Bench, swept: Swept, sweep_id: str = "") -> list[Trial]:
    """The sweep's trials once its agents have left, and all is known of what they ran last."""
    for agent in swept.agents:
        agent.ended()

    def found() -> list[Trial]:
        trials = bench.trials(sweep_id or swept.sweep_id)
        return trials if all(trial.state.has_ended for trial in trials) else []

    return eventually(found, "every trial has ended", within_s=30)


def ends_of(bench: Bench, swept: Swept) -> dict[str, Trial]:
    return {trial.config["how"]: trial for trial in trials_of(bench, swept)}


def test_a_trial_goes_on_in_a_later_agent_after_kill_9_of_agent_and_script(bench: Bench, swept):
    crash = swept["crash"]

    def first() -> Any:
        runs = bench.driver.runs(crash.sweep_id)
        return runs[0] if runs and runs[0].rows == 3 else None

    lost = eventually(first, "the rows of the first run arrive")
    crash.agents[0].popen.kill()
    mark = f"WANDB_RUN_ID={lost.id}".encode()
    for pid in bench.client.processes():
        with contextlib.suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
    (bench.client.folder / "let-go").touch()
    bench.client.agent(f"e/p/{crash.sweep_id}", env=STEADY).ended()

    (trial,) = bench.trials(crash.sweep_id)
    runs = bench.driver.runs(crash.sweep_id)
    assert (trial.state, trial.value) == (TrialState.FINISHED, 0.002)
    assert [(run.state, run.attempt, run.rows) for run in runs] == [(RunState.LOST, 0, 3), (RunState.FINISHED, 1, 3)]


def test_every_end_of_a_script_is_the_end_of_its_trial(bench: Bench, swept):
    trials = ends_of(bench, swept["ends"])

    values = {how: trials[how].value for how in ("good", "summary", "least")}
    assert values == {"good": 0.002, "summary": 0.25, "least": 0.001}
    assert {how: trial.state for how, trial in trials.items()} == {
        how: TrialState.FINISHED if how in values else TrialState.FAILED for how in ENDS
    }
    causes = {how: trial.failure.cause for how, trial in trials.items() if trial.failure}
    assert causes == {
        "nan": Cause.NOT_FINITE,
        "missing": Cause.NO_METRIC,
        "raise": Cause.EXIT_CODE,
        "kill": Cause.SIGNAL,
        "exit": Cause.EXIT_CODE,
    }
    assert "ValueError: of the script's own" in trials["raise"].failure.last_lines
    assert trials["exit"].failure.exit_code == 3


def test_an_agents_count_is_heeded_and_its_runs_keep_rows_output_and_arguments(bench: Bench, swept):
    ends_of(bench, swept["ends"])
    runs = bench.driver.runs(swept["ends"].sweep_id)

    shares = Counter(run.agent_id for run in runs).values()
    assert 2 in shares
    assert len(shares) == 3
    for run in runs:
        rows = [{"epoch": row["epoch"], "loss": row.get("loss")} for row in bench.driver.store.rows(run.id)]
        told_rows = [{"epoch": row["epoch"], "loss": row.get("loss")} for row in told(bench, run.id)]
        assert repr(rows) == repr(told_rows), run
    good = next(run for run in runs if run.trial == 1)
    assert bench.driver.store.output(good.id).splitlines()[-1] == "trained as good"
    config = bench.driver.store.tracked_values([good.id])[good.id].config
    assert (config["how"]["value"], config["of_script"]["value"]) == ("good", 1)


def test_besoms_agent_and_wandbs_agent_share_a_sweep(bench: Bench, swept):
    assert [trial.state for trial in trials_of(bench, swept["both"])] == [TrialState.FINISHED] * 3
    runs = bench.driver.runs(swept["both"].sweep_id)

    for run in runs:
        assert bench.rows(run.id, "epoch") == [0, 1, 2]
        assert bench.driver.store.output(run.id).count("trained as good") == 1


@pytest.mark.parametrize(("who", "rule"), [("stops", "hyperband"), ("ours", "median"), ("function", "asha")])
def test_early_termination_reaches_the_script_and_keeps_its_rows(bench: Bench, swept, who: str, rule: str):
    """By the flag that the script looks at, under either agent; by the agent's command, in a function."""
    sweep_id = swept[who].sweep_id or swept[who].agents[0].told()
    good, bad = trials_of(bench, swept[who], sweep_id)
    (run,) = [run for run in bench.driver.runs(sweep_id) if run.trial == bad.number]

    assert (good.state, good.fidelity) == (TrialState.FINISHED, 599 if rule == "asha" else 600)
    assert (bad.state, bad.ended_by.phase) == (TrialState.STOPPED, rule)
    kept, said = bench.rows(run.id, "val.loss"), [row["val"]["loss"] for row in told(bench, run.id)]
    assert kept[: len(said)] == said[: len(kept)]
    # What ends the script may come between its logging of a row and its saying so. And an agent may send a SIGTERM
    # before the client looks at its flag: what was not sent by then is lost.
    assert -1 <= len(said) - len(kept) < (1 if who == "function" else 40)
    assert 2 <= run.rows < 600

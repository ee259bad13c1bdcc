"""Thirty-two agents at once on one SQLite server, and Optuna's journal file under the same load."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import time
from multiprocessing.synchronize import Barrier

from benchmarks.peers.environment import optuna
from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.client import Client
from besom.records import TrialState
from besom.wire import Ask, Assignment, Done, Finish, Hello, Report

AGENTS, TRIALS, REPORTS = 32, 10, 20
OPERATIONS = AGENTS * TRIALS * (REPORTS + 2)
"""An ask, the reports and an end for each trial."""

SWEEP = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 1_000},  # asked after each report, stops none
    "run_cap": AGENTS * TRIALS,
    "besom": {"seed": 1},
}


def measure() -> Result:
    """Operations a second; every report is a message of its own, and each agent is a process."""
    ours = _besom()
    theirs = _optuna()
    peer_rate = OPERATIONS / theirs["seconds"]
    return Result(
        f"{AGENTS} agents at once",
        f"{TRIALS} trials each, {REPORTS} reports a trial, no compute. An operation is an ask, an end, or a report,"
        " which is answered by whether to stop.",
        (
            Row("operations/s", OPERATIONS / ours["seconds"], peer_rate, peer_rate, more_is_better=True),
            Row("trials lost or incomplete", AGENTS * TRIALS - ours["trials"], 0, AGENTS * TRIALS - theirs["trials"]),
            Row("agents that died", ours["dead"], 0, theirs["dead"]),
        ),
        peer="Optuna's journal",
    )


def _besom() -> dict[str, float]:
    with server() as (address, _), Client(address) as client:
        sweep_id = client.create_sweep(SWEEP).id
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(AGENTS + 1)
        agents = [context.Process(target=_agent, args=(address, sweep_id, number, barrier)) for number in range(AGENTS)]
        for process in agents:
            process.start()
        barrier.wait()
        began = time.perf_counter()
        for process in agents:
            process.join()
        seconds = time.perf_counter() - began
        runs = client.runs(sweep_id)
        whole = {run.trial for run in runs if run.rows == REPORTS}
        finished = [t for t in client.trials(sweep_id) if t.state is TrialState.FINISHED and t.number in whole]
        dead = sum(process.exitcode != 0 for process in agents)
        return {"seconds": seconds, "trials": len(finished) if len(runs) == AGENTS * TRIALS else 0, "dead": dead}


def _agent(address: str, sweep_id: str, number: int, barrier: Barrier) -> None:
    """What an agent says to the server, without the programs in between."""
    with Client(address) as client:
        agent_id = f"agent-{number}"
        client.hello(Hello(agent_id, agent_id, "here", os.getpid()))
        barrier.wait()
        asked = 0
        for _ in range(TRIALS):
            while not isinstance(answer := client.ask(sweep_id, Ask(agent_id, f"{agent_id}-{asked}")), Assignment):
                if isinstance(answer, Done):
                    return
                asked += 1
                time.sleep(answer.seconds)
            asked += 1
            for step in range(REPORTS):
                row = {"_step": step, "loss": answer.config["x"] + 1 / (step + 1)}
                client.report(Report(answer.run_id, answer.lease, step, (row,)))
            client.finish(Finish(answer.run_id, answer.lease, "finished"))
        client.bye(agent_id)


def _optuna() -> dict[str, float]:
    command = [str(optuna()), "-m", "benchmarks.peers.optuna_journal", str(AGENTS), str(TRIALS), str(REPORTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures

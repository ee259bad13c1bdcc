"""Thirty-two agents at once on one SQLite server, and Optuna's journal file under the same load."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import besom
from benchmarks.peers.environment import optuna
from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.agent.function import FunctionExecutor
from besom.agent.loop import Agent
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


Part = Callable[[str, str, str, int, Barrier], None]
"""One agent's work: the server's address, the sweep, a folder, the agent's number, and the barrier to start at."""


def measure() -> Result:
    """Operations a second of besom's agents, of bare messages, and of Optuna's workers; each is a process."""
    agents, messages, theirs = _besom(_agent), _besom(_messages), _optuna()
    peer_rate = OPERATIONS / theirs["seconds"]
    promised = AGENTS * TRIALS
    return Result(
        f"{AGENTS} agents at once",
        f"{TRIALS} trials each, {REPORTS} reports a trial, no compute. An operation is an ask, an end, or a report."
        " besom's agents run a function that logs, and send what was logged since the last message, as they always do;"
        " the messages alone are sent without agents, each report a request that is answered by whether to stop.",
        (
            Row("operations/s, agents", OPERATIONS / agents["seconds"], peer_rate, peer_rate, more_is_better=True),
            Row("operations/s, messages alone", OPERATIONS / messages["seconds"], None, peer_rate, more_is_better=True),
            Row("trials lost or incomplete, agents", promised - agents["trials"], 0, promised - theirs["trials"]),
            Row("trials lost or incomplete, messages", promised - messages["trials"], 0),
            Row("agents that died", agents["dead"] + messages["dead"], 0, theirs["dead"]),
        ),
        peer="Optuna's journal",
    )


def _besom(part: Part) -> dict[str, float]:
    with server() as (address, home), Client(address) as client:
        sweep_id = client.create_sweep(SWEEP).id
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(AGENTS + 1)
        folder = str(home / "runs")
        agents = [
            context.Process(target=part, args=(address, sweep_id, folder, number, barrier)) for number in range(AGENTS)
        ]
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


def _agent(address: str, sweep_id: str, folder: str, number: int, barrier: Barrier) -> None:
    """One of besom's agents, running a function that does nothing but log."""
    with Client(address) as client:
        executor = FunctionExecutor(_log)
        agent = Agent(client, sweep_id, Path(folder), count=TRIALS, name=f"agent-{number}", executor=executor)
        barrier.wait()
        agent.run()


def _log() -> None:
    run = besom.init()
    for step in range(REPORTS):
        besom.log({"loss": run.config["x"] + 1 / (step + 1)})


def _messages(address: str, sweep_id: str, _: str, number: int, barrier: Barrier) -> None:
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

"""Messages as files in a shared folder, and the same messages by HTTP, of one agent and of eight at once."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.client import Client
from besom.wire import Ask, Assignment, Finish, Hello, Report

AGENTS, TRIALS, REPORTS = (1, 8), 5, 10
SWEEP = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "besom": {"seed": 1},
}


def measure() -> Result:
    """Milliseconds from a message to its answer, medians; agents are threads with a client each."""
    rows = []
    with server() as (address, home):
        for agents in AGENTS:
            files, network = _waits(str(home), agents), _waits(address, agents)
            for kind in ("ask", "report"):
                ours, theirs = (1e3 * statistics.median(waits[kind]) for waits in (files, network))
                rows.append(Row(f"{kind}, {agents} agents at once, ms", ours, 500, theirs))
            rows.append(Row(f"slowest of {agents} agents' messages, ms", *_slowest(files, network)))
    return Result(
        "Shared folder",
        f"{TRIALS} trials an agent, {REPORTS} reports a trial, without a pause; the folder is on this machine's disk.",
        tuple(rows),
        peer="by HTTP",
    )


def _slowest(files: dict[str, list[float]], network: dict[str, list[float]]) -> tuple[float, None, float]:
    ours, theirs = (1e3 * max(max(each) for each in waits.values()) for waits in (files, network))
    return ours, None, theirs


def _waits(address: str, agents: int) -> dict[str, list[float]]:
    """Seconds that each ask and each report took."""
    waits: dict[str, list[float]] = {"ask": [], "report": []}

    def timed(kind: str, call: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        answer = call(*arguments)
        waits[kind].append(time.perf_counter() - began)
        return answer

    def work(number: int) -> None:
        agent_id = f"agent-{number}"
        with Client(address) as client:
            client.hello(Hello(agent_id, agent_id, "here", os.getpid()))
            for trial in range(TRIALS):
                answer = timed("ask", client.ask, sweep_id, Ask(agent_id, f"{agent_id}-{trial}"))
                assert isinstance(answer, Assignment)
                for step in range(REPORTS):
                    row = {"_step": step, "loss": 1 / (step + 1)}
                    timed("report", client.report, Report(answer.run_id, answer.lease, step, (row,)))
                client.finish(Finish(answer.run_id, answer.lease, "finished"))

    with Client(address) as client:
        sweep_id = client.create_sweep(SWEEP).id
    with ThreadPoolExecutor(agents) as pool:
        list(pool.map(work, range(agents)))
    return waits

"""besom under load: its agents as they are, running functions that only log; and the bare messages of the protocol."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import crew
from benchmarks.crew import Figures, Shift
from benchmarks.serving import server
from besom.agent.child import Child, Exit
from besom.agent.executors import Job
from besom.agent.loop import Agent
from besom.client import Client
from besom.errors import BesomError
from besom.records import RunState, TrialState
from besom.sdk.orders import Stopped
from besom.sdk.place import find
from besom.sdk.recorder import Run
from besom.wire import Answer, Ask, Assignment, Finish, Hello, Receipt, Report

SWEEP = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "command": ["true"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 1_000},  # asked after each report, stops none
    "besom": {"seed": 1},
}


def played(
    agents: int, reports: int, seconds: float, home: Path, store: str | None, *, is_bare: bool
) -> tuple[Figures, int]:
    """What agents did on a server of their own, and how many of the trials that they were told are kept are not.

    Args:
        agents: How many at once.
        reports: Of each trial.
        seconds: For how long.
        home: An empty folder.
        store: A database's URL; None for SQLite.
        is_bare: Messages alone, each report a request that is waited for; else agents that run functions.
    """
    with server(home, store) as (address, _), Client(address) as client:
        sweep_id = client.create_sweep(SWEEP).id
        work = partial(_messages if is_bare else _agent, address, sweep_id, str(home / "agents"), reports)
        figures = crew.run(work, agents, seconds)
        finished = {trial.number for trial in client.trials(sweep_id) if trial.state is TrialState.FINISHED}
        runs = client.runs(sweep_id)
        whole = [
            run for run in runs if run.state is RunState.FINISHED and run.rows == reports and run.trial in finished
        ]
        twice = len(whole) - len({run.trial for run in whole})
        return figures, len(set(figures.told) - {run.id for run in whole}) + twice


class _Noting(Client):
    """Notes how long asks take, what was answered, and what was not. The first ask waits for the other agents."""

    def __init__(self, address: str, shift: Shift, begin: Callable[[], None]) -> None:
        super().__init__(address)
        self._shift, self._begin, self._has_begun = shift, begin, False

    def ask(self, sweep_id: str, ask: Ask) -> Answer:
        if not self._has_begun:
            self._has_begun = True
            self._begin()
        return self._noted(partial(super().ask, sweep_id, ask), asks=True)

    def report(self, report: Report) -> Receipt:
        receipt: Receipt = self._noted(partial(super().report, report))
        return receipt

    def finish(self, finish: Finish) -> None:
        self._noted(partial(super().finish, finish))

    def _noted(self, call: Callable[[], Any], *, asks: bool = False) -> Any:
        began = time.perf_counter()
        try:
            answer = call()
        except BesomError as error:
            self._shift.note(error)
            raise
        if asks and not self._shift.is_over:
            self._shift.figures.asks_s.append(time.perf_counter() - began)
        return answer


class _Function:
    """A training that only logs, run by its agent's own thread, as Optuna's objectives are: see `besom.agent.child`."""

    created_at: float | None = None
    has_exited = True

    def __init__(self, job: Job, reports: int) -> None:
        self.pid = os.getpid()
        with suppress(Stopped), Run(find(job.environment())) as run:
            for step in range(reports):
                run.log({"loss": run.config["x"] + 1 / (step + 1)})

    def terminate(self) -> None:
        """It has ended."""

    def kill(self) -> None:
        """It has ended."""

    def reap(self) -> Exit:
        return Exit(0)


class _Functions:
    """Executes runs where it is called, and counts those that the server took whole."""

    def __init__(self, reports: int) -> None:
        self._reports = reports

    def execute(self, job: Job, watch: Callable[[Child], None]) -> None:
        watch(_Function(job, self._reports))


class _Agents(_Noting):
    """What an agent's function logged counts once the server has taken it and the run's end."""

    reports = 0

    def finish(self, finish: Finish) -> None:
        super().finish(finish)
        if finish.ended == "finished" and not self._shift.is_over:
            self._shift.count(self.reports + 2)
            self._shift.figures.told.append(finish.run_id)


def _agent(address: str, sweep_id: str, folder: str, reports: int, number: int, shift: Shift) -> None:
    """One of besom's agents."""

    def begin() -> None:
        threading.Timer(shift.begin(), agent.stop).start()

    with _Agents(address, shift, begin) as client:
        client.reports = reports
        agent = Agent(client, sweep_id, Path(folder, str(number)), gpus=(), executor=_Functions(reports))
        agent.run()


def _messages(address: str, sweep_id: str, _: str, reports: int, number: int, shift: Shift) -> None:
    """What an agent says to the server, without the programs in between."""
    with _Noting(address, shift, lambda: None) as client:
        name = f"agent-{number}"
        client.hello(Hello(name, name, "here", os.getpid()))
        shift.begin()
        done = 0
        while not shift.is_over:
            with suppress(BesomError):  # which is noted; the same question has the same answer
                _trial(client, sweep_id, Ask(name, f"{name}-{done}"), reports, shift)
                done += 1


def _trial(client: Client, sweep_id: str, ask: Ask, reports: int, shift: Shift) -> None:
    run = client.ask(sweep_id, ask)
    assert isinstance(run, Assignment)
    shift.count()
    for step in range(reports):
        client.report(Report(run.run_id, run.lease, step, ({"_step": step, "loss": run.config["x"] + 1 / (step + 1)},)))
        shift.count()
    client.finish(Finish(run.run_id, run.lease, "finished"))
    shift.count()
    shift.figures.told.append(run.run_id)

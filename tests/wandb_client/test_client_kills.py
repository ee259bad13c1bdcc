"""A server that is killed and comes back while scripts log and agents wait: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib

import pytest
from client_bench import QUICK, SCRIPTS, Client, ServerProcess, eventually

from besom.errors import BesomError
from besom.records import RunState, TrialState

pytestmark = pytest.mark.wandb
EPOCHS = 150


def test_nothing_is_lost_or_kept_twice_when_the_server_is_killed(server_process: ServerProcess, killable: Client):
    file = {
        "program": str(SCRIPTS / "train.py"),
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [0.6, 0.7, 0.8]}, "epochs": {"value": EPOCHS}, "pace": {"value": 0.05}},
        "entity": "e",
        "project": "p",
    }
    with server_process.service() as service:
        sweep_id = service.create_sweep(file).id
    agents = [killable.agent(f"e/p/{sweep_id}", env=QUICK) for _ in range(2)]

    def rows(number: int) -> int:
        with contextlib.suppress(BesomError), server_process.service() as service:
            runs = service.runs(sweep_id)
            return runs[number].rows if len(runs) > number else 0
        return 0

    eventually(lambda: rows(0) and rows(1), "rows of both agents arrive")
    server_process.kill()
    server_process.start()
    eventually(lambda: rows(2), "rows of the third trial arrive")
    server_process.kill()
    server_process.start()
    for agent in agents:
        agent.ended()

    with server_process.service() as service:
        assert [trial.state for trial in service.trials(sweep_id)] == [TrialState.FINISHED] * 3
        runs = service.runs(sweep_id)
        assert [run.state for run in runs] == [RunState.FINISHED] * 3
        for run in runs:
            assert [row["epoch"] for row in service.rows(run.id)] == list(range(EPOCHS)), run
            assert service.output(run.id).count("trained as good") == 1

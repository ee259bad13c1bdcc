"""A service made of the real engine and a memory, which agents in this process and in others can reach."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

import pytest

from besom.engine import create, handle
from besom.errors import ServerUnreachable
from besom.records import Agent, Run, Sweep, Trial
from besom.wire import Answer, Ask, Command, Finish, Hello, Receipt, Report


class EngineService:
    """The calls of `Service` that agents make, on one sweep held in memory. `is_away` makes it unreachable."""

    def __init__(self, file: dict[str, Any], folder: str = "") -> None:
        self._lock = threading.Lock()
        # Ids of runs follow from it, and agents end whatever bears the id of theirs: no two processes may share one.
        self.state, _ = create(f"sweep1-{os.getpid()}", file, 7, folder, time.time())
        self.kept_rows: dict[str, list[dict[str, Any]]] = {}
        self.kept_output: dict[str, str] = {}
        self.kept_samples: dict[str, dict[int, dict[str, Any]]] = {}
        self.is_away = False
        self.reports = 0
        self.largest_report = 0

    def _handle(self, message: Any) -> Any:
        with self._lock:
            if self.is_away:
                raise ServerUnreachable("server: no answer; start it.")
            self.state, done = handle(self.state, message, time.time())
            if done.rows:
                self.kept_rows.setdefault(done.rows.run_id, []).extend(map(dict, done.rows.rows))
            for each in done.histories:
                kept = self.kept_samples.setdefault(each.run_id, {})
                assert not kept.keys() & set(range(each.first_row, each.first_row + len(each.rows)))
                kept.update(enumerate(map(dict, each.rows), each.first_row))
            if done.output:
                self.kept_output[done.output.run_id] = self.kept_output.get(done.output.run_id, "") + done.output.text
            return done.reply

    def agents(self) -> list[Agent]:
        return []

    def hello(self, _hello: Hello) -> None:
        if self.is_away:
            raise ServerUnreachable("server: no answer; start it.")

    def bye(self, _agent_id: str) -> None:
        return None

    def ask(self, _sweep_id: str, ask: Ask) -> Answer:
        return self._handle(ask)

    def report(self, report: Report) -> Receipt:
        self.reports += 1
        self.largest_report = max(self.largest_report, len(report.rows))
        return self._handle(report)

    def finish(self, finish: Finish) -> None:
        self._handle(finish)

    def sweep(self, _sweep_id: str) -> Sweep:
        return self.state.sweep

    def command(self, _sweep_id: str, command: Command) -> Sweep:
        self._handle(command)
        return self.state.sweep

    def runs(self, _sweep_id: str = "", trial: int | None = None) -> list[Run]:
        return [run for run in self.state.runs.values() if trial in (None, run.trial)]

    def trials(self, _sweep_id: str = "") -> list[Trial]:
        return list(self.state.trials.values())

    def rows(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.kept_rows.get(run_id, []))

    def output(self, run_id: str) -> str:
        return self.kept_output.get(run_id, "")


class Place:
    """A folder with a program, and a sweep over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "home" / "sweeps" / "sweep1" / "runs"

    def service(self, program: str, **besom: Any) -> EngineService:
        """A sweep of one parameter `x`, three trials by default, over this Python program."""
        (self.folder / "train.py").write_text(textwrap.dedent(program))
        trials = besom.pop("trials", 3)
        file = {
            "program": "train.py",
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "run_cap": trials,
            "command": [sys.executable, "${program}", "${args}"],
            "besom": {"grace": 2, **besom},
        }
        return EngineService(file, str(self.folder))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def shared() -> Callable[[EngineService], str]:
    """Let agents in other processes reach a service: the address to connect to. It answers until the tests end."""

    def share(service: EngineService) -> str:
        class Manager(BaseManager):
            pass

        Manager.register("service", callable=lambda: service)
        server = Manager(("127.0.0.1", 0), authkey=b"test").get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"{server.address[0]}:{server.address[1]}"

    return share

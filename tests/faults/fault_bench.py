"""A bench for breaking besom: real commands, agents and scripts in processes of their own, and what they told of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import polling
from besom.records import Agent, Run, Trial
from besom.server.connect import connect
from besom.server.home import Home
from besom.service import Service
from marked_processes import marked_processes

PROGRAM = """
import json, os, sys, time
import besom

HERE = os.path.dirname(os.path.abspath(__file__))
run = besom.init()
name = f"{run.trial}-{run.attempt}"
with open(f"{HERE}/pid-{name}", "w") as file:
    file.write(str(os.getpid()))
saved = besom.checkpoint_dir() / "epoch"
begun = int(saved.read_text()) if KEEPS and saved.exists() else 0
with open(f"{HERE}/told-{run.id}.jsonl", "a") as told:
    for epoch in range(begun + 1, EPOCHS + 1):
        if os.path.exists(f"{HERE}/hold-{name}-{epoch}"):
            open(f"{HERE}/held-{name}-{epoch}", "w").close()
            while os.path.exists(f"{HERE}/hold-{name}-{epoch}"):
                time.sleep(0.005)
        row = {"epoch": epoch, "loss": (run.config["x"] - 0.3) ** 2 + 1 / epoch}
        told.write(json.dumps(row) + "\\n")
        told.flush()
        besom.log(row)
        if KEEPS:
            saved.with_suffix(".draft").write_text(str(epoch))
            saved.with_suffix(".draft").replace(saved)
        time.sleep(PACE_S)
"""
"""Tells a file of its own each row that it logs. It holds before an epoch while `hold-TRIAL-ATTEMPT-EPOCH` exists."""


TAMPERED = str(Path(__file__).with_name("tampered"))


eventually = partial(polling.eventually, within_s=40.0)


def on_postgres(values: Sequence[Any] = ()) -> Any:
    """A case of a test whose first argument is `bench`, by its store; and the other arguments' values."""
    return pytest.param("postgres", *values, marks=pytest.mark.postgres)


on_each_store = pytest.mark.parametrize("bench", ["sqlite", on_postgres()], indirect=True)
"""For tests of what hangs on the store."""


class Bench:
    """A folder with a program and a sweep file, a home, and the processes started there.

    `store` is a database's URL in place of the home's own file.
    """

    def __init__(self, folder: Path, home: Path | None = None, store: str | None = None) -> None:
        self.folder = folder
        self.home = home or folder / "home"
        self.store = store
        self.file = folder / "sweep.json"
        self._started: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def write(self, program: str = PROGRAM, *, epochs: int = 4, keeps: bool = False, pace_s: float = 0.0, **file: Any):
        """Put the program and its sweep there; keyword arguments go over the sweep file's defaults."""
        head = f"EPOCHS, KEEPS, PACE_S = {epochs}, {keeps}, {pace_s}\n"
        (self.folder / "train.py").write_text(head + program)
        besom = {"seed": 5, "grace": 1, "checkpoints": keeps, **file.pop("besom", {})}
        content = {
            "program": "train.py",
            "command": [sys.executable, "${program}"],
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "run_cap": 3,
            **file,
            "besom": besom,
        }
        self.file.write_text(json.dumps(content))

    def start(self, *words: str, before: Sequence[str] = (), **tampering: str) -> subprocess.Popen[bytes]:
        """A besom command, under way behind the words `before`; what it says goes to `said-N`.

        `clock`, `host` and `death`: see tampered/sitecustomize.
        """
        environment = {**os.environ, "BESOM_HOME": str(self.home), "BESOM_STORE": self.store or ""}
        if tampering:
            path = [TAMPERED, *filter(None, [os.environ.get("PYTHONPATH")])]
            environment["PYTHONPATH"] = os.pathsep.join(path)
            environment |= {f"BESOM_TEST_{name.upper()}": value for name, value in tampering.items()}
        with (self.folder / f"said-{len(self._started)}").open("wb") as said:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "besom", *words],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def run(self, *words: str, code: int = 0) -> str:
        """A besom command from start to end; what it said."""
        return self.ended(self.start(*words), code)

    def ended(self, process: subprocess.Popen[bytes], code: int = 0, within_s: float = 60.0) -> str:
        """Wait for the command's end; what it said."""
        process.wait(within_s)
        assert process.returncode == code, self.said(process)
        return self.said(process)

    def said(self, process: subprocess.Popen[bytes]) -> str:
        """What the command has said so far."""
        return (self.folder / f"said-{self._started.index(process)}").read_text()

    def await_said(
        self, process: subprocess.Popen[bytes], words: str, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        """Wait until the command has said `words`; what happens `meanwhile` happens again before each look."""

        def is_said() -> bool:
            meanwhile()
            return words in self.said(process)

        try:
            eventually(is_said, f"it says {words!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.said(process)}") from None

    def serve(self, **tampering: str) -> subprocess.Popen[bytes]:
        """A server on the bench's port, answering."""
        process = self.start("server", "--port", str(self.port), **tampering)
        eventually(self._answers, "the server answers")
        return process

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def hold(self, *places: str) -> None:
        """Have the script wait there: `TRIAL-ATTEMPT-EPOCH`."""
        for place in places:
            (self.folder / f"hold-{place}").touch()

    def await_held(self, place: str) -> int:
        """Wait until the script has come there; its process id."""
        eventually((self.folder / f"held-{place}").exists, f"the script came to {place}")
        return int((self.folder / f"pid-{place.rpartition('-')[0]}").read_text())

    def let_go(self, *places: str) -> None:
        for place in places:
            (self.folder / f"hold-{place}").unlink()

    @contextlib.contextmanager
    def service(self) -> Iterator[Service]:
        """The home's server, or its database."""
        with connect(home=Home(self.home, self.store)) as service:
            yield service

    def sweep_id(self) -> str:
        with self.service() as service:
            (sweep,) = service.sweeps()
            return sweep.id

    def trials(self) -> list[Trial]:
        with self.service() as service:
            return service.trials(service.sweeps()[0].id)

    def runs(self) -> list[Run]:
        with self.service() as service:
            return service.runs(service.sweeps()[0].id)

    def agents(self) -> list[Agent]:
        with self.service() as service:
            return service.agents()

    def suggestions(self) -> list[tuple[int, Any, Any, str]]:
        """Number, configuration, value and state of each trial: what a fault must not change."""
        return [(trial.number, dict(trial.config), trial.value, str(trial.state)) for trial in self.trials()]

    def told(self, run_id: str) -> list[dict[str, float]]:
        """What the run's script says that it logged; nothing of one that did not come so far."""
        told = self.folder / f"told-{run_id}.jsonl"
        return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []

    def kept(self, run_id: str) -> list[dict[str, float]]:
        """What the database has of it."""
        with self.service() as service:
            return [{name: row[name] for name in ("epoch", "loss")} for row in service.rows(run_id)]

    def assert_every_row_is_kept_once(self) -> None:
        """Of runs that ended by themselves everything that was told; of those cut off, all but perhaps the last."""
        for run in self.runs():
            told, kept = self.told(run.id), self.kept(run.id)
            assert kept == told[: len(kept)], run
            assert len(told) - len(kept) <= (1 if run.state == "lost" else 0), run

    def assert_every_trial_is_finished_once(self) -> None:
        """Trials numbered without a gap, each with one finished run, and no run under way."""
        trials, runs = self.trials(), self.runs()
        assert [(trial.number, str(trial.state)) for trial in trials] == [
            (n + 1, "finished") for n in range(len(trials))
        ]
        assert sorted(run.trial for run in runs if run.state == "finished") == [trial.number for trial in trials]
        assert [run for run in runs if run.state == "running"] == []

    def processes(self) -> list[int]:
        """Living processes that belong to the home: servers, agents, reapers, scripts, and what these started."""
        return marked_processes("BESOM_HOME", self.home)

    def kill_everything(self) -> None:
        """kill -9 of all that belongs to the home, until nothing is left of it."""

        def is_empty() -> bool:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self._started:
                process.poll()
            return not self.processes()

        eventually(is_empty, "nothing is left alive")

    def assert_nothing_is_left(self) -> None:
        def is_empty() -> bool:
            for process in self._started:
                process.poll()
            return not self.processes()

        eventually(is_empty, "every process has ended", within_s=10)

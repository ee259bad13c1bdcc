"""A bench for W&B's own client: it runs in a Python of its own, in fresh folders, against a besom server."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import polling
from besom.server.connect import connect
from besom.server.driver import Driver
from besom.server.home import Home
from besom.server.keys import wandb_key
from besom.server.serve import Server
from besom.service import Service
from marked_processes import marked_processes

PYTHON = os.environ.get("BESOM_WANDB_PYTHON") or sys.executable
SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE_S = 120.0
QUICK = {"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
"""Has new clients send what was logged each second, not every 15."""


@cache
def client_version() -> tuple[int, ...]:
    """The client's version, such as (0, 31, 0); empty where there is none."""
    code = "import importlib.metadata as m; print(m.version('wandb'))"
    asked = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False)
    return tuple(int(part) for part in asked.stdout.strip().split(".")) if asked.returncode == 0 else ()


eventually = partial(polling.eventually, within_s=PATIENCE_S, every_s=0.05)


class Client:
    """W&B's client in processes of its own, that speak to one server.

    Args:
        folder: Where it works; nobody else's settings are seen from there.
        address: The server's.
        key: What it is to bear.
    """

    def __init__(self, folder: Path, address: str, key: str = "") -> None:
        self.folder = folder
        self._started: list[Process] = []
        folder.mkdir(parents=True, exist_ok=True)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "BESOM_", "PYTHON"))
        }
        self.environment = {
            **kept,
            "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "WANDB_DIR": str(folder),
            "WANDB_CACHE_DIR": str(folder / "cache"),
            "WANDB_CONFIG_DIR": str(folder / "config"),
            "WANDB_DATA_DIR": str(folder / "data"),
            "WANDB_BASE_URL": address,
            "WANDB_API_KEY": key or "k" * 40,
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_DISABLE_GIT": "true",
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "TMPDIR": str(folder),
            "COLUMNS": "300",
        }

    def start(self, *words: str, env: Mapping[str, str] | None = None, python: str = PYTHON) -> Process:
        """A process of that Python under way: `train.py …` for one of our scripts, or `-m wandb …`."""
        if words[0].endswith(".py"):
            words = (str(SCRIPTS / words[0]), *words[1:])
        said = self.folder / f"said-{len(self._started)}"
        environment = {**self.environment, **(env or {})}
        with said.open("wb") as out:
            popen = subprocess.Popen(
                [python, *words],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = Process(popen, said)
        self._started.append(process)
        return process

    def run(self, *words: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
        """A process from start to end; what it said."""
        return self.start(*words, env=env).ended(code)

    def told(self, *words: str, env: Mapping[str, str] | None = None) -> Any:
        """What one of our scripts printed behind `TOLD `, as JSON."""
        return self.start(*words, env=env).told()

    def agent(self, path: str, *words: str, env: Mapping[str, str] | None = None) -> Process:
        """`wandb agent`, under way."""
        return self.start("-m", "wandb", "agent", *words, path, env=env)

    def processes(self) -> list[int]:
        """Living processes of this client, and what they started."""
        return marked_processes("WANDB_CACHE_DIR", self.environment["WANDB_CACHE_DIR"])

    def kill_everything(self) -> None:
        """kill -9 of all that this client started, until nothing is left."""

        def is_empty() -> bool:
            for process in self._started:
                process.popen.poll()
            alive = self.processes()
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not alive

        eventually(is_empty, "nothing is left alive")


class Process:
    """One process of the client, and what it says."""

    def __init__(self, popen: subprocess.Popen[bytes], file: Path) -> None:
        self.popen = popen
        self._file = file

    @property
    def said(self) -> str:
        return self._file.read_text(errors="replace")

    def ended(self, code: int | None = 0, seconds: float = PATIENCE_S) -> str:
        """Wait for the end; what it said. `code` None takes any."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            faulthandler.dump_traceback()  # of the server, where it is in this process
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                self.popen.send_signal(signal.SIGABRT)  # its Python then says where each thread is
                self.popen.wait(5)
            pytest.fail(f"{self.popen.args} did not end in {seconds:g} s; it said:\n{self.said}\n{self._logged()}")
        assert code is None or self.popen.returncode == code, f"exit code {self.popen.returncode}:\n{self.said}"
        return self.said

    def _logged(self, lines: int = 60) -> str:
        """The last lines of what the client logs of itself, run by run."""
        logs = sorted(self._file.parent.rglob("debug*.log"))
        tails = ("\n".join(log.read_text(errors="replace").splitlines()[-lines:]) for log in logs)
        return "\n".join(f"--- {log}\n{tail}" for log, tail in zip(logs, tails, strict=True))

    def told(self) -> Any:
        lines = [line for line in self.ended().splitlines() if line.startswith("TOLD ")]
        assert lines, self.said
        return json.loads(lines[-1].removeprefix("TOLD "))

    def until(self, text: str) -> None:
        """Wait until it has said something."""

        def has_said() -> bool:
            assert text in self.said or self.popen.poll() is None, f"ended without {text!r}:\n{self.said}"
            return text in self.said

        eventually(has_said, f"it says {text!r}")


class ServerProcess:
    """`besom server` as a process that can be killed, and that comes back on the same port."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.home = Home(folder / "home")
        self.log = folder / "server.log"
        self._token = token
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {**os.environ, "BESOM_HOME": str(self.home.path)}
        if self._token:
            environment["BESOM_TOKEN"] = self._token
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "besom", "server", "--port", str(self.port)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        eventually(self._answers, "the server answers")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def service(self) -> contextlib.AbstractContextManager[Service]:
        """A connection to it."""
        return connect(home=self.home.path)


class Bench:
    """A server in this process, and a client of it."""

    def __init__(self, server: Server, client: Client) -> None:
        self.server, self.client = server, client

    @property
    def driver(self) -> Driver:
        return self.server.driver

    def sweep(self, program: str = "train.py", **file: Any) -> str:
        """The id of a new sweep, of entity e and project p."""
        content = {
            "program": str(SCRIPTS / program),
            "method": "random",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"min": 0.0, "max": 1.0}},
            "entity": "e",
            "project": "p",
            **file,
        }
        return self.driver.create_sweep(content).id

    def trials(self, sweep_id: str) -> list[Any]:
        return self.driver.trials(sweep_id)

    def rows(self, run_id: str, *names: str) -> list[Any]:
        """Values of a run's rows, of one name or as tuples of several."""
        rows = list(self.driver.store.rows(run_id))
        return [row[names[0]] if len(names) == 1 else tuple(row.get(name) for name in names) for row in rows]


def key_of(server: Server) -> str:
    """What WANDB_API_KEY is for the server."""
    return wandb_key(server.token)

"""Where the chaos takes place: a folder, its home, and a server and agents there that are started again and again."""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.script import CLOCK, PROGRAM
from besom.records import Run, Trial
from besom.server.connect import connect
from besom.server.home import Home
from besom.wire import Command

AGENTS = 3
DISK = "256m"
_END_S = 300.0


class Arena:
    """The folder, its processes, and what is to be undone there in a while.

    Attributes:
        server_away_until: Up to then (of `time.monotonic`) a server that was killed is not started again.
        excused: Runs of whose rows more than the last may be lost: what held them was damaged on purpose.
        ended: How often commands ended by themselves, by kind and exit code.
        has_disk: The home is on a small disk of its own, which can be filled.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.home = self.disk / "home"
        self.server_away_until = 0.0
        self.excused: set[str] = set()
        self.ended: collections.Counter[str] = collections.Counter()
        self.commands: dict[str, subprocess.Popen[bytes]] = {}
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._sweep_id = ""
        self.clocks = folder / "clocks"
        self.clocks.mkdir()
        (self.clocks / "sitecustomize.py").write_text(CLOCK)
        (folder / "train.py").write_text(PROGRAM)
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(self.disk)]
        self.has_disk = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        path = os.pathsep.join(filter(None, [str(self.clocks), os.environ.get("PYTHONPATH")]))
        self._environment = {**os.environ, "BESOM_HOME": str(self.home), "PYTHONPATH": path}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])

    def begin(self, content: dict[str, object]) -> None:
        """Create the sweep."""
        with connect(home=self.home) as service:
            self._sweep_id = service.create_sweep(content, str(self.folder)).id

    def keep_running(self) -> None:
        """Start again what was killed, or ended by itself."""
        for name in ("server", *(f"agent {number}" for number in range(AGENTS))):
            command = self.commands.get(name)
            if command is not None and command.poll() is None:
                continue
            if command is not None and command.returncode != -signal.SIGKILL:
                self.ended[f"{name.split()[0]} {command.returncode}"] += 1
            if name == "server" and time.monotonic() < self.server_away_until:
                continue
            words = ["server", "--port", self._port] if name == "server" else ["agent", self._sweep_id]
            self.commands[name] = self._started(name, words)

    def _started(self, name: str, words: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"said {name}").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "besom", *words],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def processes(self) -> dict[int, str]:
        """Every living process of the home, and what it is."""
        mark = b"BESOM_HOME=" + os.fsencode(self.home)
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = _kind((entry / "cmdline").read_bytes())
        found.pop(os.getpid(), None)
        return found

    def runs_of_scripts(self) -> set[str]:
        """Ids of the runs whose scripts are alive."""
        found = set()
        for pid, kind in self.processes().items():
            with contextlib.suppress(OSError):
                if kind == "script":
                    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    found |= {word[13:].decode() for word in words if word.startswith(b"BESOM_RUN_ID=")}
        return found

    def later(self, seconds: float, undo: Callable[[], None]) -> None:
        """Have something undone after so long."""
        self._later.append((time.monotonic() + seconds, undo))

    def undo(self, *, everything: bool = False) -> None:
        """Undo what is due, or all."""
        now = time.monotonic()
        due = [undo for at, undo in self._later if everything or at <= now]
        self._later = [] if everything else [each for each in self._later if each[0] > now]
        for undo in due:
            undo()

    def end(self) -> tuple[list[Trial], list[Run], dict[str, list[dict[str, float]]]]:
        """Let the sweep end in peace; its trials, its runs, and the rows that are kept of each."""
        self.undo(everything=True)
        self.server_away_until = 0.0
        until = time.monotonic() + _END_S
        while (found := Home(self.home).find_server()) is None or not found.is_lasting:
            self._go_on(until, "no server came up")
        with connect(home=self.home) as service:
            count = len(service.trials(self._sweep_id))
            service.command(self._sweep_id, Command("set_budget", budget={"trials": count}))
            while not service.sweep(self._sweep_id).state.has_ended:
                self._go_on(until, "the sweep did not end")
            while any(kind == "agent" for kind in self.processes().values()):
                if time.monotonic() > until:
                    raise SystemExit(f"agents did not end with the sweep; look at {self.folder}")
                time.sleep(0.1)
            runs = service.runs(self._sweep_id)
            kept = {run.id: [{k: row[k] for k in ("epoch", "loss")} for row in service.rows(run.id)] for run in runs}
            trials = service.trials(self._sweep_id)
        self.commands["server"].terminate()
        self.commands["server"].wait(60)
        return trials, runs, kept

    def _go_on(self, until: float, what: str) -> None:
        if time.monotonic() > until:
            raise SystemExit(f"{what}; look at {self.folder}")
        self.keep_running()
        time.sleep(0.2)

    def left_behind(self) -> list[str]:
        """What still runs some seconds after everything has ended."""
        until = time.monotonic() + 10
        while (found := self.processes()) and time.monotonic() < until:
            time.sleep(0.1)
        return sorted(found.values())

    def clear(self, *, keep: bool = False) -> None:
        """Kill whatever is left, and remove the folder."""
        self.undo(everything=True)
        while living := self.processes():
            for pid in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for command in self.commands.values():
                command.poll()
        if keep:
            return
        if self.has_disk:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)  # noqa: S607 - as mount
        shutil.rmtree(self.folder)


def _kind(command_line: bytes) -> str:
    words = command_line.split(b"\0")
    if b"server" in words:
        return "server"
    if b"agent" in words:
        return "agent"
    return "reaper" if any(word.endswith(b"reaper.py") for word in words) else "script"

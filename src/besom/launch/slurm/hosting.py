"""The server of `--server in-job`: whichever job finds that the home has none starts one, and looks after it.

So there is one wherever there are agents, and none when the last of them has ended. A job that ends, however it does,
leaves the rest to the others; the agents follow by the file that the server publishes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from besom.connections import answers
from besom.errors import BesomError, StoreError
from besom.launch.slurm.launches import Launch
from besom.server.connect import connect
from besom.server.home import Home

REFUSED = 2
"""What a server exits with that could not become the home's, or is so no more."""
_LOOK_S = 1.0
_FIRST_PAUSE_S, _MOST_FAILURES = 1.0, 5
_TURN_S, _LONGEST_TURN_S = 4.0, 10.0
"""Agent 0 begins at once; the others give it, and each other, that much time to."""
_STOP_S = 20.0
_FAREWELL_S = 8.0
"""An agent without work asks again after 5 s at most: by then it has heard that there is no more."""
_ALIVE_S = 15.0


class Host:
    """A job's part in having a server."""

    def __init__(
        self, launch: Launch, index: int, log: Path, environ: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        """Prepare; `look` starts it.

        Args:
            launch: What the job belongs to.
            index: The agent's number; jobs with a smaller one go first.
            log: What the server says goes there.
            environ: The server's environment.
            say: Tells a line to whoever reads the job's own log.
        """
        self._launch, self._log, self._environ, self._say = launch, log, dict(environ), say
        self._home = Home(launch.home)
        self._turn_s = min(_TURN_S + index / 2, _LONGEST_TURN_S) if index else 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._port, self._is_starting = 0, False
        self._look_at = self._start_at = 0.0
        self._vacant_since: float | None = None
        self._failures = 0

    def look(self, now: float) -> None:
        """Start the server where one is missing, and see whether the own one still runs. `now` is a steady clock's."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        if self._process is not None:
            self._watch(self._process, now)
        else:
            with suppress(StoreError):  # who owns it cannot be seen now: the next look may tell
                self._start_if_vacant(now)

    def _start_if_vacant(self, now: float) -> None:
        if not self._home.is_vacant():
            self._vacant_since, self._failures = None, 0
            return
        self._vacant_since = now if self._vacant_since is None else self._vacant_since
        if now >= max(self._start_at, self._vacant_since + self._turn_s):
            self._start()

    @property
    def has_failed(self) -> bool:
        """Whether the server cannot be started here, however often one tries."""
        return self._failures > _MOST_FAILURES

    def is_up(self) -> bool:
        """Whether a server answers, this job's or another's."""
        found = self._home.published()
        return found is not None and answers(found.url)

    def stop(self, own_agents: Collection[str] = (), *, is_over: bool = False) -> None:
        """End the own server, if it runs.

        Args:
            own_agents: Names of this job's agents.
            is_over: These have heard that there is no more to do: the others are given the time to hear it too.
        """
        if self._process is None or self._process.stdin is None:
            return
        until = time.monotonic() + _FAREWELL_S
        while is_over and time.monotonic() < until and self._are_others_waiting(own_agents):
            time.sleep(_LOOK_S / 2)
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _are_others_waiting(self, own_agents: Collection[str]) -> bool:
        try:
            with connect(self._launch.address, self._launch.server_token) as service:
                busy = {run.agent_id for run in service.progress(self._launch.sweep_id).running}
                agents = [each for each in service.agents() if each.ended_at is None and each.id not in busy]
        except BesomError:
            return False
        now = time.time()  # the server's clock is this machine's
        return any(each.name not in own_agents and now - each.seen_at < _ALIVE_S for each in agents)

    def _start(self) -> None:
        self._is_starting = True
        words = [sys.executable, "-m", "besom.launch.slurm.serving", str(self._launch.folder), str(self._port)]
        with self._log.open("ab") as log:
            # It ends when this job's supervisor closes its standard input, or dies: SLURM's signals are not for it.
            self._process = subprocess.Popen(
                words, env=self._environ, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )

    def _watch(self, process: subprocess.Popen[bytes], now: float) -> None:
        code = process.poll()
        if code is None:
            self._note_port(process.pid)
            return
        self._process, self._vacant_since = None, None
        self._start_at = now + _FIRST_PAUSE_S * 2**self._failures
        self._failures += 1
        if code == REFUSED:
            self._port = 0  # perhaps somebody else listens there now
        else:
            self._turn_s = 0.0
            self._say(f"server: exit code {code}; see {self._log}")

    def _note_port(self, pid: int) -> None:
        """Remember where the own server listens: started again, it is to be found at the same place."""
        found = self._home.published() if self._is_starting else None
        if found is not None and found.pid == pid:
            self._is_starting, self._failures = False, 0
            self._port = urlsplit(found.url).port or 0
            self._say(f"server: listens at {found.url}")

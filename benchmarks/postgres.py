"""A PostgreSQL server of one's own: Debian's programs on a folder that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

_PATIENCE_S = 30.0


def programs() -> Path:
    """The folder of PostgreSQL's programs, which Debian keeps out of the PATH.

    Raises:
        FileNotFoundError: There are none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise FileNotFoundError("no PostgreSQL here; on Debian: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


class Cluster:
    """A server on a socket in `folder`, not yet started. PostgreSQL refuses to run as root, so then it is `postgres`.

    Args:
        folder: Where everything is; empty.
        options: Settings, as `fsync=off`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._data, self._programs = folder, folder / "data", programs()
        self._become = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._become:
            shutil.chown(folder, "postgres")
        set_ = ["listen_addresses=''", f"unix_socket_directories={folder}", *options]
        self._options = " ".join(f"-c {each}" for each in set_)
        self._made = 0
        self._run("initdb", "--auth", "trust", "--username", "besom", "--no-sync")
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")  # the one user who needs a password

    def _run(self, program: str, *words: str) -> None:
        command = [*self._become, str(self._programs / program), "--pgdata", str(self._data), *words]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def start(self) -> None:
        """Have it answer."""
        until = time.monotonic() + _PATIENCE_S
        while True:  # what was killed may have left something that is just ending
            try:
                self._run("pg_ctl", "--log", str(self._folder / "log"), "--options", self._options, "--wait", "start")
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; `immediate` is as a crash, but orderly."""
        self._run("pg_ctl", "--mode", mode, "stop")

    def kill(self) -> None:
        """Have all of it die at once, by kill -9."""
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        for process in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def url(self, database: str = "postgres", user: str = "besom") -> str:
        """Where a database of it is."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def create(self) -> str:
        """A fresh, empty database's URL."""
        self._made += 1
        name = f"made{self._made}"
        self.say(f"create database {name}")
        return self.url(name)

    def say(self, command: str, *values: str) -> None:
        """Have it carry out an SQL command, with values for each `%s`."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(command.encode(), values or None)


@contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """A running server, gone afterwards. Raises FileNotFoundError where PostgreSQL is not installed."""
    with tempfile.TemporaryDirectory(prefix="besom-pg-") as name:
        made = Cluster(Path(name), *options)
        made.start()
        try:
            yield made
        finally:
            with contextlib.suppress(RuntimeError):  # it is stopped already
                made.stop()

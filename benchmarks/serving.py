"""A besom server in a process and home of its own, as `besom server` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 30.0


@contextmanager
def server(folder: Path | None = None, store: str | None = None) -> Iterator[tuple[str, Path]]:
    """The address of a server that listens, and its home: `folder`, or one that is gone afterwards.

    `store` is a database's URL in place of the home's own file.
    """
    with tempfile.TemporaryDirectory() as own:
        home = folder or Path(own)
        command = [sys.executable, "-m", "besom", "server", "--port", "0"]
        environment = {**os.environ, "BESOM_HOME": str(home), "BESOM_STORE": store or ""}
        with (home / "server.log").open("w") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield _address(home, process), home
        finally:
            process.terminate()
            process.wait(30)


def _address(home: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return str(json.loads((home / "server.json").read_text())["url"])
        except FileNotFoundError:
            time.sleep(0.05)
    raise RuntimeError(f"besom server did not start: {(home / 'server.log').read_text()}")

"""A user of W&B's client: processes with what `besom server` prints in their environment, and nobody's settings.

BESOM_WANDB_PYTHON names a Python that has `wandb` and scikit-learn, where that of the tests has none.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from besom.connections import wandb_key
from besom.records import Sweep, Trial
from besom.server.serve import Server

PYTHON = Path(os.environ.get("BESOM_WANDB_PYTHON") or sys.executable)
PATIENCE_S = 240


def needs(*modules: str) -> None:
    """Skip the test where the client's Python lacks something."""
    asked = subprocess.run([PYTHON, "-c", f"import {', '.join(modules)}"], capture_output=True, check=False)
    if asked.returncode != 0:
        pytest.skip(f"{PYTHON} lacks one of {', '.join(modules)}; BESOM_WANDB_PYTHON names one that has them")


def environment(server: Server, folder: Path) -> dict[str, str]:
    """That of a user who has copied what `besom server` prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "BESOM_", "PYTHON"))}
    return {
        **kept,
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(PYTHON.parent.parent),
        "HOME": str(folder),
        "OMP_NUM_THREADS": "1",
        "WANDB_BASE_URL": server.address,
        "WANDB_API_KEY": wandb_key(server.token),
        "WANDB_ERROR_REPORTING": "false",
    }


class Started:
    """A process under way, in a group of its own, and what it says."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as out:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """What it said, once it has ended well."""
        try:
            code = self._popen.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self._popen.args} did not end in {PATIENCE_S} s; it said:\n{self._log.read_text()}")
        text = self._log.read_text(errors="replace")
        assert code == 0, f"exit code {code}:\n{text}"
        return text

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def sweep_of(server: Server, text: str) -> Sweep:
    """The sweep that W&B's client says it has made."""
    found = re.search(r"/sweeps/(\w+)", text)
    assert found, text
    return server.driver.sweep(found[1])


def configs_of(server: Server, trial: Trial) -> list[dict[str, Any]]:
    """What the scripts of a trial said that they were configured with."""
    ids = [run.id for run in server.driver.runs(trial.sweep_id) if run.trial == trial.number]
    kept = server.driver.store.tracked_values(ids)
    return [{name: entry["value"] for name, entry in kept[run_id].config.items()} for run_id in ids]


def rows_of(server: Server, trial: Trial, *metrics: str) -> list[tuple[Any, ...]]:
    """Values of the metrics in the rows of a trial's only run that have all of them."""
    (run,) = [run for run in server.driver.runs(trial.sweep_id) if run.trial == trial.number]
    rows = server.driver.store.rows(run.id)
    return [tuple(row[name] for name in metrics) for row in rows if all(name in row for name in metrics)]

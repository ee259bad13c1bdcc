"""A script with W&B's client on a machine that no network leads to: what it logs comes to the server by files."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from client_bench import PYTHON, QUICK, Bench

pytestmark = pytest.mark.wandb
WITH_LOOPBACK = (
    "import fcntl, os, socket, struct, sys;"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh22x', b'lo', 0x41));"  # SIOCSIFFLAGS: loopback is up
    "os.execv(sys.argv[1], sys.argv[1:])"
)
ALONE = ("--net", sys.executable, "-c", WITH_LOOPBACK)
"""What `unshare` has a program run by, with nothing but loopback."""


def test_what_it_logs_and_the_files_that_it_sends_come_to_the_server(bench: Bench):
    if subprocess.run(["unshare", *ALONE, "/bin/true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs leave to make a network namespace: be root")
    sweep_id = bench.sweep(run_cap=1, command=[PYTHON, "${program}", "${args}"], parameters={"lr": {"value": 0.25}})
    home = bench.server.home.path
    agent = bench.client.start(
        *(*ALONE, sys.executable, "-m", "besom", "agent", sweep_id),
        env={"BESOM_SERVER": str(home), **QUICK},
        python="unshare",
    )
    said = agent.ended()

    assert "1 run done" in said
    assert f"watch it at {bench.server.address}" in said
    (run,) = bench.driver.runs(sweep_id)
    (told,) = bench.client.folder.rglob(f"told-{run.id}.jsonl")
    assert (str(run.state), run.folder) == ("finished", str(home / "sweeps" / sweep_id / "runs" / run.id))
    assert bench.rows(run.id, "loss") == [json.loads(line)["loss"] for line in told.read_text().splitlines()]
    (sent,) = (home / "wandb").rglob("wandb-metadata.json")
    assert sent.stat().st_size

"""Where nodes reach no server outside: it runs within the jobs, or agents speak to it by files."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from cluster import eventually, node_of
from slurm_place import Place

from besom.server.home import Address, Home

pytestmark = pytest.mark.slurm
NO_NETWORK = """#!/bin/sh
for word; do
    shift
    [ "$word" != /bin/sh ] || set -- "$@" unshare --net
    set -- "$@" "$word"
done
exec {srun} "$@"
"""
"""srun, which has agents run where there is no network, not even a loopback."""


def _found(place: Place) -> Address | None:
    return Home(place.home).find_server()


def _another(place: Place, before: Address) -> Address:
    """The server that follows that one."""
    found: Address = eventually(lambda: (now := _found(place)) and now.pid != before.pid and now, "another serves")
    return found


def test_a_server_within_the_jobs_outlives_its_process_and_its_node_and_ends_with_the_sweep(unserved: Place):
    place = unserved
    place.write(keeps=True, run_cap=2, besom={"lease": 4})
    hold = place.hold()
    told = place.submit("--server", "in-job", "--agents", "2", "--gpus", "2", "--time", "10m")
    eventually(lambda: _found(place), "a job serves")
    place.await_held(2)
    standing = json.loads(place.besom("slurm", "status", "--json"))
    assert [(each["job"], each["state"]) for each in standing] == [(f"{told['job']}_{n}", "running") for n in (0, 1)]
    assert not Path(f"{Home(place.home).database}-wal").exists()

    first = _found(place)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    again = _another(place, first)
    assert again.url == first.url

    place.cluster.crash(node_of(again.pid))
    _another(place, again)
    hold.unlink()
    place.await_end()
    assert [str(trial.state) for trial in place.trials()] == ["finished", "finished"]
    place.await_no_jobs()
    eventually(lambda: not place.processes(), "no process is left")
    assert _found(place) is None
    assert place.besom("best").strip()
    assert list(place.home.glob("owner*")) == []


def test_agents_without_a_network_speak_to_the_server_by_files(place: Place):
    programs = place.folder / "programs"
    programs.mkdir()
    (programs / "srun").write_text(NO_NETWORK.format(srun=shutil.which("srun")))
    (programs / "srun").chmod(0o755)
    place.write(run_cap=2, besom={"slurm": {"setup": f"export PATH={programs}:$PATH", "server": "folder"}})
    hold = place.hold()
    place.submit("--agents", "2", "--time", "10m")
    place.await_held(2)
    hold.unlink()
    place.await_end()
    place.await_no_jobs()
    assert [str(trial.state) for trial in place.trials()] == ["finished", "finished"]


def test_jobs_serve_no_home_that_has_a_server(place: Place):
    place.write()
    told = place.besom("slurm", "submit", str(place.file), "--server", "in-job", code=2)
    assert "only if nothing else does" in told
    assert place.jobs() == []

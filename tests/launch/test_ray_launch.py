"""What agents ask Ray for, how they are called and kept up; without Ray."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from besom.errors import ConfigError, MissingExtra, WrongState
from besom.launch.ray import Launch, RayOptions, settled
from besom.launch.ray import joined as joined_cluster
from besom.launch.ray.actor import _new_log, command_of, environment_of
from besom.launch.ray.ending import killed_at_once
from besom.launch.ray.keeper import MOST_FAILURES, Keeper
from besom.launch.ray.launches import parts_of
from besom.launch.ray.standing import joined
from besom.records import Agent, Run
from besom.sweepfile import parse
from polling import eventually

FILE = {"program": "train.py", "method": "random", "parameters": {"x": {"values": [1, 2]}}}
HAS = {"besom": {"resources": {"gpus": 2, "cpus": 3}}}


def launch(folder: Path = Path("/h")) -> Launch:
    at = folder / "sweeps" / "s.1" / "ray" / "aaaa"
    return Launch(at, "aaaa", "s.1", folder, "http://h:1", "secret", RayOptions(agents=2, idle_s=90), 1.0)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_command_line_goes_before_the_sweep_files_resources():
    assert settled(parse(FILE), {"agents": None, "gpus": None}) == RayOptions()
    assert settled(parse({**FILE, **HAS}), {}) == RayOptions(gpus=2, cpus=3)
    given = {"agents": 4, "gpus": 0.5, "cpus": 1, "memory": "3G", "idle_s": 9.0}
    assert settled(parse({**FILE, **HAS}), given) == RayOptions(4, 0.5, 1, 3 * 2**30, 9.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"gpus": 1.5}, "--gpus: needs a whole number"), ({"memory": "much"}, "16G"), ({"memory": "0"}, "16G")],
)
def test_what_ray_cannot_give_is_refused(given: dict[str, object], said: str):
    with pytest.raises(ConfigError, match=said):
        settled(parse(FILE), given)


def test_a_sweep_without_a_program_gets_no_agents():
    with pytest.raises(WrongState, match="need a program"):
        settled(parse({key: value for key, value in FILE.items() if key != "program"}), {})


def test_a_launch_is_read_back_as_it_was_saved_and_its_token_is_for_its_user_only(tmp_path: Path):
    first = launch(tmp_path)
    later = replace(first, folder=first.folder.with_name("b"), created_at=2.0)
    for each in (later, first):
        each.logs.mkdir(parents=True)
        each.save()
    assert Launch.of_sweep(tmp_path, "s.1") == [first, later]
    assert (first.folder / "launch.json").stat().st_mode & 0o077 == 0


def test_a_launch_that_cannot_be_written_down_whole_is_none(tmp_path: Path):
    broken = replace(launch(tmp_path), server_token=cast(Any, object()))
    broken.logs.mkdir(parents=True)
    with pytest.raises(TypeError):
        broken.save()
    assert Launch.of_sweep(tmp_path, "s.1") == []


def test_actors_are_named_so_that_sweep_launch_and_number_can_be_told():
    assert [parts_of(name) for name in launch().actors] == [("s.1", "aaaa", 0), ("s.1", "aaaa", 1)]


def test_an_actor_starts_the_agent_that_a_person_would(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    words = ["-m", "besom", "agent", "s.1", "--folder", "/h/sweeps/s.1/runs", "--name", "ray-aaaa-1", "--idle", "90s"]
    assert command_of(launch(), 1) == [sys.executable, *words]
    environ = environment_of(launch())
    assert environ["CUDA_VISIBLE_DEVICES"] == "1"
    assert [environ[f"BESOM_{name}"] for name in ("SERVER", "TOKEN", "HOME")] == ["http://h:1", "secret", "/h"]


def test_standings_join_what_actors_answer_with_besoms_heartbeats():
    agents = [Agent(each, "ray-aaaa-0", "node1", 1, (), at, at + 5) for each, at in (("new", 9.0), ("old", 1.0))]
    run = Run("r", "s.1", 4, 0, 0, 1, "new", "q", 0.0, 60.0)
    working, waiting = joined(launch().actors, {"s.1.aaaa.0": "node7", "s.1.aaaa.1": OSError()}, agents, [run])
    assert (working.state, working.node, working.restarts, working.seen_at) == ("running", "node7", 1, 14.0)
    assert (working.trial, working.index, working.launch) == (4, 0, "aaaa")
    assert (waiting.state, waiting.node, waiting.restarts, waiting.trial) == ("waiting", "", None, None)


def test_an_agent_that_fails_is_started_again_but_not_for_ever(tmp_path: Path):
    log = tmp_path / "0-0.log"
    code = "import os, sys; print('here'); sys.exit(75)"
    assert not Keeper(python(code), os.environ, log, first_pause_s=0.001).run()
    assert log.read_text().count("here\n") == MOST_FAILURES
    assert log.read_text().endswith(f"failed {MOST_FAILURES} times, exit code 75; given up\n")


def test_an_agent_that_found_no_server_for_as_long_as_it_may_be_idle_holds_its_gpu_no_longer(tmp_path: Path):
    log = tmp_path / "log"
    assert not Keeper(python("raise SystemExit(69)"), os.environ, log, first_pause_s=0.001).run()
    (line,) = log.read_text().splitlines()
    assert line.endswith("the agent found no server for as long as it may be idle; given up")


def test_a_full_disk_under_its_log_does_not_end_an_agent(tmp_path: Path):
    seen = tmp_path / "seen"
    code = f"import pathlib, sys; p = pathlib.Path({str(seen)!r}); has = p.exists(); p.touch(); sys.exit(not has)"
    assert Keeper(python(code), os.environ, Path("/dev/full"), first_pause_s=0.001).run()


def test_an_attempt_has_a_log_of_its_own_where_one_can_be_made(tmp_path: Path):
    one = launch(tmp_path)
    assert _new_log(one, 0) is None
    one.logs.mkdir(parents=True)
    assert [_new_log(one, 0), _new_log(one, 0)] == [one.logs / "0-0.log", one.logs / "0-1.log"]
    one.logs.rename(tmp_path / "elsewhere")
    one.logs.symlink_to("/proc")  # a folder in which nobody may write
    assert _new_log(one, 0) is None


def test_who_may_have_a_run_is_not_killed_at_once():
    actors = ["s.1.aaaa.0", "s.1.aaaa.1", "s.1.aaaa.2", "s.1.aaaa.3"]
    told = {"s.1.aaaa.0": None, "s.1.aaaa.1": OSError()}
    known = {"ray-aaaa-0", "ray-aaaa-1", "ray-aaaa-2"}
    assert killed_at_once(actors, told, known) == ["s.1.aaaa.1", "s.1.aaaa.3"]


def test_an_agent_that_recovers_is_kept_until_it_is_done(tmp_path: Path):
    seen = tmp_path / "seen"
    code = f"import pathlib, sys; p = pathlib.Path({str(seen)!r}); has = p.exists(); p.touch(); sys.exit(not has)"
    assert Keeper(python(code), os.environ, tmp_path / "log", first_pause_s=0.001).run()


def test_a_keeper_that_is_killed_takes_its_agent_along(tmp_path: Path):
    noted = tmp_path / "pid"
    agent = f"import os, pathlib, time; pathlib.Path({str(noted)!r}).write_text(str(os.getpid())); time.sleep(60)"
    keeper = (
        "import os, sys, threading\n"
        "from besom.launch.ray.keeper import Keeper\n"
        "thread = threading.Thread(target=Keeper([sys.executable, '-c', sys.argv[1]], os.environ, None).run)\n"
        "thread.start(); thread.join()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", keeper, agent])
    pid = int(eventually(lambda: noted.exists() and noted.read_text(), "the agent begins"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it is gone altogether
        eventually(lambda: ") Z" in Path(f"/proc/{pid}/stat").read_text(), "the agent dies", within_s=5)


def test_without_ray_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"besom\[ray\]"), joined_cluster("auto"):
        pass

"""What becomes of a job's agents, and of submits, where SLURM's programs answer what a test wants."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from besom.cli import main
from besom.launch.slurm import IN_JOB, ControllerUnreachable, Launch, submit, supervisor
from besom.launch.slurm.controller import PATIENCE_S, job_ends_at_now
from besom.launch.slurm.steps import LONG_LIFE_S, MOST_CRASHES, Outcome, Step
from besom.launch.slurm.submitting import recover
from besom.launch.slurm.supervisor import Supervisor
from besom.server.home import Home
from besom.server.serve import serve_in_thread
from besom.sweepfile import SlurmOptions

KILLED = "slurmstepd: error: Detected 1 oom_kill event in StepId=3.0."
BEGAN = "12:00:00  trial 4 begins: run abc"
Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts programs of SLURM's in the way, by name and the shell that they are."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, shell: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{shell}\n")
        (folder / name).chmod(0o755)

    return put


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    folder = tmp_path / "home" / "sweeps" / "sweep1" / "slurm" / "t0ken"
    made = Launch(folder, "t0ken", "sweep1", tmp_path / "home", "http://head:1", "", SlurmOptions(), 1000.0)
    made.logs.mkdir(parents=True)
    made.save()
    return made


def _lives(tmp_path: Path, *, most: int, said: str, seconds: float = 1.0) -> tuple[int, Outcome | None, float]:
    """Of an agent that ends each life by a kill after saying this: the lives, its outcome and its longest pause."""
    told: list[str] = []
    step = Step(["/usr/bin/env"], dict(os.environ), tmp_path / "log", tmp_path / "pid", told.append, lambda *_: None)
    begun: list[float] = []
    now = ended_at = longest = 0.0

    def command() -> list[str]:
        begun.append(now)
        return ["/bin/sh", "-c", f"printf '%s\\n' {shlex.quote(said)}; exit 137"]

    deadline = time.monotonic() + 30
    while step.outcome is None and len(told) < most:
        assert time.monotonic() < deadline
        lives, deaths = len(begun), len(told)
        step.look(now, command, may_start=True)
        if len(begun) > lives:
            longest = max(longest, now - ended_at)
            now += seconds
        elif len(told) > deaths:
            ended_at = now
        elif len(begun) == len(told):
            now += 0.5
        else:
            time.sleep(0.005)
    return len(told), step.outcome, longest


def test_trials_that_run_out_of_memory_never_use_up_their_agents_starts(tmp_path: Path):
    most = MOST_CRASHES + 3
    lives, outcome, pause_s = _lives(tmp_path, most=most, said=f"{BEGAN}\n{KILLED}")
    assert (lives, outcome) == (most, None)
    assert pause_s <= 1.5


def test_an_agent_too_large_for_its_job_is_given_up_before_it_has_a_run(tmp_path: Path):
    assert _lives(tmp_path, most=20, said=KILLED)[:2] == (MOST_CRASHES + 1, Outcome.GAVE_UP)


def test_only_crashes_one_soon_after_another_add_up(tmp_path: Path):
    most = MOST_CRASHES + 3
    assert _lives(tmp_path, most=20, said="Segmentation fault")[:2] == (MOST_CRASHES + 1, Outcome.GAVE_UP)
    assert _lives(tmp_path, most=most, said="Segmentation fault", seconds=LONG_LIFE_S)[:2] == (most, None)


def test_no_agent_takes_up_a_run_whose_agent_slurm_has_yet_to_speak_of(launch: Launch, program: Program):
    """Both are killed at once for their memory, but srun tells of one later: as where it waits for an aborted step."""
    begin = 'while [ "${1#--}" != "$1" ]; do shift; done; shift 3; life="$0-$(basename "$1" .pid)"; echo $$ > "$1"'
    lives = f"""{begin}
        count=$(( $(cat "$life" 2>/dev/null || echo 0) + 1 )); echo $count > "$life"
        [ $count = 1 ] || {{ ls {launch.folder} > "$life-sees"; exit 0; }}
        sh -c 'echo $$ > "$0"' "$1"
        echo " begins: run of_$(basename "$1" -0.pid)"
        case "$1" in *1-0.pid) sleep 4;; esac
        echo 'slurmstepd: error: StepId=1.1 exceeded memory limit (2 > 1), being killed'; exit 137"""
    program("srun", lives)
    packed = replace(launch, options=SlurmOptions(agents=2, packed=True))
    environ = {**os.environ, "SLURM_JOB_ID": "3", "SLURM_JOB_END_TIME": f"{time.time() + 3600:.0f}"}
    environ = {name: value for name, value in environ.items() if not name.startswith("SLURM_ARRAY")}
    assert Supervisor(packed, environ).run() == 0
    for index in (0, 1):
        seen = (Path(environ["PATH"].split(":")[0]) / f"srun-{index}-0-sees").read_text().split()
        assert {"blamed-of_0", "blamed-of_1"} <= set(seen)


def _environ(ends_at: float) -> dict[str, str]:
    told = {"SLURM_JOB_ID": "3", "SLURM_ARRAY_JOB_ID": "3", "SLURM_ARRAY_TASK_ID": "0"}
    return {**os.environ, **told, "SLURM_JOB_END_TIME": f"{ends_at:.0f}"}


def test_a_job_that_cannot_reach_its_server_says_so_and_ends(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], program: Program
):
    program("srun", "exit 99")
    monkeypatch.setattr(supervisor, "_UNREACHED_EARLY_S", 0.0)
    monkeypatch.setattr(supervisor, "_LEAST_UNREACHED_S", 1.5)
    home = Home(launch.home)
    asked = replace(launch, server=IN_JOB, options=SlurmOptions(idle=1.0))
    with home.own():
        home.publish("http://127.0.0.1:1", "s3cret")
        code = Supervisor(asked, _environ(time.time() + 3600)).run()
    early, last = [line for line in capfd.readouterr().out.splitlines() if "server" in line]
    assert code == 1
    assert re.search(r"no server answers at http://127\.0\.0\.1:1 yet; the job ends in [12] s", early)
    assert re.search(r"no server answered at http://127\.0\.0\.1:1 for [0-9]+ s", last)
    assert not launch.log(0, 0).exists()


def test_a_time_limit_that_was_raised_is_noticed(launch: Launch, program: Program):
    later = time.time() + 3600
    program("srun", "exit 0")
    program("squeue", f"echo '2|1'; echo '3|{later:.0f}'")
    environ = _environ(time.time() - 60)
    assert Supervisor(launch, environ).run() == 0
    assert launch.log(0, 0).exists()
    assert job_ends_at_now(environ) == pytest.approx(later, abs=1)
    program("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1")
    assert job_ends_at_now(environ) == float(environ["SLURM_JOB_END_TIME"])


def test_a_submit_that_may_be_under_way_is_left_alone(launch: Launch, program: Program):
    program("squeue", "")
    assert recover(Launch.of_sweep(launch.home, launch.sweep_id), launch.created_at + 2 * PATIENCE_S - 1) == []
    assert Launch.of_sweep(launch.home, launch.sweep_id) == [launch]
    assert recover(Launch.of_sweep(launch.home, launch.sweep_id), launch.created_at + 2 * PATIENCE_S + 1) == []
    assert Launch.of_sweep(launch.home, launch.sweep_id) == []


def test_a_submit_that_got_no_answer_and_did_not_arrive_is_removed_at_once(launch: Launch, program: Program):
    program("sbatch", "echo 'sbatch: error: Unable to contact slurm controller' >&2; exit 1")
    program("squeue", "")
    another = replace(launch, folder=launch.folder.with_name("another"), token="other")  # noqa: S106 - no secret
    with pytest.raises(ControllerUnreachable):
        submit(another)
    recover(Launch.of_sweep(launch.home, launch.sweep_id), launch.created_at)
    assert Launch.of_sweep(launch.home, launch.sweep_id) == [launch]


def test_after_a_lost_answer_the_user_is_told_that_nothing_further_is_submitted(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("BESOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BESOM_SERVER", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("")
    (tmp_path / "sweep.yaml").write_text("{program: train.py, method: random, parameters: {x: {min: 0.0, max: 1.0}}}")
    comment = f"""sed -n 's/^#SBATCH --comment=//p' "$2" > {tmp_path}/comment"""
    program("sinfo", "echo localhost")
    program("sbatch", f"{comment}; echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1")
    program("squeue", f"""echo "7|7|0|PENDING|None||$(cat {tmp_path}/comment)" """)
    with serve_in_thread(Home(tmp_path / "home")):
        assert main(("slurm", "submit", "sweep.yaml")) == 2
        sweep = re.search(r"sweep (\w+) is created", capsys.readouterr().err)
        assert sweep is not None
        assert main(("slurm", "submit", sweep[1])) == 0
        told = capsys.readouterr()
    assert "job 7 of an earlier submit" in told.err
    assert "nothing further is submitted, run it again for more" in told.err
    assert told.out.startswith("job 7: 1 agent")

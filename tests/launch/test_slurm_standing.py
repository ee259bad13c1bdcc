"""What SLURM's commands answer, joined with what besom has heard itself; and what becomes of agents in a job."""

from __future__ import annotations

import os
import shlex
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from besom.launch.slurm import Launch, blames_in, is_superseded, job_ends_at
from besom.launch.slurm.controller import Task, parsed, parsed_accounts
from besom.launch.slurm.standing import joined
from besom.launch.slurm.steps import MOST_CRASHES, Outcome, Step, outcome_of, srun_words
from besom.records import Agent, Cause, Failure, Run
from besom.sweepfile import SlurmOptions

SQUEUE = """\
12|12|1|RUNNING|None|node1|besom:sweep1:aaaa
13|12|0|PENDING|Resources||besom:sweep1:aaaa
20|20|N/A|COMPLETED|None|node2|besom:sweep1:bbbb
21|21|N/A|FAILED|NonZeroExitCode|node2|a | b
"""


def launch(name: str = "aaaa", **options: object) -> Launch:
    asked = SlurmOptions.model_validate(options)
    return Launch(Path("/h/sweeps/sweep1/slurm") / name, name, "sweep1", Path("/h"), "http://h:1", "", asked, 1.0)


def agent(name: str, seen_at: float) -> Agent:
    return Agent(f"id of {name}", name, "node1", 1, (), 0.0, seen_at)


def test_lines_of_squeue_are_read_and_the_last_task_is_not_called_by_the_arrays_id():
    tasks = parsed(SQUEUE)
    assert [task.name for task in tasks] == ["12_1", "12_0", "20", "21"]
    assert [task.is_alive for task in tasks] == [True, True, False, False]
    assert tasks[1] == Task("13", "12", 0, "PENDING", "Resources", "", "besom:sweep1:aaaa")
    assert tasks[3].comment == "a | b"
    assert parsed("") == []


def test_standings_join_slurms_word_with_besoms_heartbeats():
    agents = [agent("slurm-aaaa-1.0", 5.0), agent("slurm-aaaa-1.2", 9.0), agent("slurm-aaaa-10.7", 8.0)]
    run = Run("r", "sweep1", 4, 0, 0, 1, "id of slurm-aaaa-1.2", "q", 0.0, 60.0)
    waiting, working, lost = joined([launch(agents=2), launch("cccc")], parsed(SQUEUE), agents, [run])
    assert (waiting.job, waiting.state, waiting.reason, waiting.seen_at) == ("12_0", "pending", "Resources", None)
    assert (working.job, working.state, working.node) == ("12_1", "running", "node1")
    assert (working.restarts, working.seen_at, working.trial) == (2, 9.0, 4)
    assert (lost.job, lost.state, lost.is_alive) == ("", "forgotten", False)


def test_a_job_of_another_launch_with_the_same_number_is_not_taken_for_ones_own():
    (standing,) = joined([replace(launch("dddd"), job="12")], parsed(SQUEUE), [], [])
    assert standing.state == "forgotten"


ACCOUNTS = """\
12_0|COMPLETED|node1
12_1|CANCELLED by 1000|None assigned
12_[2-3]|PENDING|None assigned
12_4|RUNNING|node2
20|OUT_OF_MEMORY|node3
"""


def test_how_jobs_ended_that_the_controller_has_forgotten_is_in_slurms_accounts():
    past = parsed_accounts(ACCOUNTS)
    assert [(task.name, task.state, task.node, task.is_alive) for task in past] == [
        ("12_0", "COMPLETED", "node1", False),
        ("12_1", "CANCELLED", "", False),
        ("20", "OUT_OF_MEMORY", "node3", False),
    ]
    known = parsed("13|12|1|RUNNING|None|node1|besom:sweep1:aaaa\n")
    array, packed = replace(launch(agents=3), job="12"), replace(launch("bbbb", packed=True), job="20")
    found = joined([array, packed], known, [], [], past)
    assert [(each.job, each.state) for each in found] == [
        *(("12_0", "completed"), ("12_1", "running"), ("", "forgotten")),
        ("20", "out_of_memory"),
    ]


def test_the_agents_of_a_packed_job_share_it():
    first, second = joined([launch("bbbb", agents=2, packed=True)], parsed(SQUEUE), [agent("slurm-bbbb-1.0", 3.0)], [])
    assert (first.job, second.job) == ("20", "20")
    assert (first.seen_at, second.seen_at) == (None, 3.0)


def test_a_silent_controller_leaves_states_unknown_and_heartbeats_known():
    (standing,) = joined([launch()], None, [agent("slurm-aaaa-0.0", 7.0)], [])
    assert (standing.state, standing.is_alive, standing.seen_at) == ("unknown", None, 7.0)


@pytest.mark.parametrize(
    ("code", "crashes", "is_told", "outcome"),
    [
        (0, 0, False, Outcome.DONE),
        (0, 0, True, Outcome.DONE),
        (75, 0, False, Outcome.INTERRUPTED),
        (130, 0, False, Outcome.INTERRUPTED),
        (143, 0, False, Outcome.INTERRUPTED),
        (2, 0, True, Outcome.INTERRUPTED),
        (2, 0, False, None),
        (137, MOST_CRASHES - 1, False, None),
        (137, MOST_CRASHES, False, Outcome.GAVE_UP),
        (69, 0, False, Outcome.GAVE_UP),
        (69, 0, True, Outcome.INTERRUPTED),
    ],
)
def test_an_exit_code_tells_what_becomes_of_an_agent(code: int, crashes: int, is_told: bool, outcome: Outcome | None):
    assert outcome_of(code, crashes, is_told=is_told) is outcome


def test_steps_of_a_packed_job_name_all_that_they_need():
    words = srun_words(launch(packed=True, gpus=1, cpus=2, mem="4G"), {})
    assert words[1:] == [
        *("--nodes=1", "--ntasks=1", "--export=ALL", "--cpus-per-task=2"),
        *("--gres=gpu:1", "--exact", "--mem=4G"),
    ]
    assert "--mem=0" in srun_words(launch(packed=True), {})
    assert not [word for word in srun_words(launch(packed=True), {"SLURM_MEM_PER_CPU": "1"}) if "--mem" in word]
    assert srun_words(launch(), {"SLURM_CPUS_PER_TASK": "3"})[-1] == "--cpus-per-task=3"


def test_a_jobs_end_is_what_slurm_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert job_ends_at({}) is None
    assert job_ends_at({"SLURM_JOB_ID": "3", "SLURM_JOB_END_TIME": "1795995058"}) == 1795995058.0
    monkeypatch.setenv("PATH", str(tmp_path))
    assert job_ends_at({"SLURM_JOB_ID": "3"}) is None


def test_marks_of_cancelling_are_of_the_launch_or_of_one_agent(tmp_path: Path):
    def at(make: Callable[[Launch], None]) -> list[bool]:
        one = Launch(tmp_path, "t", "s", tmp_path, "", "", SlurmOptions(), 0.0)
        make(one)
        return [one.is_cancelled(), one.is_cancelled(1), one.is_cancelled(2)]

    assert at(lambda _: None) == [False, False, False]
    assert at(lambda one: one.mark_cancelled(1)) == [False, True, False]
    assert at(lambda one: one.mark_cancelled()) == [True, True, True]


def test_the_newest_attempt_of_a_job_is_known_to_those_before_it(tmp_path: Path):
    one = Launch(tmp_path, "t", "s", tmp_path, "", "", SlurmOptions(), 0.0)
    assert not is_superseded(one.attempt_name(3, 0))
    one.begin(3, 0)
    one.begin(None, 7)
    one.begin(3, 2)
    asked = [(3, 0), (3, 1), (3, 2), (None, 6), (None, 7), (2, 0)]
    assert [is_superseded(one.attempt_name(*each)) for each in asked] == [True, True, False, True, False, False]


def _blamed(tmp_path: Path, said: str, code: int) -> list[tuple[str, str]]:
    """What is blamed for an agent's end that said this and exited with that code."""
    script = f"printf '%s\\n' {shlex.quote(said)}; exit {code}"
    told = threading.Event()
    found: list[tuple[str, str]] = []
    files = tmp_path / "log", tmp_path / "pid"
    step = Step(["/usr/bin/env"], dict(os.environ), *files, lambda _: told.set(), lambda *blame: found.append(blame))
    deadline = time.monotonic() + 20
    while not told.wait(0.01):
        assert time.monotonic() < deadline, "the agent does not end"
        step.look(0.0, lambda: ["/bin/sh", "-c", script], may_start=True)
    return found


def test_the_run_is_known_that_slurm_killed_an_agent_for_the_memory_of(tmp_path: Path):
    began = "10:00:00  trial 1 begins: run first\n10:00:01  trial 2 begins: run second\n"
    said = "slurmstepd: error: Step 3.0 exceeded memory limit (614400 > 409600), being killed"
    words = "Step 3.0 exceeded memory limit (614400 > 409600), being killed"
    assert _blamed(tmp_path, began + said, 137) == [("second", words)]
    oom = "slurmstepd: error: Detected 1 oom_kill event in StepId=3.0. Some of the step tasks have been OOM Killed."
    ((run, told),) = _blamed(tmp_path, began + oom, 1)
    assert run == "second"
    assert "oom_kill" in told
    assert not _blamed(tmp_path, began + oom, 0)  # its training was killed, and it saw to that
    assert not _blamed(tmp_path, began + "error: of the training", 137)
    assert not _blamed(tmp_path, said, 137)  # it had no run


def test_what_a_run_is_blamed_for_is_known_to_all_agents_of_its_launch(tmp_path: Path):
    one = Launch(tmp_path, "t", "s", tmp_path, "", "", SlurmOptions(), 0.0)
    assert blames_in(one.attempt_name(3, 0)) == {}
    one.blame("run7", "exceeded memory limit")
    assert blames_in(one.attempt_name(None, 2)) == {"run7": Failure(Cause.HOST_OUT_OF_MEMORY, "exceeded memory limit")}

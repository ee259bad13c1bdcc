"""Runs whose agents are gone, and trials as `besom trials` tells them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from typing import Any

from besom.cli.lost import as_seen, loss_told, lost_runs, with_elapsed, without
from besom.records import Agent, Reason, Run, Sweep, Trial, TrialState
from besom.service import Progress

FILE: dict[str, Any] = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
NOW = 1000.0


def a_run(number: int, heard_at: float, agent: str = "a", **changes: Any) -> Run:
    return Run(f"r{number}", "s1", number, 0, 0, number, agent, "q", 900.0, heard_at + 60.0, **changes)


def a_trial(number: int) -> Trial:
    return replace(Trial("s1", number, {"x": 0.5}, Reason("random"), 0, 800.0), state=TrialState.RUNNING)


def progress(*runs: Run, agents: tuple[Agent, ...] = ()) -> Progress:
    counts = {"running": len(runs), "finished": 2}
    return Progress(Sweep("s1", FILE, 1, 0.0), counts, None, None, None, {}, {}, 60.0, runs, agents)


def an_agent(pid: int, host: str = socket.gethostname()) -> Agent:
    return Agent("a", "name", host, pid, (), 0.0, 0.0)


def ended_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_run_is_lost_once_its_lease_has_ended_or_its_agents_process_has() -> None:
    fresh, silent, late = a_run(1, NOW - 2), a_run(2, NOW - 20), a_run(3, NOW - 61)
    here, gone = an_agent(os.getpid()), an_agent(ended_pid())
    assert lost_runs(progress(fresh, silent, late), [here], NOW) == [late]
    assert lost_runs(progress(fresh, silent, late), [gone], NOW) == [silent, late]
    assert lost_runs(progress(fresh, silent, late), [an_agent(gone.pid, "elsewhere")], NOW) == [late]
    assert lost_runs(progress(fresh, silent, late), [], NOW) == [late]


def test_trials_that_have_lost_their_agents_wait_and_nothing_is_left_to_estimate() -> None:
    lost = [a_run(1, 0.0), a_run(2, 0.0)]
    alive = a_run(3, NOW, agent="b")
    agents = (an_agent(1), replace(an_agent(2), id="b"))
    seen = without(progress(*lost, alive, agents=agents), lost)
    assert (seen.counts, seen.running, seen.agents) == (
        {"running": 1, "waiting": 2, "finished": 2},
        [alive],
        [agents[1]],
    )
    assert seen.seconds_left == 60.0
    assert without(progress(*lost), lost).seconds_left is None
    assert without(progress(*lost), lost).counts == {"waiting": 2, "finished": 2}


def test_a_trial_with_another_run_under_way_still_runs() -> None:
    lost, repeat = a_run(1, 0.0), replace(a_run(1, NOW), id="r9", repeat=1)
    assert without(progress(lost, repeat), [lost]).counts == {"running": 2, "finished": 2}


def test_trials_under_way_have_the_time_they_took_so_far() -> None:
    live, lost = a_run(1, NOW), a_run(2, 0.0)
    trials = [replace(a_trial(1), seconds=5.0), a_trial(2), replace(a_trial(3), state=TrialState.FINISHED, seconds=7.0)]
    seen = as_seen(trials, progress(live, lost), [lost], NOW)
    assert [(each.state, each.seconds) for each in seen] == [("running", 105.0), ("waiting", 0.0), ("finished", 7.0)]
    slept = [replace(live, silent_s=30.0), replace(live, ended_at=950.0)]
    assert with_elapsed(a_trial(1), slept, NOW).seconds == 70.0


def test_the_next_move_is_told() -> None:
    one, many = [a_run(1, 0.0)], [a_run(number, 0.0) for number in range(1, 11)]
    move = "; go on with `besom run s1`"
    assert loss_told(progress(*one), one) == f"trial 1 of sweep s1 has lost its agent and waits{move}"
    named = "trials 1, 2, 3, 4, 5, 6, 7, 8, … of sweep s1"
    assert loss_told(progress(*many), many) == f"{named} have lost their agents and wait{move}"

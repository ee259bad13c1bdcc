"""Hosts that are set aside, in words, and the agents on them."""

from __future__ import annotations

import pytest

from besom.analysis.agents import agent_views
from besom.analysis.setaside import set_aside_text, set_aside_views
from besom.records import Agent, Run, RunState, SetAside, Sweep

ASIDE = SetAside("node10", 50.0, (4, 5, 6), 3, ("no CUDA device",))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "the last 3 runs on it failed; the same trials are still to be tried elsewhere"),
        ({"worked": (4, 5, 6)}, "the last 3 runs on it failed; the same trials worked elsewhere"),
        (
            {"runs": 5, "gpus": ("2", "3"), "worked": (4,), "failed": (5,)},
            (
                "the last 5 runs on it failed (GPU 2, 3 each time), of 3 trials; "
                "of the same trials 1 worked elsewhere, 1 failed elsewhere too, 1 still to be tried"
            ),
        ),
    ],
)
def test_why_it_is_set_aside_is_said_in_words(changes, text):
    fields = {"host": "node10", "at": 50.0, "trials": (4, 5, 6), "runs": 3, **changes}
    assert set_aside_text(SetAside(**fields)) == text


def test_an_agent_is_told_apart_by_its_host_and_by_the_sweep_that_it_works_for():
    sweeps = [Sweep("s", {"name": "digits"}, 1, 0.0, set_aside=(ASIDE,)), Sweep("t", {}, 1, 0.0)]
    hosts = {"ran": "node10", "asked": "node10", "of another sweep": "node10", "elsewhere": "node1"}
    agents = [Agent(name, name, host, 1, (), 0.0, 99.0) for name, host in hosts.items()]
    runs = {
        "s": [Run(n, "s", 1, 0, 0, 1, n, "q", 0.0, 1.0, RunState.FAILED) for n in ("ran", "elsewhere")],
        "t": [Run("r", "t", 1, 0, 0, 1, "of another sweep", "q", 0.0, 1.0)],
    }
    views = {view.id: view for view in agent_views(agents, runs, sweeps, 100.0, asked={"s": {"asked"}})}
    assert {name for name, view in views.items() if view.set_aside} == {"ran", "asked"}
    assert views["ran"].set_aside == set_aside_views(sweeps[0])
    assert views["ran"].set_aside[0].sweep_name == "digits"
    (over,) = agent_views(agents[:1], {}, sweeps, 100.0)
    assert not over.set_aside, "a sweep that has ended gives nobody runs"

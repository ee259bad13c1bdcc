"""One trial's card: its place, its settings beside others', its failure; and agents as pages show them."""

import shlex
from dataclasses import replace

import pytest

from besom.analysis.agents import agent_views
from besom.analysis.facts import Fact, resource_facts
from besom.analysis.formats import configuration_text, value_text, yaml_text
from besom.analysis.settings import settings_of
from besom.analysis.trialcard import trial_card
from besom.errors import UnknownName
from besom.records import Agent, Cause, Failure, Reason, Run, RunState, Sweep, Trial, TrialState
from besom.service import Progress


def trial(number, value=None, state=TrialState.FINISHED, config=None, phase="random", **changes):
    return Trial("s", number, config or {"x": number}, Reason(phase, "so"), 0.0, state, 9.0, value, **changes)


def run(run_id, agent="a1", state=RunState.FINISHED, sweep="s", lease=1, **changes):
    return Run(run_id, sweep, 1, 0, 0, lease, agent, "q", changes.pop("started_at", 1.0), 0.0, state, **changes)


def agent(agent_id, seen_at=100.0, **changes):
    return Agent(agent_id, f"name of {agent_id}", "host", 7, ("0",), changes.pop("started_at", 1.0), seen_at, **changes)


def progress(best=None, baseline=None):
    return Progress(Sweep("s", {}, 1, 0.0), {}, best, baseline, None, {}, {}, goal="maximize")


def test_a_card_tells_the_trials_place_among_those_with_a_value():
    trials = [trial(1, 0.5, phase="baseline"), trial(2, 0.9), trial(3, 0.7), trial(4, state=TrialState.RUNNING)]
    where = progress(trials[1], trials[0])
    card = trial_card(
        where,
        trials,
        trials[2],
        [run("b", lease=2, agent="a9"), run("a")],
        [agent("a1")],
        ["loss"],
        summary={"acc": 0.5},
    )
    assert [(fact.label, fact.text) for fact in card.summary] == [("acc", "0.5")]
    assert (card.rank, card.ranked, card.is_best, card.incumbent, card.baseline) == (2, 3, False, 2, 1)
    assert [(each.run.id, each.agent_name) for each in card.runs] == [("a", "name of a1"), ("b", "a9")]
    assert card.metrics == ("loss",)
    assert card.why[0].title == "A random draw"
    best, running = (trial_card(where, trials, trials[at], []) for at in (1, 3))
    assert (best.rank, best.is_best) == (1, True)
    assert running.rank is None


def test_a_card_tells_what_failed_and_what_was_used():
    failure = Failure(Cause.SIGNAL, "killed\nby someone", signal=9)
    failed = trial(1, state=TrialState.FAILED, failure=failure, seconds=62.0, retries=2, resources={"energy_kwh": 0.5})
    card = trial_card(progress(), [failed], failed, [])
    assert card.failure_lines == (
        "signal",
        "killed",
        "by someone",
        "signal 9",
        "after 1 min 2 s",
        "tried again 2 times",
    )
    assert card.resources == (Fact("Energy (kWh)", "0.5"),)
    assert trial_card(progress(), [trial(1)], trial(1), []).failure_lines == ()


def test_a_failures_words_have_no_escapes_of_a_terminal():
    failure = Failure(Cause.EXIT_CODE, "\x1b[31mred\x1b[0m \x1b]0;title\x07\nmore\x08")
    failed = trial(1, state=TrialState.FAILED, failure=failure)
    assert trial_card(progress(), [failed], failed, []).failure_lines[1:3] == ("red ", "more")


def test_settings_stand_beside_the_incumbents_and_the_baselines():
    mine = trial(3, config={"opt": {"lr": 0.1, "name": "adam"}, "size": 1})
    best = trial(2, config={"opt": {"lr": 0.1, "name": "sgd", "momentum": 0.9}, "size": 1.0})
    first = trial(1, config={"opt": {"lr": 0.2}, "size": True})
    shown = {each.name: each for each in settings_of(mine, best, first)}
    assert list(shown) == ["opt.lr", "opt.name", "size", "opt.momentum"]
    assert [each.differs_from_incumbent for each in shown.values()] == [False, True, False, True]
    assert [each.differs_from_baseline for each in shown.values()] == [True, True, True, False]
    assert (shown["opt.name"].text, shown["opt.name"].incumbent_text, shown["opt.name"].baseline_text) == (
        "adam",
        "sgd",
        None,
    )
    assert (shown["opt.momentum"].text, shown["opt.momentum"].incumbent_text) == ("", "0.9")


def test_a_trial_does_not_differ_from_itself():
    mine = trial(3, config={"x": 1})
    (setting,) = settings_of(mine, mine, None)
    assert (setting.incumbent_text, setting.baseline_text) == (None, None)
    assert not setting.differs_from_incumbent
    assert not setting.differs_from_baseline


def test_agents_are_alive_while_they_are_heard_of_and_tell_what_they_run():
    agents = [
        agent("gone", 0.0),
        agent("a1", 97.0),
        agent("left", 99.0, ended_at=99.0),
        agent("new", 99.9, started_at=9.0),
    ]
    runs = {
        "s": [
            run("r1"),
            run("r2", state=RunState.LOST),
            run("r3", state=RunState.RUNNING, resources={"x_gb_peak": 2.0}),
        ],
        "t": [run("r4", state=RunState.RUNNING, sweep="t", started_at=0.5), run("r5", "left", RunState.FAILED, "t")],
    }
    views = agent_views(agents, runs, [Sweep("s", {"name": "digits"}, 1, 0.0)], 100.0, alive_s=50.0)
    assert [(view.id, view.is_alive, view.seen_text) for view in views] == [
        ("new", True, "just now"),
        ("a1", True, "3 s ago"),
        ("gone", False, "1 min ago"),
        ("left", False, "1 s ago"),
    ]
    assert [(each.sweep, each.sweep_name, each.run) for each in views[1].running] == [
        ("t", "t", "r4"),
        ("s", "digits", "r3"),
    ]
    assert views[1].running[1].resources == (Fact("X, peak (GB)", "2"),)
    assert [view.runs_done for view in views] == [0, 2, 0, 1]
    (view,) = agent_views([replace(agent("a"), seen_at=0.0)], {}, [], 200_000.0, done_before={"a": 4, "b": 1})
    assert (view.is_alive, view.seen_text, view.runs_done) == (False, "2 d ago", 4)


CONFIG = {"opt": {"lr": 0.1, "by": "a b"}, "layers": [1, 2], "flag": True, "none": None}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("yaml", "opt:\n  lr: 0.1\n  by: a b\nlayers:\n- 1\n- 2\nflag: true\nnone: null"),
        (
            "args",
            """--opt='{'"'"'lr'"'"': 0.1, '"'"'by'"'"': '"'"'a b'"'"'}' --layers='[1, 2]' --flag=True --none=None""",
        ),
        ("hydra", "opt.lr=0.1 'opt.by='\"'\"'a b'\"'\"'' 'layers=[1,2]' flag=true none=null"),
        ("env", "OPT_LR=0.1\nOPT_BY='a b'\nLAYERS='[1, 2]'\nFLAG=true\nNONE=''"),
    ],
)
def test_a_configuration_is_written_to_be_pasted(form, expected):
    assert configuration_text(CONFIG, form) == expected


def test_a_format_that_does_not_exist_is_refused_by_name():
    with pytest.raises(UnknownName, match=r"format: no format 'yml'; did you mean yaml\?"):
        configuration_text(CONFIG, "yml")


def test_what_yaml_and_json_do_not_know_is_written_as_its_text():
    assert yaml_text({"x": {1}, 2: "a\u2028b"}) == "x: '{1}'\n'2': \"a\\Lb\""
    assert (value_text("é"), value_text(["é", {1}]), value_text(1e-7), value_text(None)) == (
        "é",
        '["é", "{1}"]',
        "1e-07",
        "null",
    )


def test_hydra_takes_backslashes_as_such_but_before_a_quote_and_at_the_end():
    assert configuration_text({"x": "C:\\it's\\"}, "hydra") == shlex.quote("x='C:\\it\\'s\\\\'")
    assert configuration_text({"x": "a\\'b"}, "hydra") == shlex.quote("x='a\\\\\\'b'")


def test_few_gigabytes_are_told_as_megabytes():
    few, many = resource_facts({"memory_gb_peak": 0.0191}), resource_facts({"memory_gb_peak": 0.25})
    assert [(fact.label, fact.text) for fact in (*few, *many)] == [
        ("Memory, peak (MB)", "19.1"),
        ("Memory, peak (GB)", "0.25"),
    ]

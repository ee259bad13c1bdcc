"""W&B's agents, beat by beat: lost answers come again, gone processes end their runs, orders to stop are passed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from besom.errors import UnknownName
from besom.records import Cause, RunState, TrialState
from besom.server.driver import Driver
from besom.server.wandb.agents import Agents
from besom.server.wandb.caller import Caller
from besom.server.wandb.ends import Ends
from besom.server.wandb.stream import Stream, read_chunk
from besom.server.wandb.tracker import Tracker
from besom.store import open_store
from besom.wire import Command

FILE: dict[str, Any] = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "nested": {"parameters": {"x": {"value": 1}}}},
    "run_cap": 2,
}


class Table:
    """A driver, one agent of a sweep, and a clock that moves only when told."""

    def __init__(self, folder: Path, **file: Any) -> None:
        self.now = 1000.0
        self.store = open_store(folder / "besom.db")
        self.come_back()
        self.sweep_id = self.driver.create_sweep({**FILE, **file}).id
        self.agent = self.agents.create(self.sweep_id, "box")

    def come_back(self) -> None:
        """The server, anew on the same store."""
        self.driver = Driver(self.store, clock=lambda: self.now, tick_s=None)
        self.tracker = Tracker(self.driver)
        self.stream = Stream(self.tracker, Ends(self.tracker))
        self.agents = Agents(self.tracker, Ends(self.tracker))
        self.agents._clock = lambda: self.now

    def beat(self, *alive: str, after: float = 5.0) -> list[dict[str, Any]]:
        self.now += after
        return self.agents.beat(self.agent, dict.fromkeys(alive, True))

    def given(self) -> str:
        """The id of the run that a heartbeat gives out."""
        (command,) = self.beat()
        assert command["type"] == "run", command
        return str(command["run_id"])

    def begin(self, run_id: str) -> None:
        given = {"name": run_id, "sweep": self.sweep_id, "host": "box"}
        self.tracker.upsert({**given, "entityName": "besom", "modelName": "uncategorized"}, Caller("http://here"))

    def say(self, run_id: str, *rows: dict[str, Any], **body: Any) -> bool:
        content = [str(row).replace("'", '"') for row in rows]
        files = {"wandb-history.jsonl": {"offset": 0, "content": content}} if rows else {}
        return self.stream.take("besom", "uncategorized", run_id, read_chunk({"files": files, **body}))

    def run(self, run_id: str) -> Any:
        return self.driver.run(self.sweep_id, run_id)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    table = Table(tmp_path)
    yield table
    table.driver.close()
    table.store.close()


def test_an_agent_is_given_runs_one_by_one_and_told_to_leave_when_all_is_done(table: Table):
    run_id = table.given()
    for is_last in (False, True):
        assert table.beat(run_id) == []
        table.begin(run_id)
        table.say(run_id, {"loss": 0.5}, complete=True)
        assert table.beat(run_id) == [], "it is complete, but its process is alive"
        (command,) = table.beat()
        assert table.run(run_id).state is RunState.FINISHED
        assert command["type"] == ("exit" if is_last else "run")
        run_id = command.get("run_id", "")
    assert [trial.state for trial in table.driver.trials(table.sweep_id)] == [TrialState.FINISHED] * 2


def test_a_run_comes_with_its_program_and_arguments(table: Table):
    (command,) = table.beat()
    config = table.driver.trial(table.sweep_id, 1).config
    assert command["program"] == "train.py"
    assert command["args"] == {"lr": {"value": config["lr"]}, "nested": {"value": {"x": 1}}}


@pytest.mark.parametrize("after", [1.0, 30.0])
def test_a_run_whose_answer_was_lost_is_given_again(table: Table, after: float):
    (first,) = table.beat()
    assert table.beat(after=after) == [first]
    assert len(table.driver.runs(table.sweep_id)) == 1


def test_a_run_whose_answer_was_lost_with_the_server_is_given_again_once(table: Table):
    (first,) = table.beat()
    table.driver.close()
    table.come_back()
    assert table.beat() == [first]
    assert table.beat() != [first], "nobody heard of it, so it is no more waited for"
    assert table.run(first["run_id"]).state is RunState.FAILED


def test_a_process_that_never_began_fails_its_trial_at_once(table: Table):
    run_id = table.given()
    (following,) = table.beat()
    assert table.run(run_id).failure.cause is Cause.NOT_STARTED
    assert following["run_id"] != run_id


def test_a_process_that_is_gone_without_a_word_fails_after_its_last_words_had_their_time(table: Table):
    run_id = table.given()
    table.begin(run_id)
    assert table.beat(run_id) == []
    output = {"output.log": {"offset": 0, "content": ["2026-11-21T01:53:44.2 one", "2026-11-21T01:53:44.2 last"]}}
    table.say(run_id, {"loss": 0.5})
    table.stream.take("besom", "uncategorized", run_id, read_chunk({"files": output}))
    assert table.beat() == []
    assert table.beat() == []
    assert table.run(run_id).state is RunState.RUNNING
    assert table.beat()[0]["type"] == "run"
    run = table.run(run_id)
    assert (run.state, run.failure.cause, run.failure.last_lines) == (RunState.FAILED, Cause.SIGNAL, "one\nlast\n")
    tracked = table.tracker.find("besom", "uncategorized", run_id)
    assert tracked is not None
    assert tracked.state == "crashed"


def test_a_complete_run_without_an_objective_ends_with_its_process_since_that_may_begin_it_again(table: Table):
    run_id = table.given()
    table.begin(run_id)
    table.say(run_id, {"other": 0.5}, complete=True)
    assert table.beat(run_id) == []
    assert table.run(run_id).state is RunState.RUNNING
    assert table.beat()[0]["type"] == "run"
    assert table.run(run_id).failure.cause is Cause.NO_METRIC


def test_last_words_that_come_late_still_count(table: Table):
    run_id = table.given()
    table.begin(run_id)
    assert table.beat(run_id) == []
    assert table.beat() == []
    table.say(run_id, {"loss": 0.5}, complete=True)
    assert table.beat()[0]["run_id"] != run_id
    assert table.run(run_id).state is RunState.FINISHED


def test_heartbeats_renew_the_lease(table: Table):
    run_id = table.given()
    for _ in range(40):
        assert table.beat(run_id) == []
        table.driver.tick()
    assert table.run(run_id).state is RunState.RUNNING


def test_a_process_is_told_to_stop_after_it_had_time_to_see_it_by_itself(table: Table):
    run_id = table.given()
    table.begin(run_id)
    assert not table.say(run_id, {"loss": 0.5})
    table.driver.command(table.sweep_id, Command("stop_trial", trial=1))
    assert table.say(run_id)
    clock = table.driver._clock
    table.driver._clock = table.driver._steady = lambda: clock() + 1000  # it has run for long, so it may take its time
    commands = [table.beat(run_id) for _ in range(8)]
    table.driver._clock = table.driver._steady = clock
    first = next(at for at, each in enumerate(commands) if each)
    assert 3 <= first <= 6
    assert all(each == [{"type": "stop", "run_id": run_id}] for each in commands[first:])
    for _ in range(3):
        assert table.run(run_id).state is RunState.RUNNING
        table.beat()
    assert table.run(run_id).state is RunState.STOPPED
    assert table.driver.trial(table.sweep_id, 1).state is TrialState.STOPPED


def test_a_process_that_has_hardly_run_is_told_to_stop_before_it_ends_by_itself(table: Table):
    run_id = table.given()
    table.begin(run_id)
    table.driver.command(table.sweep_id, Command("stop_trial", trial=1))
    assert [{"type": "stop", "run_id": run_id}] in [table.beat(run_id) for _ in range(2)]


@pytest.mark.parametrize("code", [0, 1, 255])
def test_a_function_is_told_to_stop_at_once_and_has_stopped_whatever_its_exit_code(table: Table, code: int):
    (command,) = table.beat(after=0.1)  # the first heartbeat of one that calls a function comes at once
    run_id = command["run_id"]
    table.begin(run_id)
    table.driver.command(table.sweep_id, Command("stop_trial", trial=1))
    assert table.beat(run_id) == [{"type": "stop", "run_id": run_id}]
    table.say(run_id, complete=True, exitcode=code)
    assert table.beat()[0]["type"] == "run"
    assert table.run(run_id).state is RunState.STOPPED


def test_a_cancelled_sweep_stops_what_runs_at_once_and_then_sends_agents_away(table: Table):
    run_id = table.given()
    table.begin(run_id)
    table.beat(run_id)
    table.driver.command(table.sweep_id, Command("cancel"))
    assert table.beat(run_id) == [{"type": "stop", "run_id": run_id}]
    assert [table.beat() for _ in range(4)][-1] == [{"type": "exit"}]


def test_a_paused_sweep_gives_nothing_and_goes_on_later(table: Table):
    table.driver.command(table.sweep_id, Command("pause"))
    assert table.beat() == []
    table.driver.command(table.sweep_id, Command("resume"))
    assert table.beat()[0]["type"] == "run"


def test_a_process_whose_run_was_lost_meanwhile_is_stopped(table: Table):
    run_id = table.given()
    table.begin(run_id)
    table.now += 500
    table.driver.tick()
    assert table.run(run_id).state is RunState.LOST
    assert table.beat(run_id) == [{"type": "stop", "run_id": run_id}]
    assert table.say(run_id), "the script is told so too"


def test_agents_of_unknown_sweeps_and_unknown_agents_are_refused(table: Table):
    with pytest.raises(UnknownName):
        table.agents.create("nosuch", "box")
    for name in ("wandb-nosuch-1", "else", "wandb-x"):
        with pytest.raises(UnknownName):
            table.agents.beat(name, {})


def test_an_agent_survives_a_restart_of_the_server_with_its_run_alive(table: Table):
    run_id = table.given()
    table.begin(run_id)
    table.say(run_id, {"loss": 0.5})
    table.driver.close()
    table.come_back()
    assert table.beat(run_id) == []
    table.say(run_id, complete=True)
    assert table.beat()[0]["type"] == "run"

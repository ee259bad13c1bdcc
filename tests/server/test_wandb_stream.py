"""`file_stream`: each row once and in order, whatever is sent again, overlaps, or begins anew."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besom.errors import MessageError
from besom.records import Cause, RunState, TrialState
from besom.server.driver import Driver
from besom.server.wandb.caller import Caller
from besom.server.wandb.ends import Ends
from besom.server.wandb.ids import node_id
from besom.server.wandb.stream import Stream, read_chunk
from besom.server.wandb.tracker import Tracker
from besom.store import open_store
from besom.tracked import Lines, TrackedRun
from besom.wire import Ask, Assignment, Command, Finish, Report

CORE, LEGACY = Caller("http://here", "wandb-core"), Caller("http://here", "W&B Internal Client 0.16.6")
FILE: dict[str, Any] = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "val.loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
    "entity": "e",
    "project": "p",
}
KINDS = st.sampled_from(["send", "again", "overlap", "resume", "restart"])


class Side:
    """A driver, and what W&B's client says to it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.tracker = Tracker(driver)
        self.taking = Stream(self.tracker, Ends(self.tracker))
        self.ends = Ends(self.tracker)

    def begin(self, name: str, caller: Caller = CORE, **given: Any) -> TrackedRun:
        asked = {"entityName": "e", "modelName": "p", "name": name, "host": "here", **given}
        return self.tracker.upsert(asked, caller).run

    def stream(self, name: str, offset: int = 0, *rows: dict[str, Any], **body: Any) -> bool:
        files = dict(body.pop("files", {}))
        if rows:
            files["wandb-history.jsonl"] = {"offset": offset, "content": [_json(row) for row in rows]}
        if "summary" in body:
            files["wandb-summary.json"] = {"offset": 0, "content": [_json(body.pop("summary"))]}
        return self.taking.take("e", "p", name, read_chunk({"files": files, **body}))

    def run(self, name: str) -> TrackedRun:
        found = self.tracker.find("e", "p", name)
        assert found is not None
        return found

    def rows(self, name: str, key: str = "x") -> list[Any]:
        run = self.run(name)
        return [row.get(key) for row in self.driver.store.rows(run.history_id)]

    def given(self, sweep_id: str, agent: str = "wandb-x-1") -> Assignment:
        answer = self.driver.ask(sweep_id, Ask(agent, f"r{next(_NUMBERS)}"))
        assert isinstance(answer, Assignment)
        return answer


_NUMBERS = count()


def _json(value: Any) -> str:
    return json.dumps(value)


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    folder: Path = tmp_path_factory.mktemp("side")
    store = open_store(folder / "besom.db")
    with Driver(store) as driver:
        yield Side(driver)
    store.close()


@given(st.lists(st.tuples(KINDS, st.integers(0, 4), st.integers(0, 6)), max_size=30))
def test_each_line_is_counted_once_through_retries_overlaps_resumes_and_restarts(moves):
    lines, kept, sent = Lines(), [], []  # sent: lines of the present process, from its offset 0 on
    begun, numbers = 0, count()
    for kind, size, back in moves:
        if kind == "resume":
            lines, sent = lines.resumed(), kept[lines.first :]
            begun = len(sent)
        elif kind == "restart":
            lines, sent, begun = lines.restarted(), [], 0
        else:
            fresh = [next(numbers) for _ in range(size)] if kind != "again" else []
            first = max(begun, len(sent) - back) if kind != "send" else len(sent)
            sent += fresh
            new, lines = lines.fresh(first, sent[first:])
            kept += new
    assert kept == sorted(set(kept)) == list(range(len(kept)))
    assert len(kept) == lines.count
    assert lines.shown == len(sent)


def test_a_gap_is_closed_and_a_resumed_process_counts_from_what_it_is_told():
    new, lines = Lines(3).fresh(5, ["f", "g"])
    assert (new, lines.count, lines.shown) == (["f", "g"], 5, 5)
    assert lines.fresh(5, ["f", "g"])[0] == []
    assert lines.fresh(6, ["g", "h"])[0] == ["h"]
    assert lines.resumed().fresh(5, ["h"])[0] == ["h"]


@settings(max_examples=25)
@given(st.lists(st.tuples(KINDS, st.integers(0, 3), st.integers(0, 4)), max_size=8), st.booleans())
def test_the_store_has_each_row_once_whatever_the_client_sends_again(side: Side, moves, is_legacy):
    caller = LEGACY if is_legacy else CORE
    name, sent, expected, begun = f"h{next(_NUMBERS)}", 0, [], 0
    run = side.begin(name, caller)
    of_process: list[int] = []
    for kind, size, back in moves:
        if kind in ("resume", "restart"):
            side.stream(name, complete=True, exitcode=1)
            if kind == "resume":
                side.tracker.will_resume(run.id)
                run = side.begin(name, caller, **({} if is_legacy else {"id": node_id("Run", run.id)}))
                begun = len(of_process)
                assert run.history.shown == begun
            else:
                run = side.begin(name, caller)
                of_process, begun = [], 0
                assert run.history.shown == 0
            continue
        fresh = list(range(sent, sent + size)) if kind != "again" else []
        sent += len(fresh)
        first = len(of_process) if kind == "send" else max(begun, len(of_process) - back)
        of_process += fresh
        expected += fresh
        side.stream(name, first, *[{"x": x} for x in of_process[first:]])
    assert side.rows(name) == expected


def test_a_trials_rows_output_and_end_go_through_the_engine(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    assert side.tracker.find("e", "p", run.run_id) is None, "it has not begun"
    side.begin(run.run_id, sweep=sweep.id)
    output = {"output.log": {"offset": 0, "content": ["2026-11-21T01:53:44.2 one", "ERROR 2026-11-21T01:53:44.2 two"]}}
    side.stream(run.run_id, 0, {"val": {"loss": 0.5}}, {"val": {"loss": 0.25}}, files=output)
    side.stream(run.run_id, 1, {"val": {"loss": 0.25}}, {"val": {"loss": 0.125}})
    events = {"offset": 0, "content": ['{"system.proc.memory.rssMB": 1000, "system.gpu.0.gpu": 50, "_runtime": 3}']}
    side.stream(run.run_id, files={"wandb-events.jsonl": events})
    summary = {"val": {"loss": 0.125}, "test": 0.75, "best": {"_type": "image-file"}, "_wandb": {}, "_step": 1}
    side.stream(run.run_id, summary=summary, complete=True)

    assert side.driver.summaries(sweep.id) == {run.run_id: {"val.loss": 0.125, "test": 0.75}}
    trial = side.driver.trial(sweep.id, 1)
    assert (trial.state, trial.value) == (TrialState.FINISHED, 0.125)
    assert side.rows(run.run_id, "val.loss") == [0.5, 0.25, 0.125]
    assert side.driver.output(run.run_id) == "one\ntwo\n"
    assert trial.resources["memory_gb_peak"] == pytest.approx(1.048576)
    assert trial.resources["gpu_percent_mean"] == 50
    used = {"_runtime": 3, "memory_gb": pytest.approx(1.048576), "gpu_percent": 50}
    assert side.driver.resource_rows(run.run_id) == [used]
    assert not side.stream(run.run_id, complete=True), "its end said again changes nothing"


@pytest.mark.parametrize(
    ("code", "rows", "state", "cause"),
    [
        (0, [0.5], TrialState.FINISHED, None),
        (0, [], TrialState.FAILED, Cause.NO_METRIC),
        (0, [float("nan")], TrialState.FAILED, Cause.NOT_FINITE),
        (3, [0.5], TrialState.FAILED, Cause.EXIT_CODE),
        (255, [0.5], TrialState.WAITING, None),
        (-15, [0.5], TrialState.WAITING, None),
    ],
)
def test_a_scripts_end_is_its_trials_end(side: Side, code, rows, state, cause):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    side.begin(run.run_id, sweep=sweep.id)
    side.stream(run.run_id, 0, *[{"val.loss": value} for value in rows], complete=True, exitcode=code)
    side.ends.end(sweep.id, run.run_id)
    trial = side.driver.trial(sweep.id, 1)
    assert trial.state is state
    assert (trial.failure.cause if trial.failure else None) is cause


def test_under_besoms_own_agent_rows_come_from_the_client_and_output_from_the_agent(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, "besoms-own")
    side.begin(run.run_id, sweep=sweep.id)
    output = {"output.log": {"offset": 0, "content": ["2026-11-21T01:53:44.2 one"]}}
    side.stream(run.run_id, 0, {"val.loss": 0.5}, files=output, complete=True)

    (kept,) = side.driver.runs(sweep.id)
    assert (kept.state, kept.rows, kept.output_bytes) == (RunState.RUNNING, 1, 0)
    side.driver.finish(Finish(run.run_id, run.lease, "finished"))
    assert side.driver.trial(sweep.id, 1).value == 0.5


@pytest.mark.parametrize("has_ended", [False, True])
def test_rows_of_a_script_that_also_logs_by_besom_are_kept_beside(side: Side, has_ended: bool):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, "besoms-own")
    side.begin(run.run_id, sweep=sweep.id)
    side.driver.report(Report(run.run_id, run.lease, 0, [{"val.loss": 0.5}, {"val.loss": 0.25}]))
    if has_ended:
        side.driver.finish(Finish(run.run_id, run.lease, "finished"))
    for at in range(3):
        side.stream(run.run_id, at, {"other": at})

    assert [row["val.loss"] for row in side.driver.rows(run.run_id)] == [0.5, 0.25]
    assert side.run(run.run_id).history_id != run.run_id
    assert side.rows(run.run_id, "other") == [0, 1, 2]


def test_a_script_that_begins_its_run_again_goes_on_with_it(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    for row in ({"other": 1}, {"val.loss": 0.25}):
        assert side.driver.trial(sweep.id, 1).state is TrialState.RUNNING
        assert side.begin(run.run_id, sweep=sweep.id).history.shown == 0
        side.stream(run.run_id, 0, row, complete=True)
    assert side.rows(run.run_id, "val.loss") == [None, 0.25]
    assert (side.driver.trial(sweep.id, 1).state, side.driver.trial(sweep.id, 1).value) == (TrialState.FINISHED, 0.25)


def test_a_complete_run_ends_without_its_agent_when_that_is_silent(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run, other = (side.given(sweep.id, f"wandb-{sweep.id}-{at}") for at in (1, 2))
    for each in (run, other):
        side.begin(each.run_id, sweep=sweep.id)
        side.stream(each.run_id, 0, {"other": 0.5}, complete=each is run)
    clock = side.driver._clock
    side.driver._clock = lambda: clock() + 20
    side.driver.submit(side.ends.settle).result()
    side.driver._clock = clock
    assert [each.state for each in side.driver.runs(sweep.id)] == [RunState.FAILED, RunState.RUNNING]


def test_where_metrics_are_read_from_what_is_printed_those_are_the_trials(side: Side):
    sweep = side.driver.create_sweep({**FILE, "besom": {"metrics": [{"regex": "loss (?P<loss>\\S+)"}]}})
    run = side.given(sweep.id, "besoms-own")
    side.begin(run.run_id, sweep=sweep.id)
    side.stream(run.run_id, 0, {"val.loss": 9.0})
    side.driver.report(Report(run.run_id, run.lease, 0, [{"val.loss": 0.5}]))
    assert [row["val.loss"] for row in side.driver.rows(run.run_id)] == [0.5]


def test_rows_that_come_after_the_trials_end_are_kept_in_their_order(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    side.begin(run.run_id, sweep=sweep.id)
    side.stream(run.run_id, 0, {"val.loss": 0.5}, complete=True)
    for at in (1, 2, 2, 3):
        side.stream(run.run_id, at, {"val.loss": at})
    assert side.rows(run.run_id, "val.loss") == [0.5, 1, 2, 3]
    assert side.driver.trial(sweep.id, 1).value == 0.5


def test_a_stop_is_told_in_the_answer_and_a_stopped_script_stops_its_trial(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    side.begin(run.run_id, sweep=sweep.id)
    assert not side.stream(run.run_id, 0, {"val.loss": 0.5})
    side.driver.command(sweep.id, Command("stop_trial", trial=1))
    assert side.stream(run.run_id, 1, {"val.loss": 0.4})
    side.stream(run.run_id, 2, {"val.loss": 0.3}, complete=True, exitcode=255)
    assert side.driver.trial(sweep.id, 1).state is TrialState.STOPPED
    assert side.rows(run.run_id, "val.loss") == [0.5, 0.4, 0.3]


def test_a_progress_bar_is_kept_as_it_ended(side: Side):
    side.begin("bar")

    def lines(offset: int, *texts: str, **more: Any) -> None:
        side.stream("bar", files={"output.log": {"offset": offset, "content": list(texts)}}, **more)

    lines(0, "start", "0 %")
    lines(1, "50 %")
    lines(1, "50 %")
    lines(1, "100 %", "next")
    lines(3, "end", complete=True)
    assert side.driver.store.output("e/p/bar") == "start\n100 %\nnext\nend\n"


def test_a_retried_begin_wipes_nothing_and_ranks_of_one_program_do_not_restart_each_other(side: Side):
    sweep = side.driver.create_sweep(FILE)
    run = side.given(sweep.id, f"wandb-{sweep.id}-1")
    for _ in range(2):
        side.begin(run.run_id, sweep=sweep.id)
    side.stream(run.run_id, 0, {"val.loss": 0.5})
    side.begin(run.run_id, sweep=sweep.id)  # the second rank
    side.stream(run.run_id, 0, {"val.loss": 0.5})
    assert side.rows(run.run_id, "val.loss") == [0.5]


def test_a_run_killed_and_begun_again_at_once_loses_nothing(side: Side):
    for caller in (LEGACY, CORE):
        name = f"killed {caller.is_legacy}"
        for x in (1, 2):
            side.begin(name, caller)
            side.stream(name, 0, {"x": x})
        assert side.rows(name) == [1, 2]


def test_a_change_by_node_id_while_rows_come_in_loses_none(side: Side):
    run = side.begin("changed")
    for at in range(50):
        changing = side.driver.submit  # both in one group of the writer, as they may come
        assert changing
        side.stream("changed", at, {"x": at})
        side.tracker.upsert({"id": node_id("Run", run.id), "notes": str(at)}, CORE)
    assert side.rows("changed") == list(range(50))


@pytest.mark.parametrize(
    "body",
    [[], {"files": [1]}, {"files": {"wandb-history.jsonl": {"offset": -1, "content": ["{}"]}}}]
    + [{"files": {"wandb-history.jsonl": {"offset": 0, "content": content}}} for content in (3, [3], {"a": 1})],
)
def test_what_is_no_chunk_is_refused(body):
    with pytest.raises(MessageError):
        read_chunk(body)


def test_lines_that_are_no_json_keep_their_place(side: Side):
    side.begin("garbled")
    files = {"wandb-history.jsonl": {"offset": 0, "content": ['{"x": 1}', "{garbled", '{"x": 3}']}}
    side.stream("garbled", files=files)
    side.stream("garbled", 3, {"x": 4})
    assert side.rows("garbled") == [1, None, 3, 4]


def test_the_pieces_in_which_a_run_came_are_merged_once_it_is_complete(side: Side, monkeypatch: pytest.MonkeyPatch):
    merged: list[str] = []
    compact = side.driver.store.compact
    monkeypatch.setattr(side.driver.store, "compact", lambda run_id: [merged.append(run_id), compact(run_id)])
    name = f"h{next(_NUMBERS)}"
    run = side.begin(name)
    for at in range(5):
        side.stream(name, at, {"x": at})
    assert merged == []
    side.stream(name, complete=True, exitcode=0)
    deadline = time.monotonic() + 30
    while len(merged) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # what is to be merged waits until nothing else is to be done
    assert merged == [run.history_id, run.events_id]
    assert side.rows(name) == [0, 1, 2, 3, 4]

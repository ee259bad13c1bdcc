"""What W&B's exports say, whichever form they have."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.cli.foreign import (
    ForeignRun,
    chosen_objective,
    converted,
    parts_of,
    read_export,
    runs_of_sweep,
    sweep_id_of,
    without_repetitions,
)
from besom.cli.foreign.literals import mapping_from_text
from besom.cli.foreign.runs import settings
from besom.encoding import to_json
from besom.errors import ConfigError, MessageError
from besom.space import Space
from besom.wire import Import, Measured

PAGE = """\
"Name","State","Notes","User","Tags","Created","Runtime","Sweep","bs","lr","net.act","opt","shape","epoch","lr","val/loss"
"a-1","finished","-","me","","2024-03-01T10:00:00.000Z","45","s1","32","0.01","relu","3","[1,2]","9","0.0001","0.5"
"b-2","crashed","-","me","","2024-03-01T11:00:00.000Z","3.5","s1","","true","tanh","sgd","","","",""
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_the_page_tells_parameters_from_metrics_by_their_order(tmp_path: Path) -> None:
    first, second = read_export(written(tmp_path / "runs.csv", PAGE))
    assert first.config == {"bs": 32, "lr": 0.01, "net.act": "relu", "opt": 3, "shape": [1, 2]}
    assert first.summary == {"epoch": 9, "lr": 0.0001, "val/loss": 0.5}
    assert (first.name, first.state, first.sweep, first.started_at, first.seconds) == (
        "a-1", "finished", "s1", 1709287200.0, 45.0,
    )  # fmt: skip
    assert second.config == {"lr": True, "net.act": "tanh", "opt": "sgd"}
    assert (second.summary, second.state, second.seconds) == ({}, "crashed", 3.5)


def test_a_table_in_another_order_needs_the_names_of_its_parameters(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.csv", '"Name","State","acc","lr","zeta"\n"a","finished","0.5","0.1","3"\n')
    with pytest.raises(MessageError, match=r"runs\.csv: .*acc, lr, zeta.*--parameter"):
        read_export(path)
    (run,) = read_export(path, ["lr"])
    assert (run.config, run.summary) == ({"lr": 0.1}, {"acc": 0.5, "zeta": 3})
    with pytest.raises(MessageError, match="needs columns for the parameters depth"):
        read_export(path, ["depth"])


def test_a_metric_among_the_parameters_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(MessageError, match="--parameter"):
        read_export(written(tmp_path / "runs.csv", PAGE), metric="bs")


def test_a_table_of_a_script_has_its_metrics_from_the_first_of_wandbs_own_on(tmp_path: Path) -> None:
    text = "lr,dropout,batch,_runtime,_timestamp,_wandb,acc,name,id\n0.1,0.5,8,30,1700000030,{'runtime': 30},0.9,n,i1\n"
    (run,) = read_export(written(tmp_path / "runs.csv", text))
    assert run.config == {"lr": 0.1, "dropout": 0.5, "batch": 8}
    assert (run.summary["acc"], run.seconds, run.started_at, run.id) == (0.9, 30.0, 1.7e9, "i1")


def test_the_documentations_table_is_read_without_evaluating_it(tmp_path: Path) -> None:
    with (tmp_path / "project.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "summary", "config", "name"])
        summary = {
            "loss": math.nan,
            "acc": math.inf,
            "test": {"f1": 0.5},
            "_wandb": {"runtime": 7},
            "big": "x" * 200_000,
        }
        writer.writerow([0, summary, {"lr": 1e-3, "net": {"act": "relu", "sizes": (1, 2)}, "none": None}, "swift-1"])
        writer.writerow([1, "{'loss': __import__('os').system('touch hacked')}", "{'lr': 0.1}", "sly"])
        writer.writerow([2, "{'loss': ", "{'lr': 0.1}", "cut"])
    first, sly, cut = read_export(tmp_path / "project.csv")
    assert first.config == {"lr": 1e-3, "net.act": "relu", "net.sizes": [1, 2], "none": None}
    assert first.groups == {"net"}
    assert math.isnan(first.summary["loss"])
    assert (first.summary["acc"], first.summary["test.f1"], first.seconds) == (math.inf, 0.5, 7.0)
    assert sly.summary == {}
    assert not (tmp_path / "hacked").exists()
    assert "project.csv row 4 summary: needs JSON or a Python dict" in cut.problem
    assert (cut.name, cut.config) == ("cut", {})


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(
    st.dictionaries(
        st.text(), st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9)
    )
)
def test_a_repr_is_read_back_exactly(data: dict[str, Any]) -> None:
    assert repr(mapping_from_text(repr(data), "cell")) == repr(data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': np.float64(0.5), 'b': numpy.int64(-3)}", {"a": 0.5, "b": -3}),
        ("{'a': array([1]), 'b': 2}", {"b": 2}),
        ("{'a': float('-inf')}", {"a": -math.inf}),
        ('{"a": NaN, "b": true}', {"a": math.nan, "b": True}),
    ],
)
def test_what_numpy_and_json_write_is_understood(text: str, value: Any) -> None:
    assert repr(mapping_from_text(text, "cell")) == repr(value)


@pytest.mark.parametrize("text", ["[1]", "3", "{" * 5000, "{'a': <object>}", "print(1)", ""])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="cell: needs"):
        mapping_from_text(text, "cell")


TOLD: dict[str, Any] = {
    "id": "abc",
    "name": "swift-1",
    "state": "finished",
    "config": {"lr": {"value": 0.1, "desc": None}, "_wandb": {"v": 1}, "net": {"act": "relu"}},
    "summary": json.dumps({"loss": 0.5, "_runtime": 9.5, "pic": {"_type": "image-file", "path": "x"}}),
    "created_at": "2024-03-01T10:00:00",
    "sweep": {"id": "s1", "name": "my sweep"},
}


@pytest.mark.parametrize("form", ["list", "lines", "one", "runs"])
def test_objects_come_as_a_list_on_lines_or_alone(tmp_path: Path, form: str) -> None:
    other = {**TOLD, "id": "def"}
    text = {
        "list": json.dumps([TOLD, other], indent=1),
        "lines": f"{json.dumps(TOLD)}\n\n{json.dumps(other)}\n",
        "one": json.dumps(TOLD),
        "runs": json.dumps({"runs": [TOLD, other]}),
    }[form]
    runs = read_export(written(tmp_path / "runs.json", text))
    assert [run.id for run in runs] == ["abc", "def"][: 1 if form == "one" else 2]
    run = runs[0]
    assert (run.config, run.groups, run.sweep) == ({"lr": 0.1, "net.act": "relu"}, {"net"}, "s1")
    assert (run.summary, run.seconds, run.started_at) == ({"loss": 0.5, "_runtime": 9.5}, 9.5, 1709287200.0)


def test_a_display_name_is_the_name_and_wandbs_name_the_id(tmp_path: Path) -> None:
    told = {"name": "x7k2", "display_name": "swift-1", "config": {"lr": 1}, "summary": {}}
    (run,) = read_export(written(tmp_path / "runs.json", json.dumps(told)))
    assert (run.name, run.id, run.called) == ("swift-1", "x7k2", "swift-1 (x7k2)")


def history_of(tmp_path: Path, history: Any, **summary: Any) -> Any:
    told = {**TOLD, "history": history, "summary": summary}
    (run,) = read_export(written(tmp_path / "runs.json", json.dumps(told)))
    return run.history


def test_histories_are_rows_or_columns_in_order_of_their_step(tmp_path: Path) -> None:
    rows = ({"_step": 0, "loss": 2.0}, {"_step": 1, "loss": 1.0})
    assert history_of(tmp_path, [rows[1], rows[0]]) == rows
    assert history_of(tmp_path, {"_step": [0, 1], "loss": [2.0, 1.0]}) == rows
    assert history_of(tmp_path, {"_step": {"0": 0, "1": 1}, "loss": {"0": 2.0, "1": 1.0}}) == rows


def test_gaps_of_pandas_are_no_numbers_and_divergence_stays(tmp_path: Path) -> None:
    rows = [{"loss": 1.0, "acc": math.nan, "none": None}, {"loss": math.nan, "acc": 0.5, "media": {"_type": "x"}}]
    assert history_of(tmp_path, rows) == ({"loss": 1.0}, {"acc": 0.5})
    gone = history_of(tmp_path, rows, loss="NaN")
    assert math.isnan(gone[1]["loss"])
    assert math.isnan(history_of(tmp_path, [{"loss": math.nan}])[0]["loss"])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "", "needs runs, got an empty file"),
        ("a.csv", '"Step","swift-1 - loss"\n"1","2"\n', "not from a chart"),
        ("a.json", '[{"id": 1}', "a.json:1: needs a JSON list"),
        ("a.jsonl", '{"config": {}}\n{"config": \n', "a.jsonl:2: needs a JSON list"),
        ("a.json", '[{"loss": 1}]', "needs an object with config and summary, got loss"),
        ("gone.csv", None, "gone.csv: needs a file that can be read"),
    ],
)
def test_what_is_no_export_is_told(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(MessageError, match=told):
        read_export(tmp_path / name)


def run(name: str = "r", **fields: Any) -> ForeignRun:
    return ForeignRun(**{"place": f"row {name}", "name": name, "state": "finished", **fields})


def test_one_sweep_is_chosen_where_there_are_several() -> None:
    runs = [run("a", sweep="s1"), run("b", sweep="s1"), run("c")]
    assert runs_of_sweep(runs[:2], None) == runs[:2]
    with pytest.raises(ConfigError, match=r"s1 \(2 runs\), none \(1 runs\)"):
        runs_of_sweep(runs, None)
    assert [len(runs_of_sweep(runs, wanted)) for wanted in ("s1", "none", "all")] == [2, 1, 3]
    with pytest.raises(ConfigError, match="did you mean s1"):
        runs_of_sweep(runs, "s11")


def test_a_run_that_stands_twice_is_taken_once_with_its_history() -> None:
    told = run("a", id="1", started_at=5.0)
    kept, repeated = without_repetitions(
        [told, run("z", id="2", started_at=1.0), run("a", id="1", history=({"loss": 1},), started_at=5.0), run("a")]
    )
    assert [(each.id, len(each.history)) for each in kept] == [("2", 0), ("1", 1), ("", 0)]
    assert repeated == 1


def test_the_objective_is_told_known_or_asked_for() -> None:
    runs = [run(summary={"loss": 1.0, "acc": 0.5, "_runtime": 3, "note": "x"}), run(history=({"f1": 1.0},))]
    with pytest.raises(ConfigError, match=r"there are loss \(in 1 runs\), acc \(in 1 runs\), f1 \(in 1 runs\)"):
        chosen_objective(runs, None, None, None)
    with pytest.raises(ConfigError, match="--metric: no run has a number for los; did you mean loss"):
        chosen_objective(runs, "los", "minimize", None)
    with pytest.raises(ConfigError, match="--goal: needs minimize or maximize for loss"):
        chosen_objective(runs, "loss", None, None)
    assert chosen_objective(runs, None, None, {"name": "loss", "target": 0.1}) == {
        "name": "loss", "goal": "minimize", "target": 0.1,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="--goal"):
        chosen_objective(runs, "acc", None, {"name": "loss", "goal": "minimize"})
    assert chosen_objective(runs[1:], None, "maximize", None) == {"name": "f1", "goal": "maximize"}


SPACE = Space.from_file(
    {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "net": {"parameters": {"layers": {"min": 1, "max": 4}}},
        "opt": {"values": ["sgd", "3"]},
        "momentum": {"min": 0.0, "max": 1.0},
        "epochs": {"value": 5},
    },
    {"momentum": {"opt": "sgd"}},
)
CONFIG = {"lr": 0.01, "net.layers": 2.0, "opt": "sgd", "momentum": 0.5, "data": "cifar"}
LOSS = {"name": "loss", "goal": "minimize"}


def judged(**fields: Any) -> Any:
    return converted(run(**{"config": CONFIG, "summary": {"loss": 0.5}, **fields}), SPACE, LOSS)


def test_a_run_becomes_a_trial_of_the_space() -> None:
    trial = judged(id="abc", started_at=7.0, seconds=9.0).trial
    assert trial.config == {"lr": 0.01, "net.layers": 2, "opt": "sgd", "momentum": 0.5, "epochs": 5}
    assert (trial.ended, trial.value, trial.started_at, trial.seconds, trial.rows) == (
        "finished", 0.5, 7.0, 9.0, [{"loss": 0.5}],
    )  # fmt: skip
    assert "momentum" not in judged(config={**CONFIG, "opt": 3}).trial.config


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"config": {**CONFIG, "lr": 5}}, r"lr has a number in \[0.0001, 0.1\], got 5"),
        ({"config": {**CONFIG, "opt": "adam"}}, "opt: needs one of 'sgd', '3'"),
        ({"config": {**CONFIG, "epochs": 6}}, "epochs: needs 5, got 6"),
        ({"config": {"lr": 0.1, "opt": "3"}}, "net.layers: needs a value"),
        ({"state": "running"}, "has not ended yet"),
        ({"state": "odd"}, "has the state odd"),
        ({"state": "", "summary": {}}, "has neither a state nor loss"),
        ({"problem": "row 3: broken"}, "row 3: broken"),
    ],
)
def test_what_is_left_out_says_why(fields: dict[str, Any], why: str) -> None:
    found = judged(**fields)
    assert found.trial is None
    assert re.search(why, found.why)


def test_states_are_kept_and_causes_told() -> None:
    ends = {state: judged(state=state).trial for state in ("finished", "failed", "crashed", "killed", "")}
    assert [trial.ended for trial in ends.values()] == ["finished", "failed", "failed", "stopped", "finished"]
    assert [str(ends[state].failure.cause) for state in ("failed", "crashed")] == ["exit code", "agent lost"]


def test_the_value_is_the_summary_or_what_wandb_keeps_of_it_or_the_last_logged() -> None:
    history = ({"loss": 2.0, "epoch": 1}, {"loss": 1.0, "epoch": 2}, {"epoch": 3})
    assert judged(history=history).trial.value == 0.5
    assert judged(history=history, summary={"loss.min": 0.25, "loss.max": 9}).trial.value == 0.25
    trial = judged(history=history, summary={"f1": 0.9}).trial
    assert trial.value == 1.0
    assert trial.rows == [*history[:2], {"epoch": 3, "f1": 0.9}]


def test_the_id_follows_from_the_content_and_not_from_names() -> None:
    trials = [judged().trial]
    file = {"method": "random", "parameters": {"lr": {"value": 1}}}
    first = sweep_id_of(file, trials)
    assert len(first) == 8
    assert first == sweep_id_of({**file, "name": "other"}, trials)
    assert first != sweep_id_of({**file, "metric": LOSS}, trials)
    assert first != sweep_id_of(file, trials * 2)


def test_parts_are_small_and_hold_every_row_once() -> None:
    rows = [{"step": at, "text": "x" * 1000} for at in range(10_000)]
    trials = [Measured(1, {}, "finished", rows=rows), *(Measured(n, {}, "finished") for n in range(2, 600))]
    parts = list(parts_of(Import("id", {}, "here", trials)))
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert max(len(json.dumps(to_json(part))) for part in parts) < 6 << 20
    pieces = [trial for part in parts for trial in part.trials]
    assert [row for piece in pieces if piece.number == 1 for row in piece.rows] == rows
    assert [piece.number for piece in pieces if piece.number > 1] == list(range(2, 600))


def test_none_may_be_one_of_the_values():
    leaves, _ = settings({"act": {"value": None}, "lr": 0.1, "_wandb": {"value": {}}})
    assert leaves == {"act": None, "lr": 0.1}

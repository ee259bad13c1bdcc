"""Runs of W&B's client outside of sweeps: begun, logged, resumed and ended in every way, and kept as they were."""

from __future__ import annotations

import math
import signal
from typing import Any

import pytest
from client_bench import QUICK, Bench, client_version, eventually

from besom.tracked import TrackedRun, TrackedValues

pytestmark = pytest.mark.wandb
TIMES = ("_timestamp", "_runtime", "_step")


@pytest.fixture(scope="module")
def told(bench: Bench) -> Any:
    """What a script with many runs said of them."""
    return bench.client.told("many_runs.py")


def tracked(bench: Bench, name: str, project: str = "runs") -> TrackedRun:
    found = bench.driver.store.tracked_run(f"e/{project}/{name}")
    assert found is not None
    return found


def values(bench: Bench, name: str) -> TrackedValues:
    run_id = f"e/runs/{name}"
    return bench.driver.store.tracked_values([run_id])[run_id]


def logged(bench: Bench, name: str, first: int = 0) -> list[dict[str, Any]]:
    rows = bench.driver.store.rows(f"e/runs/{name}", first)
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def test_name_tags_group_notes_and_config_are_kept(bench: Bench, told):
    run, config = tracked(bench, "full"), values(bench, "full").config

    assert (run.state, run.exit_code) == ("finished", 0)
    assert (run.display_name, run.group, run.job_type, run.notes) == ("shown name", "grouped", "train", "of notes")
    assert sorted(run.tags) == ["a", "ü b"]
    assert {name: entry["value"] for name, entry in config.items() if name not in ("_wandb", "huge")} == {
        "lr": 0.1,
        "nested": {"deep": [1, 2]},
        "none": None,
        "flag": True,
        "late": "x",
        "unicode": "雪 ☃ \U0001f600",
    }
    assert config["huge"]["value"] == pytest.approx(2**70)


def test_rows_are_kept_with_nested_metrics_steps_and_numbers_that_are_none(bench: Bench, told):
    rows = logged(bench, "full")

    assert rows[:3] == [
        {"loss": 1.0, "val.loss": 2.0, "val.acc.top1": 0.5},
        {"loss": 0.5, "other": 3},
        {"loss": 0.25},
    ]
    assert len(rows) == 4
    last = rows[3]
    assert math.isnan(last["nan"])
    assert (last["inf"], last["minus"], last["text"], last["none"]) == (math.inf, -math.inf, "雪", None)
    assert last["huge"] == pytest.approx(2**80)
    assert bench.rows("e/runs/full", "_step") == [0, 1, 7, 9]


def test_the_summary_is_kept_as_the_script_left_it(bench: Bench, told):
    summary = values(bench, "full").summary

    assert (summary["best"], summary["loss"], summary["other"], summary["inf"]) == (12, 0.25, 3, "Infinity")
    assert summary["nested"] == {"x": 1}
    assert summary["val"] == {"loss": 2.0, "acc": {"top1": 0.5}}
    assert summary.get("bad") in (None, "NaN")


def test_output_is_kept_without_the_states_that_a_progress_bar_went_through(bench: Bench, told):
    lines = bench.driver.store.output("e/runs/full").splitlines()

    assert "a line of output" in lines
    assert "a line of stderr" in lines
    assert [line for line in lines if line.startswith("progress")] == ["progress 199/200"]


def test_what_the_client_measures_of_the_machine_becomes_resources(bench: Bench, told):
    run = tracked(bench, "full")
    assert set(run.resources) <= {
        f"{what}_{kind}" for what in ("memory_gb", "cpu_percent") for kind in ("peak", "mean")
    }
    if client_version() >= (0, 31):  # older ones measure nothing in their first 15 or 30 s
        assert 0 < run.resources["memory_gb_mean"] <= run.resources["memory_gb_peak"] < 10


def test_define_metric_leaves_its_summaries(bench: Bench, told):
    summary = values(bench, "metrics").summary

    assert summary["loss"] == {"min": 1.0, "max": 3.0, "mean": 2.0}
    assert summary["acc"] == {"max": pytest.approx(0.3)}
    assert summary["glob/one"] == {"max": 3.0}
    assert "gone" not in summary
    assert [row["gone"] for row in logged(bench, "metrics")] == [1, 1, 1]


def test_a_resumed_run_goes_on_where_it_was(bench: Bench, told):
    assert told["resumed"]["resumed"] is True
    assert told["refused"]["must missing"] != "began"
    assert told["refused"]["never resumed"] != "began"
    assert [row["x"] for row in logged(bench, "resumed")] == [0, 1, 2, 3]
    assert bench.rows("e/runs/resumed", "_step") == [0, 1, 2, 3]
    assert values(bench, "resumed").config["first"]["value"] == 1
    assert values(bench, "resumed").config["second"]["value"] == 2


def test_a_run_begun_again_without_resume_shows_only_its_latest_process(bench: Bench, told):
    run = tracked(bench, "again")

    assert [row["x"] for row in logged(bench, "again", run.history.first)] == [10, 20]
    assert values(bench, "again").summary["x"] == 20


def test_media_files_alerts_and_artifacts_never_end_a_script(bench: Bench, told):
    assert set(told["media"].values()) <= {"done", "lacks a package"}, told["media"]
    assert told["media"]["alert"] == told["media"]["table"] == told["media"]["histogram"] == "done"
    assert tracked(bench, "media").state == "finished"
    assert logged(bench, "media")[-1] == {"loss": 1.0}
    kinds = {row[name]["_type"] for row in logged(bench, "media") for name in row if isinstance(row[name], dict)}
    assert {"table-file", "histogram", "html-file"} <= kinds


def test_an_exit_code_given_to_finish_makes_the_run_failed(bench: Bench, told):
    run = tracked(bench, "failing")
    assert (run.state, run.exit_code) == ("failed", 5)


def test_every_end_of_a_script_is_told_as_far_as_its_client_tells(bench: Bench):
    quick = {
        how: bench.client.start("one_run.py", how, env=QUICK) for how in ("raise", "exit", "kill", "interrupt", "wait")
    }
    for how, number in (("interrupt", signal.SIGINT), ("wait", signal.SIGTERM)):
        quick[how].until("waits")
        eventually(lambda how=how: bench.rows(f"e/ends/{how}", "x") == [0, 1, 2], f"rows of {how}")
        quick[how].popen.send_signal(number)
    codes = {"raise": 1, "exit": 3, "kill": -signal.SIGKILL, "interrupt": None, "wait": None}
    for how, process in quick.items():
        process.ended(codes[how])

    ends = {how: tracked(bench, how, "ends") for how in quick}
    assert (ends["raise"].state, ends["raise"].exit_code) == ("failed", 1)
    assert (ends["exit"].state, ends["exit"].exit_code) == ("failed", 3)
    assert ends["interrupt"].state == "killed"
    assert "ValueError: of the script's own" in bench.driver.store.output("e/ends/raise")
    assert ends["kill"].state == "running", "nobody said that it ended"
    assert ends["wait"].state in ("running", "killed", "failed")
    for how in quick:
        eventually(lambda how=how: bench.rows(f"e/ends/{how}", "x") == [0, 1, 2], f"rows of {how}", within_s=5)


def test_an_offline_run_is_synced_whole_and_once_even_when_synced_twice(bench: Bench):
    client = bench.client
    client.run("one_run.py", "offline", env={"WANDB_MODE": "offline"})
    (folder,) = (client.folder / "wandb").glob("offline-run-*")
    for _ in range(2):
        client.run("-m", "wandb", "sync", "--include-synced", str(folder))

    run = tracked(bench, "offline", "ends")
    assert run.state == "finished"
    assert [row["x"] for row in bench.driver.store.rows("e/ends/offline", run.history.first)] == [0, 1, 2]

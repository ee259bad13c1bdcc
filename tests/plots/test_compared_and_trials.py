import math
from dataclasses import replace

import pytest
from fake_sweep import FILE, FakeSweep, lively

from besom.plots import LIGHT, TrialData, read_sweep, timeline, trial_metrics, trial_resources
from besom.plots.gallery import comparison, trial_picture
from besom.records import Run, RunState, TrialState


def called(title, sweep_id, sweep, **metric):
    file = {**FILE, "name": title, "metric": {**FILE["metric"], **metric}}
    sweep.sweep_ = replace(sweep.sweep_, id=sweep_id, file=file)
    return read_sweep(sweep, sweep_id)


def test_sweeps_are_compared_by_their_incumbents_the_best_in_front_and_in_its_colour():
    some = [called("first", "a", lively(12)), called("second", "b", lively(40, seed=9))]
    found = comparison(some, "trials")
    assert found.name == "comparison"
    *_, best = found.picture.data
    values = {data.sweep.name: data.progress.best.value for data in some}
    assert best["name"].startswith(max(values, key=values.get))
    assert best["line"]["color"] == LIGHT.accent
    assert [line["y"][-1] for line in found.picture.data] == pytest.approx(sorted(values.values()))
    assert [line["x"][-1] for line in found.picture.data] in ([12, 40], [40, 12])


def test_lines_are_known_by_their_sweeps_and_the_legend_begins_with_the_best():
    some = [called("first", "a", lively(12)), called("second", "b", lively(40, seed=9))]
    picture = comparison(some, "trials").picture
    values = {data.sweep.id: data.progress.best.value for data in some}
    assert [line["uid"] for line in picture.data] == sorted(values, key=values.get)
    assert picture.layout["legend"]["traceorder"] == "reversed"


def test_a_sweep_that_is_left_alone_keeps_the_incumbents_colour_and_its_legend():
    picture = comparison([called("first", "a", lively(12))], "trials").picture
    assert picture.data[0]["line"]["color"] == LIGHT.accent
    assert picture.layout["showlegend"]


@pytest.mark.parametrize(("count", "is_log"), [(60, False), (61, True)])
def test_sweeps_that_went_on_for_very_different_times_share_a_logarithmic_axis(count, is_log):
    some = [called("short", "a", lively(3)), called("long", "b", lively(count, seed=9))]
    axis = comparison(some, "trials").picture.layout["xaxis"]
    assert (axis.get("type") == "log", axis["title"]["text"].endswith("(log)")) == (is_log, is_log)


def test_sweeps_of_another_aim_are_left_out_and_the_note_says_so():
    some = [called("first", "a", lively(12)), called("other", "b", lively(12), name="loss", goal="minimize")]
    found = comparison(some, "hours")
    assert len(found.picture.data) == 1
    assert "only sweeps that maximize val/accuracy share this axis: other" in found.note


def test_sweeps_of_which_nothing_is_known_on_the_axis_are_named():
    some = [called("first", "a", lively(12, gpus=True)), called("cpu", "b", lively(12))]
    found = comparison(some, "gpu_hours")
    assert len(found.picture.data) == 1
    assert "nothing is known of their GPU-hours: cpu" in found.note
    assert comparison([], "hours").picture.layout["annotations"][0]["text"] == "No sweep is named."


def test_a_trial_shows_all_its_metrics_repeats_thin_and_their_mean_strong():
    sweep = lively(6, repeats=3)
    data = TrialData(sweep, "s", 1)
    assert data.metrics == ("val/accuracy", "train/loss")
    picture = trial_metrics(data)
    titles = [words["text"] for words in picture.layout["annotations"]]
    assert titles[0] == "val/accuracy"
    of_first = [trace for trace in picture.data if trace["xaxis"] == "x"]
    assert len(of_first) == 4
    assert of_first[-1]["line"]["width"] > of_first[0]["line"]["width"]


def test_a_metric_over_more_than_two_decades_has_a_logarithmic_axis():
    sweep = lively(1, epochs=60)
    sweep.curves_[0] = replace(sweep.curves_[0], y=tuple(-math.log(1e-3 * 0.9**at) / 9 for at in range(60)))
    picture = trial_metrics(TrialData(sweep, "s", 0))
    assert picture.layout["yaxis2"]["type"] == "log"
    assert picture.layout["annotations"][1]["text"] == "train/loss (log)"


def test_a_trial_shows_what_it_took_of_the_machine_over_time_each_gpu_by_itself():
    sweep = lively(1)
    sweep.resource_rows_ = [
        {"_runtime": 2.0 * at, "_timestamp": at, "memory_gb": 1.5, "gpu_percent.0": 90.0, "gpu_percent.1": 40.0}
        for at in range(200)
    ]
    found = trial_picture(sweep, "s", 0, "resources")
    assert [words["text"] for words in found.picture.layout["annotations"]] == ["GPU (&#37;)", "Memory (GB)"]
    hovers = [trace["hovertemplate"] for trace in found.picture.data]
    assert [name in hover for name, hover in zip(("GPU 0", "GPU 1", "attempt 1"), hovers, strict=True)] == [True] * 3
    assert found.picture.layout["xaxis2"]["title"]["text"] == "minutes since the run began"
    assert found.picture.data[0]["x"][-1] == pytest.approx(398 / 60)


def test_a_trial_without_numbers_says_so():
    sweep = FakeSweep(lively(1).trials_, file=FILE)
    for draw in (trial_metrics, trial_resources):
        assert draw(TrialData(sweep, "s", 0)).layout["annotations"]


def test_the_timeline_has_a_row_for_each_gpu_of_each_agent_and_gaps_stay_gaps():
    sweep = lively(12, gpus=True)
    picture = timeline(read_sweep(sweep, "s"))
    assert [name.strip() for name in picture.layout["yaxis"]["ticktext"]] == [
        "tower GPU 0",
        "tower GPU 1",
        "tower.lan GPU 0",
        "tower.lan GPU 1",
    ]
    bars = {trial: trace for trace in picture.data for trial in trace["customdata"]}
    assert sorted(bars) == list(range(12))
    first = bars[0]
    assert (first["base"][0], first["x"][0]) == (0.0, pytest.approx(50 / 60))
    assert bars[4]["name"] == "failed"
    assert {state.state for state in sweep.trials_} == {TrialState.FINISHED, TrialState.FAILED, TrialState.STOPPED}


def test_runs_of_one_agent_at_one_time_get_rows_of_their_own():
    sweep = lively(3)
    sweep.runs_ = [replace(run, agent_id="a", started_at=100.0, ended_at=110.0 + run.trial) for run in sweep.runs_]
    picture = timeline(read_sweep(sweep, "s"))
    assert [name.strip() for name in picture.layout["yaxis"]["ticktext"]] == ["tower", "tower (2)", "tower (3)"]


def test_of_very_many_runs_the_short_ones_share_bars_and_the_note_says_so():
    sweep = lively(3)
    sweep.runs_ = [
        Run(f"r{at}", "s", at % 3, 0, 0, at, "a", "q", 10.0 * at, 0.0, RunState.FAILED if at % 50 == 7 else
            RunState.FINISHED, ended_at=10.0 * at + 9)
        for at in range(9000)
    ]  # fmt: skip
    picture = timeline(read_sweep(sweep, "s"))
    assert sum(len(trace["x"]) for trace in picture.data) <= 2000
    by_name = {trace["name"]: trace for trace in picture.data}
    assert sum(_runs(words) for trace in picture.data for words in trace["text"]) == 9000
    assert None in by_name["finished"]["customdata"]
    # What failed is as much of the bars as of the runs.
    areas = {name: sum(map(math.prod, zip(each["x"], each["width"], strict=True))) for name, each in by_name.items()}
    assert areas["failed"] / sum(areas.values()) == pytest.approx(1 / 50, rel=0.1)


def _runs(words):
    """How many runs a bar's words speak of."""
    return int(words[3:].split(" of ")[0]) if words.endswith(("failed", "finished")) and " of " in words else 1


def test_on_a_phone_a_trials_panels_stand_one_below_the_other_each_as_high_as_any():
    sweep = lively(6)
    heights = []
    for count in (2, 4, 8):
        sweep.metrics_ = [f"m{at}" for at in range(count)]
        layout = trial_metrics(TrialData(sweep, "s", 1), is_narrow=True).layout
        heights.append(layout["height"])
        assert [panel["yaxis"] for panel in layout["meta"]["panels"]][:2] == ["y", "y2"]
        assert len(layout["meta"]["panels"]) == count
    assert heights[1] - heights[0] == 2 * 190
    assert heights[2] - heights[1] == 4 * 190


def test_titles_of_panels_end_before_the_next_panel_and_are_never_empty():
    sweep = lively(6)
    sweep.metrics_ = ["", "  ", "a" * 60, "val/accuracy", "train/<b>", "z"]
    titles = [words["text"] for words in trial_metrics(TrialData(sweep, "s", 1)).layout["annotations"]]
    assert titles.count('"" (log)') == 2
    assert f"{'a' * 21}… (log)" in titles
    assert "train/&lt;b&gt; (log)" in titles
    narrow = trial_metrics(TrialData(sweep, "s", 1), is_narrow=True).layout["annotations"]
    assert f"{'a' * 37}… (log)" in [words["text"] for words in narrow]


def test_metrics_that_begin_with_an_underscore_are_the_users_but_for_besoms_own():
    sweep = lively(3)
    sweep.metrics_ = ["_loss", "_step", "_timestamp", "_runtime", "_runtimes"]
    assert TrialData(sweep, "s", 1).metrics == ("_loss", "_runtimes")

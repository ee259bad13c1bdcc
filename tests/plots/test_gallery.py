import json
from dataclasses import replace

import pytest
from fake_sweep import FILE, FakeSweep, lively

from besom.analysis.values import incumbent_trace
from besom.errors import UnknownName
from besom.plots import gallery, read_sweep
from besom.plots.gallery import comparison, framed, hung, names, trial_picture
from besom.records import RunState, TrialState

EVERY = ("history", "curves", "parallel", "importance", "slices", "contours", "cost", "timeline", "resources")


def traces(found):
    return {trace.get("name"): trace for trace in found.picture.data}


def under_way(count=40):
    """A sweep of which two trials run, one is paused and one run was lost."""
    sweep = lively(count, gpus=True)
    sweep.trials_[-2:] = [
        replace(trial, state=TrialState.RUNNING, value=None, ended_at=None) for trial in sweep.trials_[-2:]
    ]
    sweep.trials_[3] = replace(sweep.trials_[3], state=TrialState.PAUSED)
    sweep.runs_[-2:] = [replace(run, state=RunState.RUNNING, ended_at=None) for run in sweep.runs_[-2:]]
    sweep.runs_[5] = replace(sweep.runs_[5], state=RunState.LOST)
    return sweep


def test_the_gallery_names_what_a_sweep_has_without_drawing_it():
    assert tuple(name for name, _ in names(read_sweep(lively(), "s"))) == EVERY
    nothing = read_sweep(FakeSweep(file={**FILE, "metric": None}), "s")
    assert [name for name, _ in names(nothing)] == ["history", "timeline"]


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_is_content_that_json_takes(name):
    found = framed(read_sweep(lively(60), "s"), name)
    content = json.loads(found.to_json())
    assert content == json.loads(json.dumps(found.content(), allow_nan=False))
    assert sorted(content["figure"]) == ["data", "layout"]
    assert content["title"]
    assert content["note"]


def test_a_picture_that_there_is_not_is_refused_and_the_nearest_is_named():
    data = read_sweep(lively(12), "s")
    with pytest.raises(UnknownName, match="did you mean history"):
        framed(data, "histroy")
    with pytest.raises(UnknownName, match="gpu_hours"):
        framed(data, "history", x="GPU hours")
    with pytest.raises(UnknownName, match=r"optimizer\.lr"):
        framed(data, "slices", a="optimizer.lrr")
    with pytest.raises(UnknownName, match="metrics"):
        trial_picture(lively(3), "s", 1, "metric")
    with pytest.raises(UnknownName, match="epochs"):
        comparison([data], x="epoch")


@pytest.mark.parametrize("name", EVERY)
def test_points_that_are_trials_say_which_and_words_are_elsewhere(name):
    found = framed(read_sweep(under_way(60), "s"), name)
    of_trials = [trace for trace in found.picture.data if trace.get("meta") == "trials"]
    assert of_trials or name == "importance"
    for trace in of_trials:
        assert len(trace["customdata"]) == len(trace["x"]) == len(trace["y"])
        assert set(map(type, trace["customdata"])) == {int}
    assert all("customdata" not in trace for trace in found.picture.data if trace.get("meta") != "trials")


def test_pictures_say_which_columns_of_trials_their_axes_are():
    data = read_sweep(lively(60), "s")
    told = {name: framed(data, name).picture.layout["meta"] for name in EVERY}
    assert told["history"] == {"x": "place", "y": "value"}
    assert framed(data, "history", x="epochs").picture.layout["meta"] == {"x": None, "y": "value"}
    assert told["cost"] == {"x": "seconds", "y": "value"}
    assert told["contours"]["y"].startswith("parameter:")
    assert told["slices"]["panels"][0] == {"xaxis": "x", "yaxis": "y", "x": "parameter:optimizer.lr", "y": "value"}
    assert told["resources"]["panels"][1]["y"] == "resource:energy_kwh"
    axes = {axis["column"]: axis for axis in told["parallel"]["axes"]}
    lrs = [trial.config["optimizer"]["lr"] for trial in data.trials if trial.value is not None]
    assert axes["parameter:optimizer.lr"]["log"]
    assert (axes["parameter:optimizer.lr"]["low"], axes["parameter:optimizer.lr"]["high"]) == (min(lrs), max(lrs))
    assert [level for level, _ in axes["parameter:optimizer.name"]["levels"]] == ["sgd", "adam", "lion"]
    assert axes["value"] == told["parallel"]["axes"][-1]


@pytest.mark.parametrize("x", ["trials", "epochs", "hours", "gpu_hours"])
def test_the_search_over_what_was_spent_keeps_its_incumbents_and_only_grows(x):
    data = read_sweep(lively(gpus=True), "s")
    line = traces(framed(data, "history", x=x))["best so far"]
    expected = dict.fromkeys(value for value in incumbent_trace(data.trials, data.goal).best if value is not None)
    assert list(dict.fromkeys(line["y"])) == pytest.approx([*expected])
    assert line["x"] == sorted(line["x"])
    total = {
        "trials": 40,
        "epochs": sum(run.fidelity for run in data.runs),
        "hours": max(trial.ended_at - 1.7635e9 for trial in data.trials) / 3600,
        "gpu_hours": sum(trial.gpu_seconds for trial in data.trials) / 3600,
    }
    assert line["x"][-1] == pytest.approx(total[x])
    assert x in gallery.x_axes(data)


def test_an_axis_of_which_nothing_is_known_is_not_offered_and_says_so():
    data = read_sweep(lively(), "s")
    assert gallery.x_axes(data) == ("trials", "epochs", "hours")
    (words,) = framed(data, "history", x="gpu_hours").picture.layout["annotations"]
    assert words["text"] == "Nothing is known of the GPU-hours."
    assert "GPU" in framed(data, "cost", x="gpu_hours").picture.layout["annotations"][0]["text"]


def test_pages_get_words_and_no_figure_where_there_is_nothing_to_draw():
    content = framed(read_sweep(FakeSweep(), "s"), "history").content()
    assert (content["note"], content["figure"]) == ("No trial has ended yet.", None)
    content = framed(read_sweep(lively(), "s"), "history", x="gpu_hours").content()
    assert (content["note"], content["figure"]) == ("Nothing is known of the GPU-hours.", None)


def test_trials_that_were_stopped_without_a_value_are_not_drawn_as_failed():
    sweep = lively()
    stopped = [trial.number for trial in sweep.trials_ if trial.state is TrialState.STOPPED]
    failed = [trial.number for trial in sweep.trials_ if trial.state is TrialState.FAILED]
    sweep.trials_ = [replace(trial, value=None) if trial.number in stopped else trial for trial in sweep.trials_]
    found = traces(framed(read_sweep(sweep, "s"), "history"))
    assert len(stopped) > 1
    assert sorted(found["no value"]["customdata"]) == stopped
    assert sorted(found["failed"]["customdata"]) == failed


def test_cost_is_drawn_by_gpu_hours_too():
    data = read_sweep(lively(gpus=True), "s")
    by_seconds, by_gpu = (traces(framed(data, "cost", x=x))["trials"] for x in ("seconds", "gpu_hours"))
    assert by_gpu["x"] == pytest.approx([seconds / 3600 for seconds in by_seconds["x"]])


def test_curves_under_way_come_alone_for_pages_that_draw_them_anew():
    sweep = under_way()
    data = read_sweep(sweep, "s")
    found = framed(data, "curves", only="running")
    assert {trace["legendgroup"] for trace in found.picture.data} == {"running"}
    assert {trial for trace in found.picture.data for trial in trace["customdata"]} == {38, 39}
    assert sweep.asked[-1][2] == (38, 39)
    whole = traces(framed(data, "curves"))
    assert whole["running"]["customdata"] == found.picture.data[0]["customdata"]
    done = framed(read_sweep(lively(12), "s"), "curves", only="running")
    assert done.picture.data == ()


def test_stopped_and_paused_curves_have_a_mark_where_they_end():
    found = traces(framed(read_sweep(under_way(), "s"), "curves"))
    stopped = [trial for trial in under_way().trials_ if trial.state is TrialState.STOPPED]
    assert found["stopped early: end"]["customdata"] == [trial.number for trial in stopped]
    assert found["stopped early: end"]["x"] == [trial.fidelity for trial in stopped]
    assert "paused" in found or found["best: trial 3"]


def test_a_curve_that_diverged_does_not_squeeze_the_others():
    sweep = lively(12)
    assert "range" not in framed(read_sweep(sweep, "s"), "curves").picture.layout["yaxis"]
    sweep.curves_[5] = replace(sweep.curves_[5], y=(-1e9, *sweep.curves_[5].y[1:]))
    low, high = framed(read_sweep(sweep, "s"), "curves").picture.layout["yaxis"]["range"]
    assert -10 < low < 0.3
    assert 0.9 < high < 1.2


def test_curves_of_another_metric_are_drawn_of_the_same_trials():
    sweep = lively(12)
    found = framed(read_sweep(sweep, "s"), "curves", metric="train/loss")
    assert sweep.asked[-1][0] == "train/loss"
    assert found.picture.layout["yaxis"]["title"]["text"] == "train/loss"
    assert "train/loss" in found.note


def test_a_picture_reads_only_the_curves_that_it_draws():
    sweep = lively(300, epochs=5)
    data = read_sweep(sweep, "s")
    framed(data, "history")
    framed(data, "parallel")
    assert sweep.asked == []
    framed(data, "curves")
    ((_, points, trials),) = sweep.asked
    assert len(trials) == 200
    assert points <= 300


def test_a_report_leaves_out_what_the_model_cannot_tell_but_says_why_once():
    shown = {each.name: each for each in hung(read_sweep(lively(3), "s"))}
    assert "slices" not in shown
    assert "contours" not in shown
    assert shown["importance"].picture is None
    assert shown["importance"].note.startswith("Too few trials")


def test_narrow_pictures_stand_one_below_the_other():
    data = read_sweep(lively(60), "s")
    wide, narrow = (framed(data, "slices", is_narrow=is_narrow).picture.layout for is_narrow in (False, True))
    assert narrow["height"] > wide["height"]
    assert narrow["xaxis"]["domain"] == [0.0, 1.0]


def test_a_slice_of_any_parameter_may_be_asked_for_and_the_note_names_it():
    data = read_sweep(lively(60), "s")
    for name in ("batch_size", "layers", "optimizer.name"):
        found = framed(data, "slices", a=name)
        assert [panel["x"] for panel in found.picture.layout["meta"]["panels"]] == [f"parameter:{name}"]
        assert found.note.startswith(f"What the model expects when {name} changes")


def test_a_slice_of_a_parameter_that_the_best_trial_does_not_have_says_so():
    best = lively(60).progress("s").best
    other = next(name for name in ("sgd", "adam", "lion") if name != best.config["optimizer"]["name"])
    besom = {**FILE["besom"], "when": {"dropout": {"optimizer.name": other}}}
    sweep = lively(60, file={**FILE, "besom": besom})
    for trial in sweep.trials_:
        if trial.config["optimizer"]["name"] != other:
            del trial.config["dropout"]
    found = framed(read_sweep(sweep, "s"), "slices", a="dropout")
    assert found.content()["note"] == "The best trial does not have dropout."

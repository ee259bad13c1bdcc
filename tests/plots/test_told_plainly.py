"""Pictures leave nothing out in silence, invent nothing, and are strong enough to be seen."""

import math
import random
from dataclasses import replace

import pytest
from fake_sweep import FILE, FakeSweep, lively

from besom.plots import DARK, LIGHT, TrialData, history, learning_curves, parallel_coordinates, read_sweep
from besom.plots.facts import cards_of, facts_of
from besom.plots.gallery import framed, trial_picture
from besom.plots.parallel import MOST_AXES
from besom.plots.spending import resources
from besom.plots.theme import figures
from besom.plots.trial import MOST_PANELS
from besom.records import Reason, Trial, TrialState


def traces(picture):
    return {trace.get("name"): trace for trace in picture.data}


def racing():
    """A sweep of three repeats, of which a trial with the best value of all misses one."""
    sweep = lively(12, repeats=3)
    ranked = [replace(trial, repeats=3) for trial in sweep.trials_]
    at = next(place for place, trial in enumerate(ranked) if trial.state is TrialState.STOPPED)
    ranked[at] = replace(ranked[at], value=0.999, spread=0.0167, repeats_done=2)
    sweep.trials_ = ranked
    return sweep, ranked[at].number


def test_a_trial_that_misses_a_repeat_is_of_a_kind_of_its_own_and_says_so_everywhere():
    sweep, number = racing()
    data = read_sweep(sweep, "s")
    drawn = traces(history(data))
    assert (drawn["not ranked"]["customdata"], drawn["not ranked"]["y"]) == ([number], [0.999])
    assert "no value" not in drawn
    assert "± 0.017<br>2 of 3 repeats, not ranked" in drawn["not ranked"]["text"][0]
    assert "Trials that miss repeats are not ranked" in framed(data, "history").note
    low, high = history(data).layout["yaxis"]["range"]
    assert low < 0.999 < high
    rows = facts_of(data, 100).rows
    at = [row[2][1].text for row in rows].index(str(number))
    assert [cell.text for cell in rows[at][2]][2] == "stopped: 2 of 3 repeats, not ranked"
    assert at == len(data.columns.ranked)  # behind those that are ranked, before those without a value


def wide(count=40, parameters=MOST_AXES + 4):
    """A sweep of many parameters, of which the last alone matters and the first is the same in all trials."""
    names = [f"p{at:02}" for at in range(parameters)]
    file = {**FILE, "besom": {}, "parameters": {name: {"min": 0.0, "max": 1.0} for name in names}}
    trials, rng = [], random.Random(1)
    for number in range(count):
        config = {name: rng.random() for name in names} | {"p00": 0.5}
        ended = {"state": TrialState.FINISHED, "ended_at": float(number), "value": config[names[-1]]}
        trials.append(Trial("k3v9qd", number, config, Reason("random"), float(number), **ended))
    return FakeSweep(trials, file=file), names


def test_of_many_parameters_the_most_important_have_an_axis_and_what_is_left_out_is_told():
    sweep, names = wide()
    data = read_sweep(sweep, "s")
    note = framed(data, "parallel").note
    assert f"{MOST_AXES} of {len(names) - 1} parameters are shown, the most important first." in note
    assert "Left out, because all these trials have the same: p00." in note
    shown = [axis["column"] for axis in parallel_coordinates(data).layout["meta"]["axes"]]
    assert shown[0] == f"parameter:{names[-1]}"


def test_where_importance_is_unknown_the_first_parameters_have_an_axis():
    sweep, names = wide(count=5)
    data = read_sweep(sweep, "s")
    assert f"The first {MOST_AXES} of {len(names) - 1} parameters that differ" in framed(data, "parallel").note
    shown = [axis["column"] for axis in parallel_coordinates(data).layout["meta"]["axes"]]
    assert shown[0] == "parameter:p01"


def test_a_number_beside_an_axis_is_never_cut():
    sweep = lively(12)
    for at, trial in enumerate(sweep.trials_):
        config = {**trial.config, "dropout": -1.234e12 - at * 1e11, "layers": 9.6e-9 * (at + 1)}
        sweep.trials_[at] = replace(trial, config=config)
    sweep.sweep_ = replace(sweep.sweep_, file={**FILE, "parameters": {"dropout": {"min": -1e15, "max": 1.0}, "layers": {
        "distribution": "log_uniform_values", "min": 1e-9, "max": 1.0}}})  # fmt: skip
    words = [
        note["text"] for note in parallel_coordinates(read_sweep(sweep, "s"), is_narrow=True).layout["annotations"]
    ]
    assert any("e12" in text for text in words)
    assert any("e-9" in text or "e-8" in text for text in words)
    assert not any("…" in text for text in words)


def test_a_trial_of_many_metrics_says_how_many_are_drawn_and_the_others_can_be_chosen():
    sweep = lively(3)
    sweep.metrics_ += [f"m{at}" for at in range(39)]
    first = trial_picture(sweep, "s", 0, "metrics")
    assert first.note.startswith("24 of 41 metrics are drawn")
    assert first.options == (("", "1 to 24"), ("24", "25 to 41"))
    rest = trial_picture(sweep, "s", 0, "metrics", first=MOST_PANELS)
    assert rest.note.startswith("17 of 41 metrics are drawn")
    assert rest.picture.layout["annotations"][-1]["text"].startswith("m38")
    assert trial_picture(lively(3), "s", 0, "metrics").note.startswith("All numbers that the trial logged")


def test_a_thinned_picture_of_the_machine_says_so():
    few, many = read_sweep(lively(40), "s"), read_sweep(lively(800, epochs=2), "s")
    assert len(resources(many).data[0]["x"]) < 800
    assert framed(many, "resources").note.endswith("Of 800 trials those that lie where others do are left out.")
    assert "left out" not in framed(few, "resources").note


def all_nan():
    sweep = lively(6)
    sweep.curves_ = [replace(curve, y=tuple(math.nan for _ in curve.y)) for curve in sweep.curves_]
    sweep.trials_ = [replace(trial, value=None) for trial in sweep.trials_]
    return sweep


def test_where_no_value_is_finite_none_is_invented():
    data = read_sweep(all_nan(), "s")
    assert learning_curves(data).words == "No finite value was logged."
    assert learning_curves(data, metric="train/loss").words == "No finite value of train/loss was logged."
    drawn = history(data)
    assert drawn.layout["yaxis"]["showticklabels"] is False
    assert drawn.data[-1]["x"] == drawn.data[-1]["y"] == [None]  # or plotly lays out no axis, and draws it at NaN
    assert drawn.data[-1]["showlegend"] is False
    assert history(read_sweep(lively(6), "s")).layout["yaxis"]["showticklabels"] is True


def test_a_panel_of_a_metric_that_is_never_finite_says_so_and_has_no_ticks():
    layout = trial_picture(all_nan(), "s", 0, "metrics").picture.layout
    assert [note["text"] for note in layout["annotations"]].count("No finite value was logged") == 2
    assert layout["yaxis"]["showticklabels"] is False
    assert layout["xaxis"]["showticklabels"] is False
    assert TrialData(all_nan(), "s", 0).metrics


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color, paper, opacity):
    ends = [[int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in (color, paper)]
    mixed = "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in zip(*ends, strict=True))
    low, high = sorted((luminance(mixed), luminance(paper)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("draw", [history, learning_curves])
def test_marks_and_lines_stand_out_from_the_paper(draw, theme):
    sweep = lively(40)
    states = (TrialState.PAUSED, TrialState.RUNNING)
    sweep.trials_ += [replace(sweep.trials_[0], number=40 + at, state=state) for at, state in enumerate(states)]
    sweep.curves_ += [replace(sweep.curves_[0], trial=number) for number in (40, 41)]
    drawn = [trace for trace in draw(read_sweep(sweep, "s"), theme).data if trace.get("showlegend", True)]
    assert {"stopped early", "failed", "finished", "paused"} <= {trace["name"] for trace in drawn}
    for trace in drawn:
        color = trace.get("line", trace.get("marker"))["color"]
        assert contrast(color, theme.paper, trace.get("opacity", 1.0)) >= 3, trace["name"]
    assert contrast(theme.lost, theme.paper, 1.0) >= 3


def test_running_curves_lie_over_the_best_and_points_say_over_what_they_are():
    sweep = lively(12)
    sweep.trials_.append(replace(sweep.trials_[0], number=12, state=TrialState.RUNNING))
    sweep.curves_.append(replace(sweep.curves_[0], trial=12))
    *_, best, running = learning_curves(read_sweep(sweep, "s")).data
    assert (best["name"].partition(":")[0], running["name"]) == ("best", "running")
    assert best["hovertemplate"].startswith("<b>trial %{customdata}</b> best<br>epoch %{x:")


def test_a_gain_is_told_as_better_whichever_way_is_better():
    card = cards_of(read_sweep(lively(), "s"))[0]
    assert card.title == "better than your baseline"
    assert " better than the " in card.words
    assert "+" not in card.figure + card.words


def noise():
    """A sweep of which nothing can be told but that there are values."""
    sweep = lively(30)
    values = [math.sin(997.0 * trial.number**2) for trial in sweep.trials_]
    sweep.trials_ = [
        replace(trial, value=value, state=TrialState.FINISHED, failure=None, fidelity=30)
        for trial, value in zip(sweep.trials_, values, strict=True)
    ]
    return sweep


def test_where_nothing_tells_what_mattered_that_is_said_once_and_a_parameter_can_be_chosen():
    data = read_sweep(noise(), "s")
    told = "a model of half of the 30 trials guesses the others no better than their average would"
    assert framed(data, "importance").note == f"Too few trials to tell: {told}."
    for name in ("slices", "contours"):
        found = framed(data, name)
        assert found.picture is None
        assert "Too few" not in found.note
        assert found.options[0] == ("", "choose a parameter")
    assert framed(data, "slices", a="dropout").picture.data
    assert framed(read_sweep(lively(60), "s"), "slices").options[0] == ("", "by importance")
    assert framed(read_sweep(lively(3), "s"), "slices").options == ()


def test_points_are_written_as_nearly_as_plotly_can_as_everywhere():
    assert [figures(values) for values in ([0.3, math.nan], [544769.0], [])] == [",.5~g", ",.7~g", ",.5~g"]

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from fake_sweep import FILE, PICTURES, FakeSweep, hostile, lively

from besom.analysis.costs import cost_quality
from besom.analysis.importance import Importance, Share
from besom.analysis.importance import importance as importance_of
from besom.analysis.slices import contour, most_telling
from besom.analysis.slices import slices as slices_of
from besom.analysis.tables import parameter_table, resources_summary
from besom.analysis.values import incumbent_trace, ranking
from besom.errors import UnknownName
from besom.plots import (
    DARK,
    LIGHT,
    Insight,
    comparison,
    contours,
    cost_against_quality,
    history,
    importance,
    insight_of,
    learning_curves,
    read_sweep,
    slices,
    timeline,
)
from besom.plots import resources as resources_picture
from besom.plots.history import shown_range
from besom.plots.learning import drawn
from besom.plots.parallelaxis import axis_of
from besom.plots.theme import exchange, safe
from besom.service import MetricCurve
from besom.sweepfile import parse, space_of


def traces(picture):
    return {trace.get("name"): trace for trace in picture.data}


def test_history_draws_the_incumbents_of_the_analysis_and_a_mark_for_every_ended_trial():
    data = read_sweep(lively(), "s")
    expected = incumbent_trace(data.trials, data.goal)
    drawn_traces = traces(history(data))
    steps = drawn_traces["best so far"]
    values = dict(zip(steps["x"], steps["y"], strict=True))
    so_far, told = None, []
    for place in range(1, 41):
        so_far = values.get(place, so_far)
        told.append(so_far)
    assert told == pytest.approx(expected.best)
    marks = sum(len(drawn_traces[name]["x"]) for name in ("finished", "stopped early", "failed"))
    assert marks == len(data.trials) == 40
    assert len(drawn_traces["failed"]["x"]) == sum(value is None for value in expected.values)


def test_one_very_bad_value_does_not_squeeze_the_rest_of_the_history():
    sweep = lively(20)
    values = [trial.value for trial in sweep.trials_ if trial.value is not None]
    bad = next(trial for trial in sweep.trials_ if trial.value is not None)
    object.__setattr__(bad, "value", -1e6)
    low, high = history(read_sweep(sweep, "s")).layout["yaxis"]["range"]
    assert low > -10
    assert high > max(values)


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_the_incumbent_is_shown_however_large_values_are(goal):
    sweep = lively(20, file={**FILE, "metric": {**FILE["metric"], "goal": goal}})
    valued = [trial for trial in sweep.trials_ if trial.value is not None]
    for trial, value in zip(valued, (1e308, -1e308, 1.7e308, 3.0), strict=False):
        object.__setattr__(trial, "value", value)
    picture = history(read_sweep(sweep, "s"))
    low, high = picture.layout["yaxis"]["range"]
    assert math.isfinite(high - low)
    assert all(low <= y <= high for y in traces(picture)["best so far"]["y"][-2:])


def test_one_enormous_value_does_not_squeeze_the_others_out_of_sight():
    assert shown_range([*np.linspace(0.1, 0.5, 19), 1e308], "minimize") == pytest.approx((0.1, 0.5), abs=0.1)
    assert shown_range([0.1, math.inf, math.nan], "minimize") == shown_range([0.1], "minimize")
    assert shown_range([math.nan], "minimize") == (0.0, 1.0)


def test_the_line_of_the_incumbents_begins_at_the_first_value_that_is_shown():
    sweep = lively(20)
    first = next(trial for trial in sweep.trials_ if trial.value is not None)
    object.__setattr__(first, "value", -1e6)
    data = read_sweep(sweep, "s")
    line, shown = traces(history(data))["best so far"]["y"], incumbent_trace(data.trials, data.goal).best
    assert shown[0] == -1e6
    assert line == pytest.approx([*dict.fromkeys(shown[1:]), shown[-1]])


def test_the_incumbents_curve_has_the_accent_colour_and_no_other_trial_has():
    data = read_sweep(lively(), "s")
    best = data.progress.best.number
    accented = [trace for trace in learning_curves(data).data if trace.get("line", {}).get("color") == LIGHT.accent]
    assert {number for trace in accented for number in trace["customdata"]} == {best}
    (curve,) = data.curves([best])
    assert accented[0]["y"][:-1] == pytest.approx(curve.y)


def test_repeats_are_drawn_apart_with_their_mean():
    data = read_sweep(lively(6, repeats=3), "s")
    best = data.progress.best.number
    pictures = traces(learning_curves(data))
    assert pictures[f"best: trial {best}: repeats"]["y"].count(None) == 3
    mean = pictures[f"best: trial {best}"]["y"][0]
    firsts = [curve.y[0] for curve in data.curves([best])]
    assert mean == pytest.approx(sum(firsts) / 3, rel=1e-6)


def test_a_nan_is_a_gap_in_its_curve():
    sweep = lively(1)
    sweep.curves_ = [MetricCurve("r", 0, 0, 0, (1, 2, 3), (0.1, math.nan, 0.3))]
    (trace,) = learning_curves(read_sweep(sweep, "s")).data
    assert trace["y"] == [0.1, None, 0.3, None]


def test_of_very_many_curves_the_best_are_drawn_and_some_of_the_others():
    data = read_sweep(lively(300, epochs=5), "s")
    chosen = set(drawn(data, most=40))
    assert len(chosen) == 40
    assert {trial.number for trial in ranking(data.trials, data.goal)[:20]} <= chosen


def test_cost_and_resources_show_the_numbers_of_the_analysis():
    data = read_sweep(lively(), "s")
    costs = cost_quality(data.trials, data.goal)
    points = traces(cost_against_quality(data))
    columns = [(each["customdata"], each["x"], each["y"]) for each in (points["trials"], points["stopped early"])]
    told = sorted(point for each in columns for point in zip(*each, strict=True))
    expected = zip(costs.numbers, costs.seconds, costs.values, strict=True)
    assert told == [pytest.approx(point, rel=1e-6) for point in expected]
    assert tuple(points["beaten by none in both"]["customdata"]) == costs.front
    assert len(resources_picture(data).data) == len(resources_summary(data.trials)) == 3


def test_an_axis_is_logarithmic_where_its_parameter_is_and_the_value_has_its_best_end_up():
    data = read_sweep(lively(), "s")
    ranked = ranking(data.trials, data.goal)
    parameters = {parameter.name: parameter for parameter in data.space.parameters}
    column = parameter_table(ranked, ["optimizer.lr"]).column("optimizer.lr")
    axis = axis_of("optimizer.lr", column, parameters["optimizer.lr"])
    assert axis.is_log
    low, high = min(column), max(column)
    assert axis.positions[0] == pytest.approx(math.log(column[0] / low) / math.log(high / low))
    assert axis_of("loss", [1.0, 3.0], is_best_high=False).positions.tolist() == [1.0, 0.0]


@pytest.mark.filterwarnings("error")
def test_an_axis_may_run_between_the_largest_numbers():
    axis = axis_of("x", [-1e300, 0.0, 1e300, -9e299], column="parameter:x")
    assert axis.positions.tolist() == pytest.approx([0.0, 0.5, 1.0, 0.05])
    assert [words for _, words in axis.ticks] == ["-1e300", "-5e299", "0", "5e299", "1e300"]
    assert [place for place, _ in axis.ticks] == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])
    far = axis_of("x", [-1.7e308, 1.7e308])
    assert [words for _, words in far.ticks] == ["-1.7e308", "-1e308", "0", "1e308", "1.7e308"]
    assert axis_of("x", [5e-324, 1e-323]).positions.tolist() == [0.0, 1.0]


@pytest.mark.filterwarnings("error")
def test_a_logarithmic_axis_may_run_from_the_smallest_to_the_largest_numbers():
    parameters = {"x": {"min": 1e-300, "max": 1e300, "distribution": "log_uniform_values"}}
    (parameter,) = space_of(parse({"program": "t.py", "method": "random", "parameters": parameters})).parameters
    axis = axis_of("x", [1e-300, 1.0, 1e300], parameter)
    assert axis.is_log
    assert axis.positions.tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert len(axis.ticks) > 3
    assert all(0.0 <= place <= 1.0 for place, _ in axis.ticks)


def test_categories_keep_the_order_of_the_sweep_file():
    data = read_sweep(lively(), "s")
    parameter = next(p for p in data.space.parameters if p.name == "optimizer.name")
    axis = axis_of("optimizer.name", ["lion", "sgd"], parameter)
    assert [text for _, text in axis.ticks] == ["sgd", "adam", "lion"]
    assert axis.positions[0] > axis.positions[1]


def test_importance_draws_the_shares_of_the_analysis_with_their_errors():
    data = read_sweep(lively(60), "s")
    found = importance_of(data.trials, data.space, data.goal)
    assert found.parameters[0].names == ("optimizer.lr",)
    alone = traces(importance(data))["alone"]
    assert alone["x"] == [100 * share.share for share in found.parameters]
    assert alone["y"] == [share.names[0] for share in found.parameters]
    assert alone["error_x"]["array"][0] == pytest.approx(min(100 * found.parameters[0].error, 100 - alone["x"][0]))
    assert all(below <= share for below, share in zip(alone["error_x"]["arrayminus"], alone["x"], strict=True))


def test_a_parameters_name_is_text_in_its_bar():
    told = Importance(parameters=(Share(("<a href='x'>%{x}$x$",), 0.9, 0.1),), trials=9)
    drawn_figure = importance(read_sweep(lively(9), "s"), insight=Insight(told)).to_json()
    assert "&lt;a href='x'&gt;&#37;{x}&#36;x&#36;" in drawn_figure


def test_slices_draw_the_numbers_of_the_analysis_on_an_axis_like_their_parameters():
    data = read_sweep(lively(60), "s")
    insight = insight_of(data)
    names = most_telling(insight.importance, 6)
    expected = slices_of(insight.surrogate, data.trials, data.goal, names)
    picture = slices(data, insight=insight)
    means = [trace for trace in picture.data if trace.get("name") == "expected"]
    assert [tuple(trace["y"]) for trace in means] == [cut.mean for cut in expected]
    assert names[0] == "optimizer.lr"
    assert picture.layout["xaxis"]["type"] == "log"
    chosen = slices(data, names=["optimizer.name"], insight=insight)
    assert chosen.layout["xaxis"]["ticktext"] == ["sgd", "adam", "lion"]
    marked = sum(len(trace["x"]) for trace in chosen.data if trace["name"] in ("trials", "stopped early", "best"))
    assert marked == len(ranking(data.trials, data.goal))


def test_contours_draw_the_numbers_of_the_analysis_and_every_trial():
    data = read_sweep(lively(60), "s")
    insight = insight_of(data)
    area = contour(insight.surrogate, data.trials, data.goal, "optimizer.lr", "dropout")
    picture = contours(data, names=("optimizer.lr", "dropout"), insight=insight)
    drawn_area, others, best = picture.data
    assert drawn_area["z"] == [pytest.approx(row, rel=1e-6) for row in area.mean]
    assert drawn_area["colorscale"][-1] == [1.0, LIGHT.scale_best]
    assert len(others["x"]) + len(best["x"]) == len(area.marks.numbers)
    assert contours(data, names=("optimizer.lr", "optimizer.name"), insight=insight).data[0]["type"] == "heatmap"


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("sweep", [FakeSweep(), lively(1), FakeSweep(file={**FILE, "metric": None})])
def test_a_sweep_with_nothing_to_draw_says_so(picture, sweep):
    drawn_figure = picture(read_sweep(sweep, "s"))
    assert drawn_figure.data or drawn_figure.layout["annotations"]


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_no_name_reaches_plotly_as_a_tag_or_a_template(picture, theme):
    text = "<a href='javascript:alert(1)'>%{x}$x$"
    figure = picture(read_sweep(hostile(text), "s"), theme).content()
    figure["layout"].pop("meta", None)  # names as they are, for pages: no template of ours reads them
    drawn_figure = json.dumps(figure)
    assert "<a href" not in drawn_figure
    assert "&lt;a href" in drawn_figure or picture in (learning_curves, importance, timeline)
    assert "'>%{x}" not in drawn_figure


def test_quotes_are_shown_as_they_are():
    assert safe('it\'s "so" & <b>') == 'it\'s "so" &amp; &lt;b&gt;'


def test_safe_text_has_no_letter_that_plotly_reads():
    assert safe("<b>%{y}\n$a$") == "&lt;b&gt;&#37;{y} &#36;a&#36;"
    assert len(safe("x" * 500)) == 48


def test_every_colour_stands_for_one_thing_so_that_themes_can_be_exchanged():
    colors = exchange()
    assert len(colors) == len(LIGHT.__slots__)
    assert len(set(colors.values())) == len(colors)


def test_jinja2_and_plotly_are_imported_only_where_they_are_needed():
    code = "import sys, json, besom.plots; print(json.dumps([m for m in ('plotly', 'jinja2') if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda data: history(data, x="hour"), "x hour: must exist; did you mean hours?"),
        (lambda data: history(data, x="nope"), "x nope: must exist; valid: epochs, gpu_hours, hours, trials"),
        (lambda data: comparison([data], x="epoch"), "did you mean epochs?"),
        (lambda data: cost_against_quality(data, x="hours"), "did you mean gpu_hours?"),
        (lambda data: learning_curves(data, only="nope"), "only nope: must exist; valid: running"),
        (lambda data: slices(data, names=["optimizer.rl"]), "did you mean optimizer.lr?"),
        (lambda data: contours(data, names=("optimizer.lr", "nope")), "parameter nope: must exist; valid: "),
    ],
)
def test_what_a_picture_does_not_know_is_refused_with_the_names_that_it_knows(draw, told):
    with pytest.raises(UnknownName) as refused:
        draw(read_sweep(lively(), "s"))
    assert told in str(refused.value)

"""Pictures of twenty thousand trials stay small, and say what they leave out."""

import numpy as np
import pytest
from fake_sweep import lively

from besom.analysis.values import incumbent_trace
from besom.plots import read_sweep
from besom.plots.gallery import framed

MOST_BYTES = 400_000
COUNT = 20_000


@pytest.fixture(scope="module")
def data():
    return read_sweep(lively(COUNT, epochs=10, gpus=True), "s")


def points(found):
    return sum(len(trace["x"]) for trace in found.picture.data)


@pytest.mark.parametrize(
    "name", ["history", "curves", "parallel", "cost", "timeline", "resources", "importance", "slices"]
)
def test_no_figure_grows_with_the_sweep(data, name):
    found = framed(data, name)
    assert len(found.to_json()) < MOST_BYTES
    if name in ("history", "cost", "resources", "timeline"):
        assert points(found) < 4000


def test_the_search_keeps_every_incumbent_and_tells_where_trials_failed(data):
    found = framed(data, "history")
    drawn = {trial for trace in found.picture.data for trial in trace.get("customdata", ())}
    assert set(incumbent_trace(data.trials, data.goal).holders) - {None} <= drawn
    (strip,) = [trace for trace in found.picture.data if trace["type"] == "heatmap"]
    failed = sum(trial.failure is not None for trial in data.trials)
    shares = [share or 0.0 for share in strip["z"][0]]
    assert np.mean(shares) == pytest.approx(100 * failed / COUNT, rel=0.02)
    assert "left out" in found.note


def test_most_lines_of_parallel_coordinates_are_bands_behind_the_best(data):
    found = framed(data, "parallel")
    lines = [trace for trace in found.picture.data if trace.get("meta") == "trials"]
    assert len({trial for trace in lines for trial in trace["customdata"]}) == 300
    behind = [trace for trace in found.picture.data if trace.get("meta") != "trials"]
    assert 0 < sum(len(trace["x"]) for trace in behind) <= 3 * 400
    assert "10,000 spread evenly" in found.note


def test_the_model_says_of_how_many_trials_it_is(data):
    valued = sum(trial.value is not None for trial in data.trials)
    found = framed(data, "importance")
    assert f"{valued:,} trials, of which it sees 400" in found.note
    assert "500 of" in framed(data, "slices").note

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from fake_sweep import FILE, PICTURES, FakeSweep, hostile, lively

from besom.plots import (
    DARK,
    LIGHT,
    history,
    read_sweep,
)
from besom.plots.drawing import plotly_js, plotly_js_version
from besom.plots.picture import MIME_TYPE, Picture, scatter

SWEEPS = {
    "many trials": lively(),
    "repeats": lively(6, repeats=3),
    "one trial": lively(1),
    "no trial": FakeSweep(),
    "no metric": FakeSweep(file={**FILE, "metric": None}),
    "hostile names": hostile("<a>%{x}$x$"),
}


def without_empty(value):
    """The value without empty dicts, which say nothing."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner != {}}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)
def test_plotly_itself_takes_every_picture_and_changes_nothing_of_it(draw, theme, sweep):
    picture = draw(read_sweep(sweep, "s"), theme)
    figure = picture.to_plotly()
    assert type(figure).__module__.startswith("plotly.graph_objs")
    assert without_empty(json.loads(figure.to_json())) == without_empty(json.loads(picture.to_json()))


def test_a_picture_that_plotly_would_not_take_is_refused_by_it():
    with pytest.raises(ValueError, match="colour"):
        Picture((scatter(colour="red"),), {}).to_plotly()


def test_without_plotly_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "from besom.plots import Picture\n"
        "try: Picture((), {}).to_plotly()\n"
        "except ImportError as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtra Picture.to_plotly: needs the Python package plotly")
    assert "pip install 'besom[plot]'" in done.stdout


def test_the_json_may_stand_inside_a_script_element_and_says_the_same():
    text = "</script><!-- \u2028 é"
    written = Picture((scatter(name=text),), {}).to_json()
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written)["data"][0]["name"] == text


def test_what_is_not_finite_is_null_and_arrays_are_lists():
    trace = scatter(x=np.array([[1, 2]]), y=(math.nan, math.inf, np.float64(0.5), np.int64(3)))
    assert json.loads(Picture((trace,), {}).to_json())["data"] == [
        {"type": "scatter", "x": [[1, 2]], "y": [None, None, 0.5, 3]}
    ]


def test_a_notebook_gets_plotlys_json_and_a_page_of_its_own_for_where_that_is_not_drawn():
    picture = history(read_sweep(lively(3), "s"))
    bundle = picture._repr_mimebundle_()
    assert bundle == {MIME_TYPE: json.loads(picture.to_json())}
    assert picture._repr_html_().startswith('<iframe sandbox="allow-scripts" style="width:100%;height:380px;')
    assert repr(picture) == "<Picture of 2 traces: finished, best so far>"


def test_the_plotly_js_beside_the_pictures_is_the_one_its_readme_names():
    from importlib.resources import files

    folder = files("besom.plots") / "plotlyjs"
    assert f"plotly.js {plotly_js_version()} (MIT" in (folder / "README.md").read_text(encoding="utf-8")
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert len(plotly_js()) < 1.6e6
    assert "</script" not in plotly_js()

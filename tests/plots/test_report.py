import json
import math
import time
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from fake_sweep import FILE, FakeSweep, hostile, lively

from besom.analysis.costs import savings
from besom.analysis.formats import configuration_text
from besom.analysis.values import gain
from besom.analysis.wording import number
from besom.plots import history, read_sweep, write_report
from besom.plots.facts import cards_of
from besom.plots.report import report_html
from besom.records import Reason, SweepState, TrialState

SCRIPT = "</script><script>alert(1)</script>"


class Page(HTMLParser):
    """A parsed report: its elements, its scripts and styles, and its text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.styles, self.words = [], [], [], []
        self._inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = None

    def handle_data(self, data):
        if self._inside is None:
            self.words.append(data)
        elif self._inside[0] == "style":
            self.styles.append(data)
        else:
            self.scripts.append((self._inside[1], data))

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def figure(self, name):
        return json.loads(next(data for attrs, data in self.scripts if attrs.get("id") == f"figure-{name}"))

    @property
    def policy(self):
        return next(
            attrs["content"] for tag, attrs in self.tags if attrs.get("http-equiv") == "Content-Security-Policy"
        )


def page_of(sweep):
    return Page(report_html(read_sweep(sweep, "s")))


def test_the_report_says_how_it_ended_what_was_best_what_was_gained_and_what_was_saved():
    sweep = lively()
    data = read_sweep(sweep, "s")
    text = page_of(sweep).text
    best, gained = data.progress.best, gain(data.trials, data.goal)
    saved = savings(data.trials, data.runs, 30.0)
    assert "digits-mlp" in text
    assert "finished the budget of 40 trials is spent" in text
    assert number(best.value, 5) in text
    assert f"of trial {gained.over_baseline.trial}" in text
    assert f"about {round(saved.fidelity)} epochs" in text
    assert configuration_text(best.config, "args") in text  # as `besom best` has them, and a script takes them
    assert "CUDA out of memory. Tried to allocate" in text


def test_the_report_says_what_mattered_or_why_that_cannot_be_told():
    page = page_of(lively(60))
    assert "What mattered" in page.text
    assert page.figure("importance")["data"][0]["y"][0] == "optimizer.lr"
    assert page.figure("slices")["data"]
    text = page_of(lively(5)).text
    assert "What mattered Too few trials to tell: 4 trials have a value, 6 are needed." in text
    assert "Around the best" not in text


def test_the_table_has_a_row_for_every_trial():
    rows = [attrs for tag, attrs in page_of(lively()).tags if tag == "tr"]
    assert len(rows) == 1 + 40
    assert sum("failed" in attrs.get("class", "") for attrs in rows) == 4


def test_of_very_many_trials_the_table_has_the_first_and_says_so():
    text = report_html(read_sweep(lively(2100, epochs=2), "s"))
    assert "The first 2,000 of 2,100 trials" in text
    assert text.count("<tr class=") == 2000


def test_the_best_configuration_has_one_parameter_a_line():
    sweep = lively()
    best = read_sweep(sweep, "s").progress.best
    object.__setattr__(best, "config", {"lr": 0.007, "layers": 2, "name": "sgd", "sizes": {"in": 64}})
    assert "<pre>lr: 0.007\nlayers: 2\nname: sgd\nsizes:\n  in: 64\n</pre>" in report_html(read_sweep(sweep, "s"))


def test_the_pictures_in_the_file_are_those_of_the_plots():
    sweep = lively()
    expected = json.loads(history(read_sweep(sweep, "s")).to_json())
    assert page_of(sweep).figure("history") == expected


def test_nothing_is_loaded_from_anywhere_and_only_its_own_scripts_may_run():
    page = page_of(lively())
    for _, attrs in page.tags:
        assert not {"src", "href", "srcset", "style", "onclick", "onload"} & set(attrs)
    code = [data for attrs, data in page.scripts if attrs.get("type") != "application/json"]
    assert len(code) == 2
    for text in (*code, *page.styles):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in page.policy
    assert "default-src 'none'" in page.policy
    assert "script-src 'unsafe" not in page.policy
    assert not any("url(" in style or "@import" in style for style in page.styles)


@pytest.mark.parametrize("text", [SCRIPT, "<img src=x onerror=alert(1)>", '"><b>', "{{ 7 * 7 }}", "<!--"])
def test_whatever_a_person_can_name_is_shown_as_text(text):
    page = page_of(hostile(text))
    plain = page_of(hostile("plain"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert text in page.text
    assert page.figure("history")["data"]


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        (FakeSweep(state=SweepState.RUNNING), "No trial has begun yet."),
        (lively(1), "no trial was stopped early"),
        (FakeSweep([t for t in lively().trials_ if t.state is TrialState.FAILED]), "No trial has a value."),
        (
            FakeSweep(file={"parameters": "not what this version reads", "metric": FILE["metric"]}),
            "No trial was begun.",
        ),
        (FakeSweep(lively(3).trials_, file={**FILE, "metric": None}), "All trials"),
    ],
)
def test_a_sweep_with_little_in_it_has_a_sensible_report(sweep, words):
    assert words in page_of(sweep).text


@pytest.mark.parametrize(
    ("sweep", "change", "is_told"),
    [
        (lively(12), {}, True),
        (lively(12), {"early_terminate": {"type": "none"}}, False),
        (lively(12), {"method": "random"}, False),
        (FakeSweep(), {}, False),
    ],
)
def test_what_stopping_early_saved_is_told_where_something_may_stop_trials(sweep, change, is_told):
    sweep.sweep_ = replace(sweep.sweep_, file={**FILE, **change})
    titles = [card.title for card in cards_of(read_sweep(sweep, "s"))]
    assert ("saved by stopping early" in titles) == is_told


def test_the_report_says_how_often_stopping_was_wrong_where_trials_were_audited():
    sweep = lively(12)
    assert "stopped wrongly" not in page_of(sweep).text
    finished = [trial for trial in sweep.trials_ if trial.state is TrialState.FINISHED]
    worst = min(finished, key=lambda trial: trial.value)
    object.__setattr__(worst, "audited", Reason("asha", details={"incumbent": 2.0}))
    assert "0 of 1 trial let finish beat the incumbent of the time" in page_of(sweep).text


def test_nan_and_running_trials_do_not_break_the_report():
    sweep = lively(12)
    object.__setattr__(sweep.trials_[1], "value", math.nan)
    object.__setattr__(sweep.trials_[2], "state", TrialState.RUNNING)
    assert "NaN" in page_of(sweep).text


def test_the_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "report.html"
    assert write_report(FakeSweep(), "s", path) == path
    write_report(lively(), "s", path)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_no_rest(tmp_path):
    path = tmp_path / "report.html"
    path.mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_report(FakeSweep(), "s", path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_thousand_trials_of_a_hundred_points_take_seconds_and_megabytes(tmp_path):
    sweep = lively(1000, epochs=100)
    began = time.process_time()
    path = write_report(sweep, "s", tmp_path / "report.html")
    assert time.process_time() - began < 5
    assert path.stat().st_size < 4e6
    assert "200 of" in Page(path.read_text(encoding="utf-8")).text


def test_a_baseline_that_was_stopped_early_is_not_told_as_if_it_had_finished():
    sweep = lively()
    sweep.trials_[0] = replace(sweep.trials_[0], state=TrialState.STOPPED, fidelity=14)
    gained = next(card for card in cards_of(read_sweep(sweep, "s")) if card.title == "better than your baseline")
    assert gained.words.endswith("of trial 0, stopped at epoch 14")
    assert "stopped at" not in cards_of(read_sweep(lively(), "s"))[0].words

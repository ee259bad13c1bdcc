"""Numbers are written, and trials that are not ranked told of, in one way on every page."""

from __future__ import annotations

import json
import math

import pytest
from playwright.sync_api import expect
from sweeps_to_see import FILE, METRIC, Trainer

from besom.wire import Command
from written_numbers import CASES

pytestmark = pytest.mark.browser


def test_pages_write_numbers_by_the_same_law_as_everything_else(visit):
    page = visit("/")
    known = [[value, digits] for value, digits, _ in CASES if math.isfinite(value)]
    written = page.evaluate(
        "async (cases) => { const { number } = await import('/static/format.js');"
        " return [...cases.map(([value, digits]) => number(value, digits)), number(NaN), number(-Infinity)]; }",
        known,
    )
    assert written == [*(text for value, _, text in CASES if math.isfinite(value)), "NaN", "-inf"]
    short = "async (texts) => { const { short } = await import('/static/format.js'); return texts.map(short); }"
    texts = ["1234567890", "8.245042e-09", "0.123456789", "adam", json.dumps([1, 2])]
    assert page.evaluate(short, texts) == ["1,234,567,890", "8.245e-9", "0.12346", "adam", "[1, 2]"]


def test_a_trial_that_misses_a_repeat_is_told_of_in_the_same_words_everywhere(visit, client):
    besom = {**FILE["besom"], "repeats": {"count": 2, "race": False}}
    sweep = client.create_sweep({**FILE, "name": "repeats", "besom": besom})
    trainer = Trainer(client, sweep.id)
    trial = trainer.whole_trial()
    client.command(sweep.id, Command("stop_trial", trial=trial))
    words = "1 of 2 repeats, not ranked"
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".trials tbody tr")).to_contain_text(words)
    expect(page.locator(".trials td.none")).to_have_attribute("title", words)
    expect(page.locator("#history .legend")).to_contain_text("not ranked")
    page.goto(f"{visit.address}/sweeps/{sweep.id}/trials/{trial}")
    expect(page.locator(".head .dotted")).to_contain_text(words)
    expect(page.locator(".head .dotted b")).to_have_count(0)


def test_of_many_metrics_some_are_drawn_and_the_others_a_click_away(visit, client, sweep, trainer):
    run = trainer.begin()
    trainer.report(run, [{"epoch": 1, METRIC: 0.5, **{f"m{at:02}": at for at in range(30)}}])
    trainer.finish(run)
    page = visit(f"/sweeps/{sweep.id}/trials/{run.trial}")
    picture = page.locator("#metrics")
    expect(picture.locator(".note")).to_contain_text("24 of 31 metrics are drawn")
    picture.get_by_role("button", name="25 to 31").click()
    expect(picture.locator(".note")).to_contain_text("7 of 31 metrics are drawn")
    expect(picture).to_contain_text("m29")


def test_nothing_is_offered_to_be_chosen_where_there_is_nothing_to_choose_from(visit, ended, trainer, sweep):
    trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}?tab=parameters")
    expect(page.locator("#slices .note")).to_have_text("There is too little yet to draw this from.")
    expect(page.locator("#slices select, #contours select")).to_have_count(0)
    expect(page.get_by_text("Too few trials to tell")).to_have_count(1)
    page.goto(f"{visit.address}/sweeps/{ended.id}?tab=parameters")
    expect(page.locator("#slices select")).to_be_visible()


def test_the_table_says_that_not_all_parameters_have_a_column(visit, ended, client):
    wide = {f"p{at}": {"min": 0.0, "max": 1.0} for at in range(6)}
    sweep = client.create_sweep({**FILE, "name": "wide", "parameters": {**FILE["parameters"], **wide}})
    Trainer(client, sweep.id).stopped_trial()
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".tablebar")).to_contain_text("6 of 11 parameters")
    page.goto(f"{visit.address}/sweeps/{ended.id}")
    expect(page.locator(".tablebar")).not_to_contain_text("parameters")


def test_what_is_selected_lies_over_a_map_that_would_cover_it(visit, ended):
    where = json.dumps([["parameter:lr", 1e-4, 1e-2]])
    page = visit(f"/sweeps/{ended.id}?tab=parameters&a=lr&b=dropout&where={where}")
    page.locator("#contours").scroll_into_view_if_needed()
    expect(page.locator("#contours .layer-above .shapelayer path")).to_have_count(1)

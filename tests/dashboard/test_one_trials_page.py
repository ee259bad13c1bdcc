"""The page of a trial: what it tried, what came of it, and why; live while it runs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sweeps_to_see import METRIC

from besom.analysis.wording import duration
from browsing import is_aligned

pytestmark = pytest.mark.browser


def test_it_shows_configuration_runs_and_why(visit, client, ended):
    best = client.progress(ended.id).best
    other = 2 if best.number == 1 else 1
    page = visit(f"/sweeps/{ended.id}/trials/{other}")
    expect(page).to_have_title(f"Trial {other} · ended · besom")
    expect(page.locator(".head .pill")).to_have_text("finished")
    expect(page.locator(".head")).to_contain_text(re.compile(r"\d+(st|nd|rd|th) of \d+"))
    settings = page.locator(".settings")
    expect(settings.locator("thead")).to_contain_text(f"Best, {best.number}")
    for name, value in client.trial(ended.id, other).config.items():
        row = settings.locator("tr", has=page.locator("th", has_text=name))
        if isinstance(value, str):
            expect(row.locator("td").first).to_have_text(value)
        differs = value != best.config[name]
        expect(row.locator("td").nth(1)).to_have_class(re.compile("differs" if differs else "same"))
    expect(page.locator(".why h3").first).to_be_visible()
    expect(page.locator("#metrics .trace").first).to_be_attached()
    expect(page.locator("#resources .trace").first).to_be_attached()
    expect(page.locator(".head .dotted")).to_contain_text(duration(client.trial(ended.id, other).seconds))
    expect(page.get_by_role("region", name="Runs").locator("tbody tr")).to_have_count(1)
    assert is_aligned(page.get_by_role("region", name="Runs").locator("table"))
    expect(page.locator(".output pre")).to_have_text("Nothing was printed.")


def test_the_best_says_that_it_is(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}/trials/{client.progress(ended.id).best.number}")
    expect(page.locator(".head .accent").last).to_contain_text("best of")


def test_a_failed_one_says_what_it_failed_of(visit, ended):
    page = visit(f"/sweeps/{ended.id}/trials/11")
    failure = page.get_by_role("region", name="Failure")
    expect(failure).to_contain_text("CUDA out of memory")
    expect(failure).to_contain_text("exit code 1")
    expect(failure.locator("pre")).to_contain_text("torch.OutOfMemoryError")
    expect(page.locator(".output pre")).to_contain_text("Traceback")


def test_keys_and_arrows_go_from_trial_to_trial(visit, ended):
    page = visit(f"/sweeps/{ended.id}/trials/1")
    heading = page.get_by_role("heading", level=1)
    expect(page.locator("a[rel=prev]")).to_have_count(0)
    expect(page.locator("a[rel=next]")).to_be_visible()
    page.keyboard.press("j")
    expect(heading).to_have_text("Trial 2")
    page.keyboard.press("k")
    expect(heading).to_have_text("Trial 1")
    page.locator("a[rel=next]").click()
    expect(heading).to_have_text("Trial 2")
    page.get_by_role("link", name="ended").click()
    expect(page.locator("#history")).to_be_visible()


def test_a_trial_that_is_not_there_says_which_are(visit, ended):
    visit.expect("status of 404")
    page = visit(f"/sweeps/{ended.id}/trials/99")
    expect(page.get_by_role("alert")).to_contain_text("which has 1 to 40")


def test_curves_and_output_come_while_it_runs(visit, client, sweep, trainer):
    run = trainer.begin()
    trainer.report(run, output="epoch 1 of 6\n")
    page = visit(f"/sweeps/{sweep.id}/trials/{run.trial}")
    output = page.locator(".output pre")
    expect(output).to_contain_text("epoch 1 of 6")
    expect(page.locator(".output figcaption")).to_contain_text("live")
    trainer.report(run, output="10 %\r90 %\r\x1b[32m100 %\x1b[0m\n\x1b]0;title\x07epoch 2 of 6\n")
    expect(output).to_contain_text("epoch 2 of 6")
    assert output.inner_text().splitlines() == ["epoch 1 of 6", "100 %", "epoch 2 of 6"]
    expect(page.locator("#metrics")).to_contain_text(METRIC)
    trainer.finish(run)
    expect(page.locator(".head .pill")).to_have_text("finished")
    expect(page.locator(".output figcaption")).not_to_contain_text("live")

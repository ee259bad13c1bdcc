"""What agents report appears by itself, and nothing that the reader did is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sweeps_to_see import FILE, Trainer
from visits import drag, until

from besom.client import Client
from besom.server.home import Home
from besom.server.serve import serve_in_thread

pytestmark = pytest.mark.browser

REACH = "document.querySelector('#history .drawing')._fullLayout.xaxis.range.map((end) => end.toFixed(3)).join()"
MARKS = "document.querySelector('#history .drawing').data.flatMap(({ customdata }) => customdata ?? []).length"
WATCH = """
new MutationObserver((changes) => {
    for (const { removedNodes } of changes) for (const node of removedNodes) {
        if (node.matches?.("section, .drawing, table, .card:not(.best)")) window.rebuilt.push(node.outerHTML);
    }
}).observe(document.getElementById("main"), { childList: true, subtree: true });
window.rebuilt = [];
"""


def test_a_report_appears_and_scroll_zoom_and_elements_stay(visit, client, sweep, trainer):
    for _ in range(4):
        trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}", height=700)
    for picture in ("curves", "parallel", "history"):
        page.locator(f"#{picture}").scroll_into_view_if_needed()
        expect(page.locator(f"#{picture} .trace").first).to_be_attached()
    expect(page.locator(".connection")).to_have_text("live")
    page.locator("#history").get_by_role("button", name="A drag zooms").click()
    before = page.evaluate(REACH)
    drag(page, "history", (0.3, 0.1), (0.8, 0.9))
    until(page, f"{REACH} !== '{before}'")
    zoomed = page.evaluate(REACH)
    page.evaluate("scrollTo(0, 400)")
    page.evaluate(WATCH)
    run = trainer.begin()
    trainer.report(run)
    expect(page.locator(".counts .running")).to_be_visible()
    expect(page.locator("#curves .trace").first).to_be_attached()
    until(page, "document.querySelector('#curves .drawing').data.some(({ legendgroup }) => legendgroup === 'running')")
    trainer.report(run)
    trainer.finish(run)
    expect(page.locator(".trials tbody tr")).to_have_count(5)
    expect(page.locator(".counts .running")).to_have_count(0)
    expect(page.locator(".progress .words")).to_contain_text("5 of 60 trials")
    until(page, f"{MARKS} === 5")
    assert page.evaluate(REACH) == zoomed
    assert page.evaluate("scrollY") == 400
    assert page.evaluate("window.rebuilt") == []


def test_a_selection_and_an_open_dialog_stay_while_news_come(visit, client, sweep, trainer):
    for _ in range(2):
        trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}?where=%5B%5B%22trial%22,1,1%5D%5D")
    expect(page.locator(".trials tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Add configuration").click()
    page.get_by_role("dialog").get_by_role("textbox", name="dropout").fill("0.25")
    trainer.whole_trial()
    expect(page.locator(".progress .words")).to_contain_text("3 of 60 trials")
    expect(page.locator(".trials .count")).to_have_text("1 of 3 trials")
    expect(page.locator(".trials tbody tr")).to_have_count(1)
    expect(page.get_by_role("dialog").get_by_role("textbox", name="dropout")).to_have_value("0.25")


def test_a_better_trial_is_told(visit, client, sweep, trainer):
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".card.best .figure")).to_have_text("none yet")
    trainer.whole_trial()
    expect(page.locator(".card.best a")).to_have_text("trial 1")
    expect(page.locator("[aria-live=polite].hidden")).to_contain_text("New best")
    expect(page).to_have_title("2 % · digits · besom")


def test_a_page_that_is_first_opened_while_the_server_is_away_comes_when_it_is_back(visit, tmp_path):
    visit.expect("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET")
    home = Home(tmp_path / "home")
    with serve_in_thread(home) as first:
        visit.address, port = first.address, first.port
        page = visit("/agents", bypass_csp=False)  # a browser of its own, which has kept no script
        expect(page.locator(".connection")).to_have_text("live")
    page.get_by_role("link", name="Sweeps").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The server does not answer")
    expect(page.get_by_role("alert")).to_contain_text("It is asked again as soon as it is back.")
    page.get_by_role("link", name="Agents").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("The server does not answer")
    with serve_in_thread(home, port=port):
        expect(page.locator(".empty h2")).to_have_text("No sweep yet")
        expect(page.locator(".connection")).to_have_text("live")
        visit.close()


def test_a_page_outlives_its_server_and_goes_on_when_it_is_back(visit, tmp_path):
    visit.expect("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET")
    home = Home(tmp_path / "home")
    with serve_in_thread(home) as first:
        visit.address, port = first.address, first.port
        sweep = first.driver.create_sweep(FILE)
        page = visit(f"/sweeps/{sweep.id}")
        expect(page.locator(".connection")).to_have_text("live")
    expect(page.locator(".offline")).to_contain_text(re.compile(r"The server has been away since \d+:\d\d:\d\d"))
    assert float(page.locator(".head .dotted").evaluate("each => getComputedStyle(each).opacity")) < 1
    expect(page.get_by_role("heading", level=1)).to_have_text("digits")
    with serve_in_thread(home, port=port) as later, Client(later.address) as client:
        Trainer(client, sweep.id).whole_trial()
        expect(page.locator(".connection")).to_have_text("live")
        expect(page.locator(".offline")).to_have_count(0)
        expect(page.locator(".trials tbody tr")).to_have_count(1)
        Trainer(client, sweep.id).whole_trial()
        expect(page.locator(".trials tbody tr")).to_have_count(2)
        visit.close()

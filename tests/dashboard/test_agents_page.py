"""The page of all agents: where they are, what they run, and which have gone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from besom.wire import Hello
from browsing import is_aligned

pytestmark = pytest.mark.browser


def test_an_agent_shows_where_it_is_and_what_it_runs_as_that_changes(visit, client, sweep, trainer):
    page = visit("/agents")
    card = page.locator(".agent", has=page.get_by_role("heading", name=trainer.name, exact=True))
    expect(card.locator(".idle")).to_have_text("Waits for a run.")
    expect(card).to_contain_text("node7, process 4242")
    expect(card.locator(".facts")).to_contain_text("0, 1")
    run = trainer.begin()
    trainer.report(run)
    expect(card.get_by_role("link", name=f"trial {run.trial}")).to_be_visible()
    expect(card.locator(".meters")).to_contain_text("66")
    trainer.finish(run)
    expect(card.locator(".idle")).to_be_visible()
    expect(card.locator(".facts div", has_text="Runs done").locator("dd")).to_have_text("1")
    client.bye(trainer.name)
    gone = page.get_by_role("region", name="Agents that are gone").locator("tr", has_text=trainer.name)
    expect(gone.locator(".pill")).to_have_text("ended")


def test_agents_of_sweeps_that_are_over_have_done_their_runs(visit, ended):
    page = visit("/agents")
    gone = page.locator(".gone tr", has_text="early bird")
    expect(gone.locator("td").last).to_have_text("40")
    assert is_aligned(page.locator(".gone table"))


def test_of_many_agents_that_are_gone_the_latest_are_shown_and_the_others_counted(visit_own, own_server):
    for at in range(23):
        own_server.driver.hello(Hello(f"a{at}", f"agent {at}", "node7", 4000 + at))
        own_server.driver.bye(f"a{at}")
    page = visit_own("/agents")
    rows = page.locator(".gone tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text("4022")
    expect(rows.first.locator("td").nth(4)).to_have_text("\u2013")
    page.get_by_role("button", name="3 more").click()
    expect(rows).to_have_count(23)


def test_its_run_leads_to_its_trial(visit, sweep, trainer):
    run = trainer.begin()
    page = visit("/agents")
    card = page.locator(".agent", has=page.get_by_role("heading", name=trainer.name, exact=True))
    card.get_by_role("link", name=f"trial {run.trial}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Trial {run.trial}")

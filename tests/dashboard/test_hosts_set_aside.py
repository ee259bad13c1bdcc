"""A host on which trials fail is set aside: the sweep's page and that of agents say so, and a person puts it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sweeps_to_see import Trainer

from besom.records import Cause, Failure

pytestmark = pytest.mark.browser

BROKEN = Failure(Cause.EXIT_CODE, "<b>CUDA driver</b> initialization failed", 1)


@pytest.fixture
def bad(client, sweep):
    """The agent on a host that fails whatever it gets, while three others work."""
    for number in range(3):
        good = Trainer(client, sweep.id, host=f"good{number}")
        good.report(good.begin())
    bad = Trainer(client, sweep.id, host="bad<i>host")
    for _ in range(10):
        bad.finish(bad.begin(), "failed", BROKEN)
        if client.sweep(sweep.id).set_aside:
            return bad
    pytest.fail("ten failures in a row set no host aside")


def test_both_pages_say_so_and_a_person_puts_it_back(visit, client, sweep, bad):
    page = visit(f"/sweeps/{sweep.id}")
    note = page.get_by_role("note")
    expect(note).to_contain_text("bad<i>host was set aside ")
    expect(note).to_contain_text("the same trials are still to be tried elsewhere")
    expect(note.locator("li")).to_have_text("<b>CUDA driver</b> initialization failed")
    good = Trainer(client, sweep.id, host="good9")
    good.whole_trial()
    expect(note).to_contain_text("1 worked elsewhere")

    page = visit("/agents", width=390)
    card = page.locator(".agent", has=page.get_by_role("heading", name=bad.name, exact=True))
    expect(card.locator(".pill")).to_have_text("set aside")
    expect(card.get_by_role("note")).to_contain_text("bad<i>host was set aside in digits")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    card.get_by_role("button", name="Put back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Put bad<i>host back?")
    dialog.get_by_role("button", name="Put back", exact=True).click()
    expect(card.locator(".pill")).to_have_text("alive")
    expect(card.get_by_role("note")).to_have_count(0)
    assert client.sweep(sweep.id).set_aside == ()

"""axe-core finds nothing that would keep anybody out, on any page, in any colours, at any width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect
from sweeps_to_see import Trainer
from visits import PHONE, is_too_wide

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
ON_COLOURS = ("color-contrast", "link-in-text-block")
RUN = "only => axe.run({ exclude: ['.main-svg'] }, { resultTypes: ['violations'], ...only })"
"""Not inside of pictures, which are thousands of marks in colours of `plots.theme`."""
ON_LAYOUT = ("target-size", "scrollable-region-focusable", "color-contrast")


def violations(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe says of the page as it stands, by the rules that it has for all pages, or by some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)  # past the policy, as scripts of a browser's extensions are
    only = {"runOnly": list(rules)} if rules else {}
    found = page.evaluate(RUN, only)
    return [
        f"{each['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def settle(page: Page) -> None:
    """Wait until the page has what it asked for."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main .page > .skeleton")).to_have_count(0)
    expect(page.locator("section.picture[aria-busy=true]:has(.drawing)")).to_have_count(0)


@pytest.fixture
def paths(ended, sweep, client) -> Iterator[list[str]]:
    """All kinds of pages."""
    root = f"/sweeps/{ended.id}"
    running = Trainer(client, sweep.id)
    running.report(running.begin(), output="epoch 1\n")
    return [
        "/",
        root,
        f"{root}?tab=parameters&where=%5B%5B%22state%22,%5B%22finished%22%5D%5D%5D",
        f"{root}?tab=cost",
        f"{root}?tab=setup",
        f"{root}/trials/3",
        f"{root}/trials/11",
        f"/sweeps/{sweep.id}/trials/1",
        f"/compare?sweeps={ended.id},{sweep.id}",
        "/compare",
        "/agents",
        "/sweeps/nothing-here",
    ]


@pytest.mark.timeout(600)  # a dozen pages, each read thrice
def test_no_page_keeps_anybody_out_or_scrolls_sideways(visit, paths):
    visit.expect("status of 404")
    page = visit("/agents")
    found = {}
    kinds = set()
    for path in paths:
        page.goto(visit.address + path, wait_until="domcontentloaded")
        settle(page)
        found[path, "light"] = violations(page)
        kind = re.sub(r"\?.*|[0-9]+|(?<=sweeps/)[^/]+", "", path)
        if kind in kinds:
            continue
        kinds.add(kind)  # one of each kind in other looks too
        page.emulate_media(color_scheme="dark")
        settle(page)
        found[path, "dark"] = violations(page, ON_COLOURS)  # all else is as in light
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        settle(page)
        found[path, "phone"] = violations(page, ON_LAYOUT)
        assert not is_too_wide(page), path
        page.set_viewport_size({"width": 1280, "height": 900})
        assert not is_too_wide(page), path
    assert {place: what for place, what in found.items() if what} == {}


def test_no_dialog_or_menu_does(visit, client, sweep):
    trainer = Trainer(client, sweep.id)
    for _ in range(3):
        trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}")
    settle(page)
    expect(page.locator("#history .trace").first).to_be_attached()
    opened = {
        "add": lambda: page.get_by_role("button", name="Add configuration").click(),
        "pause": lambda: page.get_by_role("button", name="Pause", exact=True).click(),
        "condition": lambda: page.get_by_role("button", name="Condition", exact=True).click(),
        "large": lambda: page.locator("#history").get_by_role("button", name="Enlarge").click(),
        "keys": lambda: page.keyboard.press("?"),
        "menu": lambda: page.get_by_role("button", name="Copy best").click(),
    }
    found = {}
    for name, show in opened.items():
        show()
        expect(page.locator("dialog[open], .menu:popover-open").first).to_be_visible()
        found[name] = violations(page)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open], .menu:popover-open")).to_have_count(0)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Change the budget").click()
    found["budget"] = violations(page)
    assert {name: what for name, what in found.items() if what} == {}

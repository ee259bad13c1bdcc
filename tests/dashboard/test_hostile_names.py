"""Whatever a script, a sweep file or an agent names is shown as text, letter by letter, and runs nothing."""

from __future__ import annotations

import math
import re

import pytest
from playwright.sync_api import expect
from sweeps_to_see import Trainer

from besom.records import Cause, Failure

pytestmark = pytest.mark.browser

NAMES = [
    "<img src=x onerror=window.ran=1></script><script>window.ran=1</script>",
    "javascript:window.ran=1;\"'><svg onload=window.ran=1>${window.ran=1} %{x} &lt;b>",
]
ESCAPES = "\x1b]8;;javascript:window.ran=1\x07link\x1b]8;;\x07 \x1b[31m<b onclick=window.ran=1>red</b>\x1b[0m\n"
ESCAPES += "\u202e\u2066"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_everywhere_and_runs_nothing(visit, client, name):
    file = {
        "program": name,
        "name": name,
        "description": name,
        "project": name,
        "method": "random",
        "metric": {"name": name, "goal": "minimize"},
        "parameters": {"weird": {"values": [name, "other"]}, "lr": {"min": 0.0, "max": 1.0}},
        "besom": {"seed": 1, "budget": {"trials": 9}},
    }
    sweep = client.create_sweep(file)
    trainer = Trainer(client, sweep.id, name)
    for number in range(4):
        run = trainer.begin()
        trainer.report(run, [{name: 1.0 / (number + 1), "other": number} for _ in range(3)], output=name + ESCAPES)
        trainer.finish(run)
    failed = trainer.begin()
    trainer.report(failed, [{name: math.nan}], output=name)
    trainer.finish(failed, "failed", Failure(Cause.EXCEPTION, name, last_lines=name + ESCAPES))

    page = visit(f"/sweeps/{sweep.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for tab in ("", "&tab=parameters", "&tab=cost"):
        page.goto(f"{visit.address}/sweeps/{sweep.id}?{tab}")
        expect(page.locator(".pictures section").first).to_be_visible()
        for picture in page.locator("section.picture").all():
            picture.scroll_into_view_if_needed()
            expect(picture).to_have_attribute("aria-busy", "false")
    page.goto(f"{visit.address}/sweeps/{sweep.id}?tab=setup")
    expect(page.locator(".setup pre")).to_contain_text("description:")
    page.goto(f"{visit.address}/sweeps/{sweep.id}")
    expect(page.locator(".trials th", has_text=name).first).to_be_visible()
    expect(page.locator(".trials td", has_text=name).first).to_be_visible()
    page.locator("#history").scroll_into_view_if_needed()
    point = page.locator("#history .points path").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#history .hovertext")).to_contain_text(name[:12])
    page.get_by_role("button", name="Add configuration").click()
    expect(page.get_by_role("dialog").locator("option", has_text=name)).to_have_text(name)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("dialog").locator("h2")).to_have_text(f"Pause {name}?")

    page.goto(f"{visit.address}/sweeps/{sweep.id}/trials/{failed.trial}")
    expect(page.get_by_role("region", name="Failure")).to_contain_text(name)
    for place in (".failure pre", ".output pre"):
        assert not re.search("\x1b|\u202e|\u2066", page.locator(place).inner_text())
    expect(page.locator(".settings")).to_contain_text(name)
    page.goto(f"{visit.address}/sweeps/{sweep.id}/trials/1")
    expect(page.locator(".output pre")).to_contain_text(name)
    expect(page.locator(".output pre")).to_contain_text("link <b onclick=window.ran=1>red</b>")
    expect(page.locator("#metrics .main-svg").first).to_be_attached()
    page.goto(f"{visit.address}/agents")
    expect(page.locator(".agent h2", has_text=name)).to_have_text(name)
    page.goto(visit.address)
    expect(page.locator(".name a", has_text=name)).to_have_text(name)
    page.goto(f"{visit.address}/compare?sweeps={sweep.id}")
    expect(page.locator("#comparison .main-svg").first).to_be_attached()
    assert page.evaluate("window.ran") is None


def test_an_address_runs_nothing_either(visit, ended):
    name = NAMES[1]
    visit.expect("status of 4(04|22)")
    page = visit("/")
    for path in (
        f"/sweeps/{ended.id}?text={{}}&sort={{}}&metric={{}}&x={{}}&where={{}}&columns={{}}&tab={{}}",
        "/sweeps/{}",
        "/compare?sweeps={}",
        "/?text={}",
        f"/sweeps/{ended.id}/trials/1?run={{}}",
    ):
        quoted = page.evaluate("encodeURIComponent", name)
        page.goto(visit.address + path.replace("{}", quoted))
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".connection")).to_have_text("live")
    assert page.evaluate("window.ran") is None

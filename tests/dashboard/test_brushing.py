"""Brushing: what is drawn around in one picture is what the others and the table show."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from visits import PHONE, drag, until

pytestmark = pytest.mark.browser

COUNT = ".chips .count"
ROWS = ".trials tbody tr"
IS_DIMMED = """document.querySelector('#%s .drawing').data.some(({ meta, opacity, selectedpoints }) =>
    meta === 'trials' && (selectedpoints || opacity < 0.2))"""


def where(page):
    return json.loads(parse_qs(urlsplit(page.url).query).get("where", ["[]"])[0])


def chosen(client, sweep, keep):
    return [trial.number for trial in client.trials(sweep.id) if keep(trial)]


@pytest.fixture
def page(visit, ended):
    page = visit(f"/sweeps/{ended.id}", width=1400, height=1000)
    for picture in ("history", "curves", "parallel"):
        page.locator(f"#{picture}").scroll_into_view_if_needed()
        expect(page.locator(f"#{picture} .trace").first).to_be_attached()
    return page


def along_axis(page, column, start, end):
    """Drag along an axis of the parallel picture, between heights from 0 to 1."""
    page.locator("#parallel").scroll_into_view_if_needed()
    x, y0, y1 = page.evaluate(
        """([column, start, end]) => {
            const place = document.querySelector("#parallel .drawing"), box = place.getBoundingClientRect();
            const { xaxis, yaxis, meta } = place._fullLayout;
            const { at } = meta.axes.find((axis) => axis.column === column);
            const height = (part) => box.top + yaxis._offset + yaxis.d2p(part);
            return [box.left + xaxis._offset + xaxis.d2p(at), height(start), height(end)];
        }""",
        [column, start, end],
    )
    page.mouse.move(x, y0)
    page.mouse.down()
    page.mouse.move(x + 2, y1, steps=5)
    page.mouse.up()


def test_a_box_in_the_history_selects_in_chips_table_and_other_pictures(page, ended, client):
    drag(page, "history", (0.3, 0.02), (0.7, 0.98))
    expect(page.locator(".chip")).to_have_count(2)
    (x, low, high), (y, *_) = where(page)
    assert (x, y) == ("place", "value")
    assert 1 < low < high < 40
    expect(page.locator(".trials .count")).to_contain_text("of 40 trials")
    expect(page.locator(COUNT)).to_have_text(f"{page.locator(ROWS).count()} trials selected")
    for picture in ("history", "curves", "parallel"):
        until(page, IS_DIMMED % picture)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator(ROWS)).to_have_count(40)
    assert where(page) == []
    for picture in ("history", "curves", "parallel"):
        until(page, f"!{IS_DIMMED % picture}")


def test_going_back_undoes_a_brush_and_forward_brings_it_again(page):
    drag(page, "history", (0.3, 0.02), (0.7, 0.98))
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("button", name="Remove the condition").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    for step, count in ((page.go_back, 2), (page.go_back, 0), (page.go_forward, 2)):
        step()
        expect(page.locator(".chip")).to_have_count(count)


def test_a_box_where_a_side_is_no_column_selects_the_trials_inside(page):
    drag(page, "curves", (0.6, 0.01), (0.97, 0.3))
    expect(page.locator(".chip")).to_have_count(1)
    ((column, numbers),) = where(page)
    assert column == "trial"
    expect(page.locator(ROWS)).to_have_count(len(numbers))


def test_axes_of_the_parallel_picture_are_brushed_together_and_a_click_lets_go(page, client, ended):
    along_axis(page, "parameter:lr", 0.5, 0.95)
    expect(page.locator(".chip")).to_have_count(1)
    ((column, low, high),) = where(page)
    assert column == "parameter:lr"
    numbers = chosen(client, ended, lambda trial: low <= trial.config["lr"] <= high)
    expect(page.locator(ROWS)).to_have_count(len(numbers))
    along_axis(page, "parameter:layers", 0.55, 1.0)
    expect(page.locator(".chip")).to_have_count(2)
    _, (_, levels) = where(page)
    numbers = chosen(
        client, ended, lambda trial: low <= trial.config["lr"] <= high and trial.config["layers"] in levels
    )
    expect(page.locator(COUNT)).to_have_text(f"{len(numbers)} trial{'' if len(numbers) == 1 else 's'} selected")
    page.reload()
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator(ROWS)).to_have_count(len(numbers))
    expect(page.locator("#parallel .trace").first).to_be_attached()
    along_axis(page, "parameter:layers", 0.5, 0.5)
    expect(page.locator(".chip")).to_have_count(1)
    page.get_by_role("button", name="Remove the condition on lr").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_finger_brushes_an_axis_and_scrolls_everywhere_else(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}", **PHONE, has_touch=True)
    touch = page.context.new_cdp_session(page)
    picture = page.locator("#parallel")
    picture.scroll_into_view_if_needed()
    grip = picture.locator(".grip").nth(1)
    expect(picture.locator(".grip")).to_have_count(6)
    expect(page.locator("section.picture[aria-busy=true]")).to_have_count(0)
    picture.scroll_into_view_if_needed()  # what came above it may have moved it
    box = grip.bounding_box()

    def swipe(x, y0, y1):
        for kind, y in (("touchStart", y0), *(("touchMove", y0 + (y1 - y0) * part / 6) for part in range(1, 7))):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    top = picture.bounding_box()["y"]
    middle = box["x"] + box["width"] / 2
    swipe(middle, box["y"] + box["height"] * 0.5, box["y"] + box["height"] * 0.05)
    expect(page.locator(".chip")).to_have_count(1)
    assert abs(picture.bounding_box()["y"] - top) < box["height"] * 0.3  # the chip itself may have moved it a little
    ((column, *bounds),) = where(page)
    assert column.startswith("parameter:")
    assert bounds
    picture.scroll_into_view_if_needed()
    box = grip.bounding_box()
    before = page.evaluate("scrollY")
    swipe(box["x"] + box["width"] + 25, box["y"] + box["height"] * 0.9, box["y"] + box["height"] * 0.3)
    until(page, f"scrollY > {before}")
    assert len(where(page)) == 1


def test_a_condition_can_be_set_without_a_picture_and_what_is_none_is_refused(page, client, ended):
    page.get_by_role("button", name="Condition", exact=True).click()
    page.get_by_role("button", name="Select", exact=True).click()
    expect(page.locator("dialog .refusal")).to_contain_text("needs a limit, got none")
    page.locator("dialog select").select_option("parameter:dropout")
    page.get_by_label("At most").fill("0.3")
    page.get_by_role("button", name="Select", exact=True).click()
    expect(page.locator(".chip")).to_have_text("dropout ≤ 0.3")
    expect(page.locator(ROWS)).to_have_count(len(chosen(client, ended, lambda trial: trial.config["dropout"] <= 0.3)))
    page.get_by_role("group", name="Trials by state").get_by_role("button", name="failed").click()
    expect(page.locator(".chip")).to_have_text("state failed")
    expect(page.locator(ROWS)).to_have_count(3)


def test_a_selection_that_no_sweep_can_have_is_refused_in_full(visit, ended):
    visit.expect("status of 422")
    page = visit(f"/sweeps/{ended.id}?where=%5B%5B%22parameter:lrr%22,0,1%5D%5D")
    expect(page.get_by_role("alert").first).to_contain_text("parameter:lr")


def test_a_drag_zooms_where_that_is_chosen_and_a_click_shows_all_again(page):
    reach = "document.querySelector('#history .drawing')._fullLayout.xaxis.range.map(Math.round)"
    whole = page.evaluate(reach)
    page.locator("#history").get_by_role("button", name="A drag zooms").click()
    drag(page, "history", (0.2, 0.2), (0.6, 0.8))
    until(page, f"{reach}[1] < {whole[1]}")
    assert where(page) == []
    page.locator("#history").get_by_role("button", name="Show all again").click()
    until(page, f"{reach}[1] === {whole[1]}")


def test_a_click_on_a_point_opens_its_trial(page, ended):
    point = page.locator("#history .points path").nth(3)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    expect(page.locator("#history .hoverlayer .hovertext")).to_be_attached()
    page.mouse.click(*middle)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trial ")

"""The page of a sweep: its pictures, its table, and how it looks where it is read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sweeps_to_see import FILE, METRIC, Trainer
from visits import PHONE, until

from besom.plots import DARK, LIGHT
from besom.server.home import Home
from besom.server.serve import serve_in_thread
from besom.store import open_store

pytestmark = pytest.mark.browser

HISTORY = "#history .main-svg >> nth=0"
SOME_TRACE = ".scatterlayer .trace, .barlayer .trace, .contourlayer .contour, .heatmaplayer image"


def rgb(color):
    return "rgb({}, {}, {})".format(*(int(color[at : at + 2], 16) for at in (1, 3, 5)))


def test_it_begins_with_what_came_of_it(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}")
    best = client.progress(ended.id).best
    expect(page.get_by_role("heading", level=1)).to_have_text("ended")
    expect(page.locator(".head .pill")).to_have_text("finished")
    expect(page.locator(".card.best .figure")).to_have_text(f"{best.value:.5f}".rstrip("0"))
    expect(page.locator(".card.best a")).to_have_text(f"trial {best.number}")
    expect(page.locator(".head .lead")).to_have_text("budget spent: 40 trials")
    expect(page.locator(".progress")).to_have_count(0)  # which would say the same
    expect(page).to_have_title("ended · besom")


def test_each_tab_draws_its_pictures(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    tabs = {
        "Search": ("history", "curves", "parallel"),
        "Parameters": ("importance", "slices", "contours"),
        "Time and cost": ("cost", "timeline", "resources"),
    }
    for tab, names in tabs.items():
        page.locator(".tabs").get_by_role("link", name=tab).click()
        assert page.locator(".pictures > section").evaluate_all("all => all.map(each => each.id)") == list(names)
        for name in names:
            page.locator(f"#{name}").scroll_into_view_if_needed()
            expect(page.locator(f"#{name}").locator(SOME_TRACE).first).to_be_attached()
    page.locator(".tabs").get_by_role("link", name="Setup").click()
    expect(page.locator(".setup pre")).to_contain_text("method: random")
    page.go_back()
    expect(page.locator("#cost")).to_be_visible()


def test_a_page_whose_drawing_script_does_not_come_says_so_and_draws_when_it_does(visit, ended):
    visit.expect("ERR_FAILED", "did not load")
    page = visit("/agents", bypass_csp=False)  # a browser of its own, which has kept no script
    page.route("**/plotly-cartesian.min.js", lambda route: route.abort())
    page.goto(f"{visit.address}/sweeps/{ended.id}")
    expect(page.locator("#history")).to_contain_text("The script that draws pictures did not load")
    page.unroute("**/plotly-cartesian.min.js")
    page.locator(".tabs").get_by_role("link", name="Parameters").click()
    expect(page.locator("#importance").locator(SOME_TRACE).first).to_be_attached()


def test_one_parameter_is_looked_at_around_the_best_also_on_a_phone(visit, ended):
    page = visit(f"/sweeps/{ended.id}?tab=parameters", **PHONE)
    slices = page.locator("#slices")
    slices.scroll_into_view_if_needed()
    expect(slices.locator(SOME_TRACE).first).to_be_attached()
    assert slices.locator(".scroll").evaluate("each => each.scrollWidth <= each.clientWidth")
    slices.get_by_label("Parameter").select_option("dropout")
    expect(slices.locator(".xtitle")).to_have_text("dropout")
    assert "slice=dropout" in page.url


def test_the_table_shows_the_best_first_and_says_so(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}")
    value = page.locator(".trials th", has_text=METRIC)
    expect(value).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".trials th[aria-sort]")).to_have_count(1)
    first = page.locator(".trials tbody tr").first.locator("a")
    expect(first).to_have_attribute("aria-label", f"Trial {client.progress(ended.id).best.number}, Best trial so far")
    orders = [("ascending", "sort=value"), ("descending", "")]
    for order, part in orders:
        value.get_by_role("button").click()
        expect(value).to_have_attribute("aria-sort", order)
        assert part in page.url
    assert "sort" not in page.url
    page.keyboard.press("/")
    page.keyboard.type("adam")
    expect(page.locator(".trials .count")).to_contain_text("of 40 trials")
    page.keyboard.press("Escape")
    expect(page.locator(".trials .scroll.table")).to_be_focused()
    assert "text=adam" in page.url
    page.go_back()
    expect(value).to_have_attribute("aria-sort", "ascending")
    assert "text" not in page.url


def test_the_table_is_sorted_filtered_and_has_columns_of_choice_and_a_reload_keeps_that(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    heading = page.locator(".trials th", has_text="dropout")
    for order in ("ascending", "descending"):
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", order)
    page.keyboard.press("/")
    page.keyboard.type("adam")
    expect(page.locator(".trials .count")).to_have_text(re.compile(r"^\d+ of 40 trials$"))
    page.get_by_role("button", name="Columns of the table").click()
    page.locator(".menu:popover-open").get_by_label("CPU").first.check()
    page.keyboard.press("Escape")
    for _ in range(2):
        expect(page.locator(".trials .table.old")).to_have_count(0)
        columns = page.locator(".trials th").all_inner_texts()
        at = columns.index("dropout")
        shown = [float(text) for text in page.locator(f".trials tbody td:nth-child({at + 1})").all_inner_texts()]
        assert shown == sorted(shown, reverse=True)
        assert any("CPU" in title for title in columns)
        page.reload()
        expect(heading).to_have_attribute("aria-sort", "descending")


def test_another_metric_can_be_a_column_to_sort_and_filter_by_and_a_reload_keeps_it(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    page.get_by_role("button", name="Columns of the table").click()
    page.locator(".menu:popover-open").get_by_label("loss", exact=True).check()
    page.keyboard.press("Escape")
    heading = page.locator(".trials th", has_text="loss")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    for _ in range(2):
        expect(page.locator(".trials .table.old")).to_have_count(0)
        at = page.locator(".trials th").all_inner_texts().index("loss")
        shown = [
            float(text) for text in page.locator(f".trials tbody td:nth-child({at + 1})").all_inner_texts() if text
        ]
        assert shown == sorted(shown)
        assert {round(value, 4) for value in shown} == {0.1667, 1.0}  # of six epochs, and of one
        page.reload()
        expect(heading).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Condition", exact=True).click()
    page.locator("dialog select").select_option("metric:loss")
    page.get_by_label("At least").fill("0.5")
    page.get_by_role("button", name="Select", exact=True).click()
    expect(page.locator(".chip")).to_have_text("loss ≥ 0.5")
    expect(page.locator(".trials tbody tr")).to_have_count(4)


def test_trials_under_way_stand_behind_the_best_or_in_their_place_as_one_chooses(visit, trainer, sweep):
    for _ in range(2):
        trainer.whole_trial()
    running = trainer.begin()
    trainer.report(running, [{"epoch": 1, METRIC: 0.99, "loss": 1.0}])
    page = visit(f"/sweeps/{sweep.id}")
    value, first = page.locator(".trials th", has_text=METRIC), page.locator(".trials tbody tr").first
    expect(first).not_to_have_class(re.compile("running"))
    for order, path, is_first in (
        ("descending", "sort=value&descending=1", True),
        ("ascending", "sort=value", False),
        ("descending", f"/sweeps/{sweep.id}", False),
    ):
        value.get_by_role("button").click()
        expect(value).to_have_attribute("aria-sort", order)
        assert page.url.endswith(path)
        shown = expect(first)
        (shown.to_have_class if is_first else shown.not_to_have_class)(re.compile("running"))


def test_failures_are_told_by_what_they_came_of_and_lead_to_their_trials(visit, client, ended, trainer, sweep):
    page = visit(f"/sweeps/{ended.id}?tab=cost")
    failures = page.get_by_role("region", name="Failures")
    expect(failures.get_by_role("heading")).to_have_text("3 trials failed")
    failures.get_by_role("link", name="3 CUDA out of memory").click()
    expect(page.locator(".chip")).to_have_text(re.compile("^failed by CUDA out of memory"))
    expect(page.locator(".trials tbody tr.failed")).to_have_count(3)
    expect(page.locator(".trials tbody tr")).to_have_count(3)
    trainer.whole_trial()
    page.goto(f"{visit.address}/sweeps/{sweep.id}")
    expect(page.locator(".trials tbody tr")).to_have_count(1)
    expect(page.get_by_role("region", name="Failures")).to_have_count(0)


def test_the_headings_of_a_long_table_stay_and_each_page_of_it_begins_at_its_top(visit, ended):
    page = visit("/agents")
    page.route(f"**/{ended.id}/table?*", lambda route: route.fulfill(json=of_150(route.fetch().json())))
    page.goto(f"{visit.address}/sweeps/{ended.id}")
    box, heading = page.locator(".trials .table"), page.locator(".trials th").first
    expect(page.locator(".trials tbody tr")).to_have_count(100)
    down = "box => { box.scrollTop = 900; return box.scrollTop }"
    assert box.evaluate(down) == 900
    assert abs(heading.bounding_box()["y"] - box.bounding_box()["y"]) < 3
    page.locator(".trials tbody a").nth(30).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trial")
    page.go_back()
    until(page, "document.querySelector('.trials .table')?.scrollTop > 500")  # where it was left
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".pages")).to_contain_text("150 of 150")
    until(page, "document.querySelector('.trials .table').scrollTop === 0")


def of_150(table):
    """The answer of a sweep with more trials than a page of its table shows."""
    rows = [{**row, "trial": 1 + at} for at, row in enumerate(table["rows"] * 5)][:100]
    return {**table, "rows": rows, "matching": 150, "total": 150}


def test_what_gets_the_focus_is_not_left_below_the_bar(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    expect(page.locator("#history .trace").first).to_be_attached()
    tab = page.locator(".tabs a").first
    tab.evaluate("each => scrollBy(0, each.getBoundingClientRect().top - 10)")
    tab.focus()
    bar = page.locator(".bar").bounding_box()
    assert tab.bounding_box()["y"] >= bar["y"] + bar["height"]


def test_an_address_that_asks_for_what_there_is_not_says_so_or_shows_what_is_usual(visit, ended):
    visit.expect("status of 422")
    page = visit(f"/sweeps/{ended.id}?tab=nope&where=garbage")
    expect(page.get_by_role("alert")).to_contain_text("where: needs JSON")
    expect(page.locator("#history .trace").first).to_be_attached()
    page.get_by_role("button", name="Show all trials").click()
    expect(page.locator(".trials tbody tr")).to_have_count(40)
    assert "where" not in page.url


def test_a_row_opens_its_trial_and_back_is_where_one_was(visit, ended):
    page = visit(f"/sweeps/{ended.id}?sort=trial", height=600)
    expect(page.locator("#parallel .trace").first).to_be_attached()
    row = page.locator(".trials tbody tr").nth(5)
    row.scroll_into_view_if_needed()
    there = page.evaluate("scrollY")
    row.locator("td").nth(2).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trial 6")
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(row).to_be_in_viewport()
    until(page, f"Math.abs(scrollY - {there}) < 60")
    assert page.url.endswith("?sort=trial")


def test_a_sweep_without_trials_says_what_it_waits_for(visit, sweep):
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".empty h2")).to_have_text("No trial has begun yet")
    expect(page.locator(".empty pre")).to_have_text(f"besom agent {sweep.id}")
    expect(page.locator(".card.best")).to_contain_text("none yet")


def test_a_picture_of_nothing_is_a_line_of_words(visit, trainer, sweep):
    trainer.begin()
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator("#history .note")).to_have_text("No trial has ended yet.")
    expect(page.locator("#history svg.main-svg")).to_have_count(0)
    expect(page.locator("#history").get_by_role("button", name="PNG")).to_have_count(0)
    until(page, "document.querySelector('#history').getBoundingClientRect().height < 140")


def test_colours_follow_the_system_until_the_reader_chooses(visit, ended):
    page = visit(f"/sweeps/{ended.id}", scheme="dark")
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(DARK.paper))
    page.emulate_media(color_scheme="light")
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(LIGHT.paper))
    page.get_by_role("button", name="Dark colours").click()
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(DARK.paper))
    page.reload()
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(DARK.paper))
    page.keyboard.press("t")
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(LIGHT.paper))


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_a_picture_is_saved(visit, ended, tmp_path, kind):
    page = visit(f"/sweeps/{ended.id}", accept_downloads=True)
    expect(page.locator("#history .trace").first).to_be_attached()
    with page.expect_download() as download:
        page.locator("#history").get_by_role("button", name=kind).click()
    download.value.save_as(tmp_path / "picture")
    content = (tmp_path / "picture").read_bytes()
    assert download.value.suggested_filename == f"besom-{ended.id}-history.{kind.lower()}"
    assert content.startswith(b"\x89PNG" if kind == "PNG" else b"<svg")
    assert kind == "PNG" or b"best so far" in content


def test_a_picture_is_enlarged_and_escape_puts_it_back(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    page.locator("#history").get_by_role("button", name="Enlarge").click()
    large = page.locator("dialog.large")
    expect(large.locator(".trace").first).to_be_attached()
    assert large.bounding_box()["width"] > 1200
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_on_paper_stands_the_whole_page_without_its_buttons(visit, ended):
    page = visit(f"/sweeps/{ended.id}", height=400)
    expect(page.locator("#history .trace").first).to_be_attached()
    page.emulate_media(media="print")
    for gone in (".bar", ".head .actions", "#history .tools"):
        expect(page.locator(gone)).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")
    expect(page.locator("#parallel .trace").first).to_be_attached()  # also what was not in sight


def test_what_has_not_changed_is_not_fetched_again_when_news_begin(visit, ended):
    page = visit("/agents")
    page.add_init_script(
        "const hear = EventSource.prototype.addEventListener;"
        "EventSource.prototype.addEventListener = function (kind, listener) {"
        "  hear.call(this, kind, (event) => { if (kind === 'sweep') window.heardAt = performance.now();"
        "    listener(event); }); };"
    )
    page.goto(f"{visit.address}/sweeps/{ended.id}")
    expect(page.locator(".trials tbody tr").first).to_be_visible()
    until(page, "performance.now() > window.heardAt + 1500")  # longer than the page waits
    assert visit.asks(f"{ended.id}/view") == 1
    assert visit.asks(f"{ended.id}/table") == 1


def test_a_sweep_whose_file_is_of_another_version_can_be_looked_at(visit, tmp_path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home) as first:
        sweep = first.driver.create_sweep(FILE)
        Trainer(first.driver, sweep.id).whole_trial()
    store = open_store(home.database)
    with store.transaction():
        store.save([replace(store.sweep(sweep.id), file={**FILE, "method": "of tomorrow"})])
    store.close()
    with serve_in_thread(home) as later:
        visit.address = later.address
        page = visit(f"/sweeps/{sweep.id}")
        expect(page.locator(".notice")).to_contain_text("got 'of tomorrow'")
        expect(page.locator(".trials tbody tr")).to_have_count(1)
        expect(page.locator(".trials .pill")).to_have_text("finished")
        page.locator(".trials tbody a").click()
        expect(page.locator(".settings")).to_contain_text("dropout")
        expect(page.locator(".notice")).to_contain_text("got 'of tomorrow'")
        expect(page.locator("#metrics .trace").first).to_be_attached()
        expect(page.locator("#resources .trace").first).to_be_attached()
        visit.close()

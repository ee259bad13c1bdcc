"""The report in a real Chromium: it draws, sorts, copies and changes its theme, and the console stays empty."""

import pytest
from fake_sweep import FakeSweep, hostile, lively
from playwright.sync_api import Locator, expect

from besom.plots import DARK, LIGHT, history, parallel_coordinates, read_sweep, write_report
from browsing import is_aligned
from polling import eventually

pytestmark = pytest.mark.browser

HISTORY = "#history .main-svg >> nth=0"


def rgb(color):
    return "rgb({}, {}, {})".format(*(int(color[at : at + 2], 16) for at in (1, 3, 5)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def report(folder):
    return write_report(lively(60), "s", folder / "report.html")


@pytest.fixture
def open_page(browser):
    """Opens a file and gives its page, with a list that collects what console, errors and requests say."""
    contexts = []

    def opened(path, width=1180, scheme="light", before="", **more):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        contexts.append(context)
        page, events = context.new_page(), []
        page.on("console", lambda message: events.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: events.append(str(error)))
        page.on("request", lambda request: events.append(request.url))
        page.add_init_script(before)
        page.goto(path.as_uri())
        return page, events

    yield opened
    for context in contexts:
        context.close()


def background(page):
    return page.locator(HISTORY).evaluate("svg => getComputedStyle(svg).backgroundColor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 390])
def test_every_picture_is_drawn_nothing_is_asked_for_and_the_console_stays_empty(open_page, report, width, scheme):
    page, events = open_page(report, width, scheme)
    for name, least in {"history": 4, "curves": 4, "parallel": 6, "cost": 3, "resources": 3, "slices": 6}.items():
        drawn = page.locator(f"#{name} .picture .scatterlayer .trace")
        expect(drawn.first).to_be_attached()
        assert drawn.count() >= least, name
    assert page.locator("#importance .bars .point").count() >= 5
    assert background(page) == rgb((DARK if scheme == "dark" else LIGHT).paper)
    assert events == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_best_so_far_is_drawn_in_the_accent_colour(open_page, report):
    page, _ = open_page(report)
    expect(page.locator("#history .legendtext", has_text="best so far")).to_be_visible()
    strokes = page.locator("#history .scatterlayer .js-line").evaluate_all(
        "lines => lines.map(line => line.style.stroke)"
    )
    assert strokes == [rgb(LIGHT.accent)]


def test_a_click_on_a_heading_sorts_numbers_by_size_and_again_the_other_way(open_page, report):
    page, _ = open_page(report)
    assert is_aligned(page.locator("#trials table"))
    headings = page.locator("#trials th").all_inner_texts()
    at = headings.index("val/accuracy")
    keys = f"rows => rows.map(row => row.children[{at}].dataset.key)"
    heading = page.locator("#trials th").nth(at)
    rows = page.locator("#trials tbody tr")
    for direction, is_reversed in (("ascending", False), ("descending", True)):
        heading.locator("button").click()
        expect(heading).to_have_attribute("aria-sort", direction)
        shown = rows.evaluate_all(keys)
        numbers = [float(key) for key in shown if key]
        assert numbers == sorted(numbers, reverse=is_reversed)
        assert len(shown) == 60
        assert shown[len(numbers) :] == [""] * 7
    page.locator("#trials th button", has_text="optimizer.name").click()
    assert page.locator("#trials th[aria-sort]").count() == 1
    at = headings.index("optimizer.name")
    words = rows.evaluate_all(f"rows => rows.map(row => row.children[{at}].dataset.key)")
    assert words == sorted(words)


def test_copy_puts_the_configuration_on_the_clipboard(open_page, report):
    page, events = open_page(report, permissions=["clipboard-read", "clipboard-write"])
    figure = page.locator("#best .paste").first
    figure.locator(".copy").click()
    expect(figure.locator(".copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == figure.locator("pre").text_content()
    assert events == [report.as_uri()]


def test_copy_works_where_the_page_may_not_write_to_the_clipboard_itself(open_page, report):
    refuse = "navigator.clipboard.writeText = () => Promise.reject(new Error('not here'));"
    page, _ = open_page(report, before=refuse, permissions=["clipboard-read", "clipboard-write"])
    figure = page.locator("#file .paste")
    figure.locator(".copy").click()
    expect(figure.locator(".copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").strip() == figure.locator("pre").text_content().strip()


def test_the_pictures_follow_the_readers_theme_while_they_are_looked_at(open_page, report):
    page, events = open_page(report)
    assert background(page) == rgb(LIGHT.paper)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(DARK.paper))
    words = page.locator("#history .legendtext").first
    assert words.evaluate("text => text.style.fill") == rgb(DARK.muted)
    page.emulate_media(color_scheme="light")
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(LIGHT.paper))
    assert events == [report.as_uri()]


def test_the_colours_of_a_contour_follow_the_theme_too(open_page, report):
    page, _ = open_page(report, scheme="dark")
    scale = "document.querySelector('#contours .picture').data[0].colorscale.map(([, color]) => color)"
    assert page.evaluate(scale) == [DARK.scale_worst, DARK.scale_middle, DARK.scale_best]
    page.emulate_media(color_scheme="light")
    # wait_for_function would look again by `eval`, which the report's policy forbids.
    eventually(lambda: page.evaluate(scale)[0] == LIGHT.scale_worst, "the map has the light theme's colours")


def test_paper_is_light_and_the_screen_dark_again_afterwards(open_page, report):
    page, _ = open_page(report, scheme="dark")
    look = "getComputedStyle(document.querySelector('#history .main-svg')).backgroundColor"
    page.evaluate(f"window.addEventListener('beforeprint', () => {{ window.printed = {look}; }})")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.evaluate("window.printed") == rgb(LIGHT.paper)
    expect(page.locator(HISTORY)).to_have_css("background-color", rgb(DARK.paper))


@pytest.mark.parametrize("text", ["<img src=x onerror=window.ran=1>", "</script><script>window.ran=1</script>"])
def test_no_name_runs_as_a_program(open_page, folder, text):
    path = write_report(hostile(text), "s", folder / "hostile.html")
    page, events = open_page(path)
    expect(page.locator("h1")).to_have_text(text)
    expect(page.locator(HISTORY)).to_be_attached()
    assert page.evaluate("window.ran") is None
    assert events == [path.as_uri()]


def test_a_report_of_nothing_says_so_in_its_pictures(open_page, folder):
    path = write_report(FakeSweep(), "s", folder / "empty.html")
    page, events = open_page(path)
    expect(page.locator("#history .annotation-text")).to_have_text("No trial has ended yet.")
    assert events == [path.as_uri()]


@pytest.mark.parametrize("draw", [history, parallel_coordinates])
def test_a_picture_draws_itself_in_a_notebook_without_plotly(open_page, folder, draw):
    path = folder / "notebook.html"
    picture = draw(read_sweep(lively(), "s"))
    path.write_text(f"<!doctype html>{picture._repr_html_()}", encoding="utf-8")
    page, events = open_page(path)
    expect(page.frame_locator("iframe").locator(".scatterlayer .trace").first).to_be_attached()
    assert [event for event in events if not event.startswith(("file:", "about:srcdoc"))] == []


def test_on_a_phone_no_picture_but_the_parallel_one_is_wider_than_its_place(open_page, report):
    page, _ = open_page(report, 390)
    expect(page.locator("#resources .main-svg").first).to_be_visible()
    wide = (
        "[...document.querySelectorAll('.picture')].filter((each) => each.scrollWidth > each.parentElement.clientWidth)"
    )
    assert page.evaluate(f"{wide}.map((each) => each.dataset.figure)") == ["figure-parallel"]
    titles = page.locator("#resources .annotation-text")
    assert max(box["x"] + box["width"] for box in map(Locator.bounding_box, titles.all())) < 390

"""A server with a token: nothing is shown before it was given, by hand or by the link that the server prints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sweeps_to_see import ended_sweep

from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from besom.server.wandb.caller import path_of

pytestmark = pytest.mark.browser

TOKEN = "a token of the test's own"  # noqa: S105


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path_factory.mktemp("guarded")), token=TOKEN) as running:
        running.named = ended_sweep(running.driver, 6)
        yield running


@pytest.fixture
def visit(visit, guarded):
    visit.address = guarded.address
    visit.expect("status of 401")
    return visit


def come_in(page, token=TOKEN):
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Open").click()


def test_a_wrong_token_is_refused_and_the_right_one_opens_the_page_that_was_asked_for(visit, guarded):
    page = visit(f"/sweeps/{guarded.named.id}/trials/2")
    expect(page.get_by_label("Token")).to_be_focused()
    assert "ended" not in page.content()
    come_in(page, "wrong")
    expect(page.locator(".refusal")).to_contain_text("token: must be the one that `besom server` prints")
    come_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Trial 2")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trial 2")
    assert TOKEN not in str(page.context.cookies())
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.goto(f"{guarded.address}/sweeps/{guarded.named.id}")
    expect(page.get_by_label("Token")).to_be_visible()


def test_the_link_that_the_server_prints_opens_and_leaves_no_token_behind(visit, guarded):
    page = visit(f"/#token={TOKEN.replace(' ', '%20')}")
    expect(page.locator("tbody .name a")).to_have_text("ended")
    expect(page.locator(".connection")).to_have_text("live")
    assert page.url == f"{guarded.address}/"


def test_a_link_with_a_wrong_token_asks_for_another(visit):
    for token in ("wrong", "%"):
        page = visit(f"/#token={token}")
        expect(page.get_by_label("Token")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("The token in this link is not this server's")
        assert "token" not in page.url


def test_a_page_that_loses_its_cookie_asks_again(visit):
    page = visit("/")
    come_in(page)
    expect(page.locator("tbody .name a")).to_have_text("ended")
    page.context.clear_cookies()
    page.locator("tbody .name a").click()
    expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.parametrize("with_token", [False, True])
def test_an_address_that_wandbs_client_printed_asks_for_the_token_and_leads_on(visit, guarded, with_token):
    address = f"/{'/'.join(path_of(guarded.named))}/sweeps/{guarded.named.id}"
    page = visit(address + (f"#token={TOKEN.replace(' ', '%20')}" if with_token else ""))
    if not with_token:
        come_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("ended")
    assert page.url == f"{guarded.address}/sweeps/{guarded.named.id}"
    page.goto(guarded.address + address)
    expect(page.get_by_role("heading", level=1)).to_have_text("ended")

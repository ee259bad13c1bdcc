"""The dashboard's page and its files: open to all, since they hold no data, and strict about what may run in them."""

from __future__ import annotations

import gzip
import http.client
import re
from pathlib import Path

import httpx
import pytest

from besom.server.home import Home
from besom.server.pages.shelf import Leaf, Shelf
from besom.server.serve import Server, serve_in_thread
from besom.wire import Ask, Command

PLACES = ("/", "/compare", "/agents", "/sweeps/any", "/sweeps/any/trials/7")
FILE = {"program": "t.py", "method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
STATIC = Path(__file__).parents[2] / "src/besom/server/pages/static"


def raw(server: Server, path: str) -> tuple[int, bytes]:
    """The answer to a path that no client tidies up before it is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_every_address_of_the_dashboard_shows_the_one_page(server: Server):
    pages = {path: httpx.get(server.address + path).text for path in PLACES}
    early = [line for line in pages["/sweeps/any"].splitlines() if "plotly-cartesian" in line]
    assert len(early) == 1  # where there will be pictures, what draws them comes with the page
    assert {page.replace(f"{early[0]}\n", "") for page in pages.values()} == {pages["/"]}
    assert pages["/"].lower().startswith("<!doctype html>")
    assert "plotly-cartesian" not in pages["/"]


def test_browsers_keep_the_files_of_the_page_until_another_version_of_besom_serves_it(server: Server):
    page = httpx.get(f"{server.address}/sweeps/any").text
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(named) > 10
    for path in named:
        answer = httpx.get(server.address + path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
        _, _, edition, name = path.split("/", 3)
        by_name = httpx.get(f"{server.address}/static/{name}")
        assert (by_name.content, by_name.headers["cache-control"]) == (answer.content, "no-cache")
        older = httpx.get(f"{server.address}/static/{edition[:-1]}x/{name}")
        assert (older.content, older.headers["cache-control"]) == (answer.content, "no-cache")
    assert httpx.get(f"{server.address}/static/{edition}/nothing.js").status_code == 404
    assert Shelf().edition == edition.removeprefix("~")  # the same after a restart


def test_another_content_of_any_file_is_another_edition():
    one, other = Shelf(), Shelf()
    other._leaves["app.js"] = Leaf(b"changed", ".js")
    assert one.edition != other.edition


@pytest.mark.parametrize("path", [*PLACES, "/static/app.js"])
def test_only_scripts_of_this_server_may_run_and_nothing_may_frame_it(server: Server, path: str):
    headers = httpx.get(server.address + path).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "'unsafe-inline'" not in rules["style-src-elem"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_the_page_has_no_script_of_its_own_in_it(server: Server):
    page = httpx.get(server.address).text
    assert "<script>" not in page
    assert "<style" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_every_file_of_the_dashboard_is_served_as_what_it_is(server: Server):
    kinds = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
    files = [path for path in STATIC.rglob("*") if path.suffix in kinds]
    assert len(files) > 5
    for path in files:
        answer = httpx.get(f"{server.address}/static/{path.relative_to(STATIC).as_posix()}")
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
        assert answer.headers["content-type"].startswith(kinds[path.suffix])


def test_what_draws_pictures_comes_pressed_where_the_browser_takes_that(server: Server):
    address = f"{server.address}/static/plotly-cartesian.min.js"
    plain = httpx.get(address, headers={"Accept-Encoding": "identity"})
    with httpx.stream("GET", address, headers={"Accept-Encoding": "br, gzip"}) as answer:
        pressed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(pressed) < len(plain.content) / 2
    assert gzip.decompress(pressed) == plain.content
    assert answer.headers["etag"] != plain.headers["etag"]
    assert answer.headers["vary"] == "Accept-Encoding"


def test_what_a_browser_has_is_not_sent_again(server: Server):
    for path in ("/", "/static/app.js", "/static/plotly-cartesian.min.js"):
        first = httpx.get(server.address + path)
        again = httpx.get(server.address + path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"]
        other = httpx.get(server.address + path, headers={"If-None-Match": '"another"'})
        assert other.status_code == 200
        assert first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../routes.py",
        "/static/..%2froutes.py",
        "/static/%2e%2e/routes.py",
        "/static/%2e%2e%2froutes.py",
        "/static/..%5croutes.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/pages/../../door.py",
        "/static/....//routes.py",
        "/static/app.js%00.html",
        "/static/~/../routes.py",
        "/static/~0/..%2froutes.py",
        "/static/~0//etc/passwd",
        "/static/~",
        "/static/~0",
        "/static/",
        "/static/pages",
        "/static/pages/",
        "/static/__init__.py",
        "/static/vendor/README.md",
        "/static/.htaccess",
        "/static/" + "a" * 5000,
    ],
)
def test_no_other_file_can_be_read(server: Server, path: str):
    status, body = raw(server, path)
    assert status in (400, 404)
    assert b"import" not in body
    assert b"root:" not in body


def test_the_page_and_its_files_ask_for_no_token_but_nothing_else_is_open(tmp_path: Path):
    with serve_in_thread(Home(tmp_path), token="secret") as guarded:  # noqa: S106 - of a test
        for path in (*PLACES, "/static/app.js", "/healthz"):
            assert httpx.get(guarded.address + path).status_code == 200, path
        assert httpx.head(guarded.address + "/").status_code == 200
        for path in ("/api/v1/overview", "/api/openapi.json", "/sweeps/a/trials", "/sweeps/a/sweeps/b", "/e/p"):
            assert httpx.get(guarded.address + path).status_code == 401, path
        assert httpx.post(guarded.address + "/").status_code == 401


def test_who_opens_an_address_of_nothing_in_a_browser_gets_the_page_and_programs_get_what_they_read(server: Server):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/foo", "/foo/bar", "/foo/bar/sweeps/x", "/static/nothing.js"):
        page = httpx.get(server.address + path, headers=browser)
        assert (page.status_code, page.content) == (404, httpx.get(server.address).content), path
        assert page.headers["content-security-policy"]
        assert not httpx.get(server.address + path).text.startswith("<"), path
    for path in ("/api/v1/nowhere", "/api/v1/sweeps/nope/view"):
        assert httpx.get(server.address + path, headers=browser).json()["error"]["type"] == "UnknownName"
    assert httpx.post(server.address + "/foo", headers=browser).status_code == 404


def test_a_page_of_a_sweep_or_trial_that_does_not_exist_is_shown_with_the_status_404(server: Server):
    sweep = server.driver.create_sweep({**FILE, "run_cap": 3}).id
    server.driver.ask(sweep, Ask("a1", "1"))
    there = (f"/sweeps/{sweep}", f"/sweeps/{sweep[:6]}", f"/sweeps/{sweep}/trials/1")
    missing = (
        "/sweeps/nope!",
        *(f"/sweeps/{sweep}/trials/{name}" for name in ("2", "0", "-1", "one", "\uff11", "9" * 99)),
    )
    for path, status in (*((path, 200) for path in there), *((path, 404) for path in missing)):
        answer = httpx.get(server.address + path)
        assert answer.status_code == status, path
        assert answer.text.lower().startswith("<!doctype html>")
        known = httpx.get(server.address + path, headers={"If-None-Match": answer.headers["etag"]})
        assert known.status_code == (304 if status == 200 else 404), path


def test_a_trial_of_a_sweep_that_is_not_in_memory_is_found(tmp_path: Path):
    with serve_in_thread(Home(tmp_path)) as first:
        sweep = first.driver.create_sweep(FILE).id
        first.driver.ask(sweep, Ask("a1", "1"))
        first.driver.command(sweep, Command("cancel"))
    with serve_in_thread(Home(tmp_path)) as again:
        assert httpx.get(f"{again.address}/sweeps/{sweep}/trials/2").status_code == 404
        assert httpx.get(f"{again.address}/sweeps/{sweep}/trials/1").status_code == 200


def test_who_has_no_token_is_not_told_which_sweeps_there_are(tmp_path: Path):
    with serve_in_thread(Home(tmp_path), token="secret") as guarded:  # noqa: S106 - of a test
        page = f"{guarded.address}/sweeps/nope"
        assert httpx.get(page).status_code == 200
        assert httpx.get(page, headers={"Authorization": "Bearer wrong"}).status_code == 200
        assert httpx.get(page, headers={"Authorization": "Bearer secret"}).status_code == 404
        with httpx.Client() as browser:
            browser.post(f"{guarded.address}/login", json={"token": "secret"}, headers={"Origin": guarded.address})
            assert browser.get(page).status_code == 404


def test_answers_of_every_kind_are_taken_for_what_they_say_they_are(server: Server):
    for path in ("/api/v1/overview", "/healthz", "/api/v1/nowhere", "/no/page", "/api/openapi.json"):
        assert httpx.get(server.address + path).headers["x-content-type-options"] == "nosniff", path
    refused = httpx.get(server.address, headers={"Host": "evil.example"})
    assert (refused.status_code, refused.headers["x-content-type-options"]) == (403, "nosniff")

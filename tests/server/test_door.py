"""The door: the token opens it, a cookie keeps it open for this browser, and no other page can use that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest
from service_suite import FILE
from starlette.applications import Starlette
from starlette.datastructures import Headers

from besom.server.home import Home
from besom.server.keys import wandb_key
from besom.server.pages.door import Door
from besom.server.serve import Server, serve_in_thread

TOKEN = "a token of the test's own"  # noqa: S105


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path_factory.mktemp("home")), token=TOKEN) as running:
        yield running


def come_in(server: Server, token: object = TOKEN, **headers: str) -> httpx.Response:
    return httpx.post(server.address + "/login", json={"token": token}, headers=headers)


def cookie_of(server: Server) -> dict[str, str]:
    name, _, value = come_in(server).headers["set-cookie"].partition(";")[0].partition("=")
    return {"Cookie": f"{name}={value}"}


def test_the_token_opens_the_door_and_the_cookie_keeps_it_open(guarded: Server):
    came_in = come_in(guarded)
    assert came_in.status_code == 204
    set_cookie = came_in.headers["set-cookie"]
    (morsel,) = SimpleCookie(set_cookie).values()
    assert morsel.key == f"besom_{guarded.port}"
    assert morsel["httponly"]
    assert morsel["samesite"].lower() == "strict"
    assert morsel["path"] == "/"
    assert TOKEN not in set_cookie
    assert httpx.get(guarded.address + "/api/v1/overview", headers=cookie_of(guarded)).status_code == 200


@pytest.mark.parametrize("token", ["wrong", "", TOKEN[:-1], TOKEN + "x", "ü"])
def test_another_token_does_not(guarded: Server, token: str):
    refused = come_in(guarded, token)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "NotAllowed")
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"token": 1}', b'{"token": null}', b"[" * 4000, b"x" * 100_000])
def test_what_is_no_login_is_told(guarded: Server, body: bytes):
    refused = httpx.post(guarded.address + "/login", content=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "MessageError")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Cookie": "besom_{port}=1.abc"}, 401),
        ({"Cookie": "besom_{port}={token}"}, 401),
        ({"Cookie": "besom_{port}=99999999999999999999.ü"}, 401),
        ({"Cookie": "besom_{port}=" + "9" * 5000}, 401),
        ({"Cookie": "{cookie}"}, 200),
        ({"Cookie": "other=1; {cookie}; more=2"}, 200),
        ({"Cookie": "{cookie}", "Authorization": "Bearer wrong"}, 200),
        ({"Cookie": "{cookie}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Cookie": "{cookie}", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Cookie": "{cookie}", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Cookie": "{cookie}", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_who_may_read(guarded: Server, headers: dict[str, str], status: int):
    known = {"port": str(guarded.port), "token": TOKEN, "cookie": cookie_of(guarded)["Cookie"]}
    given = {}
    for name, value in headers.items():
        text = value
        for what, is_it in known.items():
            text = text.replace("{" + what + "}", is_it)
        given[name] = text.encode()
    assert httpx.get(guarded.address + "/api/v1/overview", headers=given).status_code == status


def test_the_key_of_wandbs_client_opens_too(guarded: Server):
    answer = httpx.get(guarded.address + "/api/v1/overview", auth=("api", wandb_key(TOKEN)))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("{own}", 201),
        (None, 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1", 403),
        ("http://127.0.0.1:1", 403),
        ("http://127.0.0.1:{port}.evil.example", 403),
        ("http://[", 403),
    ],
)
def test_a_cookie_acts_for_pages_of_this_server_only(guarded: Server, origin: str | None, status: int):
    headers = cookie_of(guarded)
    if origin is not None:
        headers["Origin"] = origin.replace("{own}", guarded.address).replace("{port}", str(guarded.port))
    before = len(guarded.driver.sweeps())
    answer = httpx.post(guarded.address + "/api/v1/sweeps", json={"file": FILE}, headers=headers)
    assert answer.status_code == status
    assert len(guarded.driver.sweeps()) - before == (status == 201)


@pytest.mark.parametrize(
    ("method", "path", "accept", "is_page"),
    [
        ("GET", "/me/project/sweeps/abc", "text/html,*/*;q=0.8", True),
        ("GET", "/me/project", "text/html", True),
        ("GET", "/me/project/sweeps/abc", "*/*", False),
        ("POST", "/me/project/sweeps/abc", "text/html", False),
        ("GET", "/api/v1/overview", "text/html", False),
        ("POST", "/graphql", "text/html", False),
    ],
)
def test_who_opens_another_address_in_a_browser_gets_the_page_that_asks_for_the_token(
    guarded: Server, method: str, path: str, accept: str, is_page: bool
):
    answer = httpx.request(method, guarded.address + path, headers={"Accept": accept})
    assert (answer.status_code == 200) == is_page
    assert (answer.text == httpx.get(guarded.address).text) == is_page
    assert is_page or answer.status_code == 401


def test_a_program_with_the_token_needs_no_origin(guarded: Server):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.post(guarded.address + "/api/v1/sweeps", json={"file": FILE}, headers=headers).status_code == 201


def test_a_name_that_was_made_to_point_here_brings_no_cookie_and_gets_no_data(guarded: Server):
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert httpx.get(guarded.address + "/api/v1/overview", headers=headers).status_code == 401
    assert httpx.post(guarded.address + "/api/v1/sweeps", json={"file": FILE}, headers=headers).status_code == 401


def test_foreign_pages_cannot_log_in_or_out(guarded: Server):
    assert come_in(guarded, Origin="http://evil.example").status_code == 403
    assert come_in(guarded, Origin=guarded.address).status_code == 204
    leaving = httpx.post(guarded.address + "/logout", headers={"Origin": "http://evil.example"})
    assert (leaving.status_code, "set-cookie" in leaving.headers) == (403, False)


def test_leaving_takes_the_cookie_back(guarded: Server):
    left = httpx.post(guarded.address + "/logout", headers=cookie_of(guarded))
    (morsel,) = SimpleCookie(left.headers["set-cookie"]).values()
    assert (left.status_code, morsel.value, morsel["max-age"]) == (204, "", "0")


def test_a_server_without_token_lets_in_and_sets_no_cookie(server: Server):
    answer = come_in(server, "anything")
    assert (answer.status_code, "set-cookie" in answer.headers) == (204, False)


def test_a_cookie_ends_with_its_time_and_with_its_token():
    now = [1e9]
    door, other = Door("one", lambda: now[0]), Door("two", lambda: now[0])
    made_at = str(int(now[0]))

    def knows(each: Door, value: str) -> bool:
        return each.knows(Headers({"cookie": f"besom_80={value}", "host": "h:80"}))

    good = f"{made_at}.{door._signed(made_at)}"
    assert knows(door, good)
    assert not knows(other, good)
    assert not knows(door, f"{int(made_at) + 1}.{door._signed(made_at)}")
    assert not door.knows(Headers({"cookie": f"besom_81={good}", "host": "h:80"}))
    now[0] += 31 * 86400
    assert not knows(door, good)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_for_https_only_where_it_came_that_way(scheme: str):
    async def came_in() -> httpx.Response:
        way_in = httpx.ASGITransport(Starlette(routes=Door(TOKEN).routes()))
        async with httpx.AsyncClient(transport=way_in, base_url=f"{scheme}://host:9") as browser:
            return await browser.post("/login", json={"token": TOKEN})

    said = asyncio.run(came_in()).headers["set-cookie"]
    assert ("secure" in said.lower()) == (scheme == "https")

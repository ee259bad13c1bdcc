"""News: what has changed reaches every open page, soon, once, and however slowly it reads."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_suite import FILE, assigned

from besom.server.home import Home
from besom.server.news import Changes, Listener, News, Told
from besom.server.serve import Server, serve_in_thread
from besom.wire import Command, Finish, Hello, Report
from polling import eventually

PATIENCE_S = 30.0


class Page:
    """An open page: reads its stream on a thread of its own."""

    def __init__(self, server: Server, query: str = "") -> None:
        self.events: list[tuple[str, Any]] = []
        self.raw: list[str] = []
        self.has_ended = threading.Event()
        self.has_begun = threading.Event()
        self._address = f"{server.address}/api/v1/news{query}"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        try:
            with httpx.stream("GET", self._address, timeout=PATIENCE_S) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                self.has_begun.set()
                for line in answer.iter_lines():
                    self.raw.append(line)
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.events.append((name, json.loads(line.removeprefix("data: "))))
        finally:
            self.has_ended.set()

    def of(self, name: str) -> list[Any]:
        return [data for kind, data in list(self.events) if kind == name]

    def wait(self, is_there: Callable[[Page], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_there(self):
            assert time.monotonic() < until, self.raw[-20:]
            time.sleep(0.01)


def test_the_first_news_comes_at_once(server: Server):
    sweep = server.driver.create_sweep(FILE)
    page = Page(server)
    page.wait(lambda page: page.of("overview") and page.of("agents"))
    assert page.raw[0] == "retry: 2000"
    ((line,),) = page.of("overview")
    assert (line["id"], line["state"], line["trials"]) == (sweep.id, "running", 0)


def test_a_sweeps_page_is_told_of_that_sweep_only(server: Server):
    mine, other = server.driver.create_sweep(FILE), server.driver.create_sweep(FILE)
    page = Page(server, f"?sweep={mine.id}")
    page.wait(lambda page: page.of("sweep"))
    server.driver.command(other.id, Command("pause"))
    server.driver.command(mine.id, Command("pause"))
    page.wait(lambda page: page.of("sweep")[-1]["state"] == "paused")
    assert {each["id"] for each in page.of("sweep")} == {mine.id}
    assert {line["id"] for lines in page.of("overview") for line in lines} == {mine.id}
    versions = [each["version"] for each in page.of("sweep")]
    assert versions == sorted(set(versions))


def test_trials_that_end_and_agents_that_come_are_news(server: Server):
    sweep = server.driver.create_sweep(FILE)
    page = Page(server, f"?sweep={sweep.id}")
    page.wait(lambda page: page.of("agents"))
    server.driver.hello(Hello("a", "agent", "host", 1))
    page.wait(lambda page: len(page.of("agents")) > 1)
    run = assigned(server.driver, sweep.id)
    server.driver.report(Report(run.run_id, run.lease, 0, [{"loss": float("nan")}, {"loss": 0.5}]))
    server.driver.finish(Finish(run.run_id, run.lease, "finished"))
    page.wait(lambda page: page.of("sweep")[-1]["ended"] == 1)
    page.wait(lambda page: page.of("overview")[-1][0]["best_value"] == 0.5)


@pytest.mark.parametrize("attempt", range(4))
def test_who_asks_for_agents_after_news_of_them_gets_no_older_answer(server: Server, attempt: int):
    sweep = server.driver.create_sweep(FILE)
    server.driver.hello(Hello("a", "agent", "host", 1))
    asked = f"{server.address}/api/v1/agents/view"
    assert httpx.get(asked).json()[0]["running"] == []  # it is kept, within the same second too
    assigned(server.driver, sweep.id)
    page = Page(server)
    page.wait(lambda page: page.of("agents"))
    assert len(httpx.get(asked).json()[0]["running"]) == 1


def test_many_changes_become_few_messages_and_the_last_one_is_the_truth(server: Server):
    sweep = server.driver.create_sweep(FILE)
    page = Page(server, f"?sweep={sweep.id}")
    page.wait(lambda page: page.of("sweep"))
    started = time.monotonic()
    run = assigned(server.driver, sweep.id)
    for step in range(300):
        server.driver.report(Report(run.run_id, run.lease, step, [{"loss": 1.0 / (step + 1)}]))
    server.driver.finish(Finish(run.run_id, run.lease, "finished"))
    took = time.monotonic() - started
    page.wait(lambda page: page.of("sweep")[-1]["ended"] == 1)
    assert len(page.of("sweep")) <= 2 * took + 4
    assert page.of("sweep")[-1]["version"] == server.driver.version(sweep.id)


def test_fifty_pages_cost_one_message(server: Server, monkeypatch: pytest.MonkeyPatch):
    from besom.server.views import Views

    sweep = server.driver.create_sweep(FILE)
    made: list[str] = []
    whole = Views.overview

    def counted(self: Views, sweep_id: str) -> object:
        made.append(sweep_id)
        return whole(self, sweep_id)

    monkeypatch.setattr(Views, "overview", counted)
    pages = [Page(server) for _ in range(50)]
    for page in pages:
        page.wait(lambda page: page.of("overview"))
    made.clear()
    server.driver.command(sweep.id, Command("pause"))
    for page in pages:
        page.wait(lambda page: page.of("overview")[-1][0]["state"] == "paused")
    assert len(made) <= 6  # its line and its state, and once more each if time went on meanwhile
    texts = {[line for line in page.raw if line.startswith("data: [")][-1] for page in pages}
    assert len(texts) == 1


def test_hostile_names_stay_on_their_line(server: Server):
    name = "x\n\nevent: overview\ndata: []\r\n<script>alert(1)</script>\u2028"
    server.driver.create_sweep({**FILE, "name": name})
    page = Page(server)
    page.wait(lambda page: page.of("overview"))
    assert page.of("overview")[0][0]["name"] == name


def test_a_server_ends_at_once_though_pages_listen(tmp_path: Path):
    with serve_in_thread(Home(tmp_path)) as server:
        server.driver.create_sweep(FILE)
        pages = [Page(server) for _ in range(5)]
        for page in pages:
            page.wait(lambda page: page.of("overview"))
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert all(page.has_ended.wait(PATIENCE_S) for page in pages)


def test_a_page_that_is_closed_is_forgotten(server: Server):
    sweep = server.driver.create_sweep(FILE)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)) as page:
            page.sendall(b"GET /api/v1/news HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert page.recv(100).startswith(b"HTTP/1.1 200")
    news = server.app.news
    server.driver.command(sweep.id, Command("pause"))
    eventually(lambda: not news.listeners, "nobody listens", within_s=PATIENCE_S)


def test_an_unknown_sweep_is_told(server: Server):
    assert httpx.get(server.address + "/api/v1/news?sweep=none").status_code == 404


def test_news_asks_for_the_token(tmp_path: Path):
    with serve_in_thread(Home(tmp_path), token="secret") as guarded:  # noqa: S106 - of a test
        assert httpx.get(guarded.address + "/api/v1/news").status_code == 401


# The parts by themselves, where what time does is the test's own.


def test_a_listener_that_does_not_read_keeps_the_latest_only():
    async def story() -> bytes | None:
        listener = Listener(None)
        for number in range(10_000):
            listener.tell(Told({"a": b"%d" % number, "b": b"%d" % -number}, {}, b"%d" % number))
        assert len(listener._overviews) == 2
        return await listener.next()

    assert asyncio.run(story()) == b"event: overview\ndata: [9999,-9999]\n\nevent: agents\ndata: 9999\n\n"


def test_what_came_since_a_page_was_opened_is_newer_than_what_it_is_told_first():
    async def story() -> bytes | None:
        listener = Listener("a")
        listener.tell(Told({"a": b"2"}, {"a": b"2"}))
        listener.tell_first(Told({"a": b"1", "b": b"1"}, {"a": b"1"}, b"0"))
        return await listener.next()

    told = asyncio.run(story())
    assert told == b"event: overview\ndata: [2]\n\n" + b"event: sweep\ndata: 2\n\n" + b"event: agents\ndata: 0\n\n"


def test_what_is_as_it_was_is_not_told_again():
    async def story() -> tuple[bytes | None, bytes | None]:
        listener = Listener("a")
        listener.tell(Told({"a": b"1"}, {"a": b"1"}))
        first = await listener.next()
        listener.tell(Told({"a": b"1"}, {"a": b"1"}))
        listener.tell(Told({"a": b"2"}, {"a": b"2"}))
        listener.tell(Told({"a": b"2"}, {"a": b"1"}))
        return first, await listener.next()

    first, second = asyncio.run(story())
    assert first == b"event: overview\ndata: [1]\n\nevent: sweep\ndata: 1\n\n"
    assert second == b"event: overview\ndata: [2]\n\n"


def test_noting_costs_nothing_while_nobody_listens_and_little_otherwise():
    async def make(changes: Changes) -> Told:
        return Told()

    news = News(make, tuple)
    started = time.perf_counter()
    for _ in range(10_000):
        news.note(("a",), has_agents=False)
    assert time.perf_counter() - started < 0.5
    assert not news._sweeps


def test_a_message_that_cannot_be_made_silences_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("besom.server.news._PAUSE_S", 0.01)
    calls = 0
    has_failed = asyncio.Event()

    async def make(changes: Changes) -> Told:
        nonlocal calls
        calls += 1
        if calls == 2:
            has_failed.set()
            raise RuntimeError("of a test")
        return Told({"a": b"%d" % calls})

    async def story() -> list[bytes | None]:
        news = News(make, tuple)
        heard = []
        await news.listen(None, ["a"])
        (listener,) = news.listeners
        heard.append(await listener.next())
        news.note(("a",), has_agents=False)
        await has_failed.wait()
        news.note(("a",), has_agents=False)
        heard.append(await listener.next())
        news.close()
        heard.append(await listener.next())
        return heard

    assert asyncio.run(story()) == [b"event: overview\ndata: [1]\n\n", b"event: overview\ndata: [3]\n\n", None]


def test_a_page_opened_while_the_server_ends_is_ended_too():
    async def make(changes: Changes) -> Told:
        return Told()

    async def story() -> bytes | None:
        news = News(make, tuple)
        news.close()
        await news.listen(None, ())
        (listener,) = news.listeners
        return await listener.next()

    assert asyncio.run(story()) is None

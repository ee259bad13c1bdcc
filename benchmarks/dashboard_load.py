"""What open pages cost: the server's time for each update of a sweep, and how long agents then wait for answers."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import psutil

from benchmarks.generated_sweep import fill
from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.client import Client
from besom.server.home import Home
from besom.store import open_store
from besom.wire import Ask, Assignment, Finish, Hello, Report

TRIALS, POINTS, PAGES = 1_000, 100, 50
UPDATES_A_SECOND, SECONDS, ROWS_A_TRIAL = 10, 20, 20
LIMIT_MS, SLOWER = 20.0, 2.0
_PICTURES_EVERY_S = 5.0
_PICTURES = ("history", "curves", "parallel", "cost")


def measure() -> Result:
    """Milliseconds of the server's processor for each update, and of a report's answer, with and without pages."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Home(Path(folder)).database)
        fill(store, "watched", TRIALS, POINTS, is_running=True)
        store.close()
        with server(Path(folder)) as (address, home):
            process = psutil.Process(int(json.loads((home / "server.json").read_text())["pid"]))
            alone, alone_cpu = _under(address, process, pages=0)
            _, one_cpu = _under(address, process, pages=1)
            watched, _ = _under(address, process, pages=PAGES)
    updates = UPDATES_A_SECOND * SECONDS
    rows = (
        Row("server's processor for an update with a page open, ms", 1e3 * one_cpu / updates, LIMIT_MS),
        Row("the same without a page, ms", 1e3 * alone_cpu / updates),
        Row("answer to a report, no page open: median, ms", 1e3 * median(alone)),
        Row(f"answer to a report, {PAGES} pages open: median, ms", 1e3 * median(watched), 50),
        Row(f"answer to a report, {PAGES} pages open: 99th percentile, ms", 1e3 * quantiles(watched, n=100)[-1]),
        Row("updates got through with pages, to without", len(watched) / len(alone), 0.95, more_is_better=True),
    )
    how = (
        f"A running sweep of {TRIALS:,} trials x {POINTS} points; {UPDATES_A_SECOND} updates a second for {SECONDS} s. "
    )
    how += "A page listens, fetches head and table at each news, and its pictures every five seconds."
    return Result("Open pages", how, rows)


def _under(address: str, process: psutil.Process, pages: int) -> tuple[list[float], float]:
    """Seconds of each report's answer, and of the server's processor, with so many pages open."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    watching = context.Process(target=_watch, args=(address, pages, ready, over), daemon=True)
    watching.start()
    ready.wait(60)
    before = sum(process.cpu_times()[:2])
    seconds = _work(Client(address))
    used = sum(process.cpu_times()[:2]) - before
    over.set()
    watching.join(10)
    return seconds, used


def _work(client: Client) -> list[float]:
    """An agent's reports at an even pace: how long each waited for its answer."""
    client.hello(Hello("writer", "writer", "here", 1))
    seconds: list[float] = []
    began, sent, run, row = time.perf_counter(), 0, None, 0
    while time.perf_counter() - began < SECONDS:
        if run is None:
            answer = client.ask("watched", Ask("writer", f"{began}-{sent}"))
            assert isinstance(answer, Assignment), answer
            run, row = answer, 0
        report = Report(run.run_id, run.lease, row, [{"epoch": row + 1, "val/loss": 1.0 / (row + 1)}])
        at = time.perf_counter()
        client.report(report)
        seconds.append(time.perf_counter() - at)
        row, sent = row + 1, sent + 1
        if row == ROWS_A_TRIAL:
            client.finish(Finish(run.run_id, run.lease, "finished"))
            run = None
        time.sleep(max(0.0, began + sent / UPDATES_A_SECOND - time.perf_counter()))
    return seconds


def _watch(address: str, pages: int, ready: Event, over: Event) -> None:
    """So many pages, in a process of their own."""
    for _ in range(pages):
        threading.Thread(target=_page, args=(address, over), daemon=True).start()
    time.sleep(2)
    ready.set()
    over.wait(600)


def _page(address: str, over: Event) -> None:
    """What a page of the sweep asks for, for as long as it is open."""
    place = urlsplit(address).netloc
    news, asking = http.client.HTTPConnection(place, timeout=120), http.client.HTTPConnection(place, timeout=120)
    known: dict[str, str] = {}
    news.request("GET", "/api/v1/news?sweep=watched")
    stream, drawn_at = news.getresponse(), 0.0
    while not over.is_set():
        line = stream.readline()
        if not line:
            return
        if line.strip() != b"event: sweep":
            continue
        wanted = ["view", "table?limit=100"]
        if time.monotonic() - drawn_at > _PICTURES_EVERY_S:
            drawn_at = time.monotonic()
            wanted += [f"pictures/{name}" for name in _PICTURES]
        for path in wanted:
            _fetch(asking, f"/api/v1/sweeps/watched/{path}", known)


def _fetch(asking: http.client.HTTPConnection, path: str, known: dict[str, str]) -> None:
    asking.request("GET", path, headers={"If-None-Match": known[path]} if path in known else {})
    answer = asking.getresponse()
    answer.read()
    known[path] = answer.headers.get("ETag", "")

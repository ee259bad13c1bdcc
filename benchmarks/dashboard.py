"""How long a sweep's page takes in a real browser, beside optuna-dashboard on the same trials."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from benchmarks.generated_sweep import fill, made_up
from benchmarks.peers.environment import OPTUNA, ROOT
from benchmarks.result import Result, Row
from benchmarks.search.environments import python_with
from benchmarks.serving import server
from benchmarks.unwatched import seconds_until
from besom.server.home import Home
from besom.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser

POINTS, BESIDE, LARGEST = 100, (1_000, 10_000), 100_000
LIMITS_S = {1_000: 1.5, LARGEST: 3.0}
VISITS, PATIENCE_S, SLOW_S = 3, 120, 30
DASHBOARD = "optuna-dashboard==0.21.0"
DRAWN = ".js-plotly-plot .main-svg .trace"
"""What both pages have once a picture is there: both draw with plotly.js."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def measure() -> Result:
    """Seconds from the address to the first picture, on the first visit to a new server and on later ones."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise RuntimeError(f"dashboard: needs one of {', '.join(CHROMIUM)}; on Debian: apt-get install chromium")
    rows: list[Row] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for trials in (*BESIDE, LARGEST):
            (first, later), alone = _besom(browser, program, trials)
            peer = _optuna(browser, trials) if trials in BESIDE else (None, None)
            rows.append(Row(f"{trials:,} trials: page usable, s", alone, LIMITS_S.get(trials), None))
            rows.append(Row(f"{trials:,} trials: the same with a debugger attached, s", later, None, peer[1]))
            rows.append(Row(f"{trials:,} trials: and on the first visit to a new server, s", first, None, peer[0]))
        browser.close()
    how = f"{POINTS} points a trial; from the address to the first picture in a browser that keeps nothing from before;"
    how += f" median of {VISITS} visits; one that was not drawn in {PATIENCE_S} s counts as if it had been just then."
    how += " Playwright attaches a debugger, which costs either page some time."
    return Result("The page of a sweep", how, tuple(rows), DASHBOARD)


def _besom(browser: Browser, program: str, trials: int) -> tuple[tuple[float, float], float]:
    """What `_visits` says, and the median of visits without a debugger."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Home(Path(folder)).database)
        fill(store, "generated", trials, POINTS)
        store.close()
        with server(Path(folder)) as (address, _):
            watched = _visits(browser, f"{address}/sweeps/generated")
            port = urlsplit(address).port
            assert port is not None
            # The table is asked for once the first picture was seen.
            alone = [seconds_until(program, port, "/sweeps/generated", "/table?") for _ in range(VISITS)]
            return watched, median(alone)


def _optuna(browser: Browser, trials: int) -> tuple[float, float]:
    python = python_with("optuna_dashboard", ((OPTUNA, DASHBOARD),))
    with tempfile.TemporaryDirectory() as folder:
        journal = str(Path(folder, "journal.log"))
        lines = "\n".join(_lines(trials))
        writing = [str(python), "-m", "benchmarks.peers.optuna_trials", journal]
        subprocess.run(writing, input=lines, text=True, check=True, cwd=ROOT)
        with _optuna_dashboard(python, journal) as address:
            return _visits(browser, f"{address}/dashboard/studies/0")


def _lines(trials: int) -> Iterator[str]:
    for made in made_up("generated", trials, POINTS):
        trial = made.trial
        yield json.dumps(
            {
                "state": trial.state.value,
                "config": dict(trial.config),
                "value": trial.value,
                "curve": made.curve.tolist(),
                "began_at": trial.created_at,
                "ended_at": trial.ended_at,
            }
        )


def _visits(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds of the first visit, and the median of those after it; of a slow page there is one visit only."""
    first = _visit(browser, address)
    if first > SLOW_S:
        return first, first
    return first, median(_visit(browser, address) for _ in range(VISITS))


def _visit(browser: Browser, address: str) -> float:
    from playwright.sync_api import TimeoutError as NotInTime

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="load", timeout=1e3 * PATIENCE_S)
    with suppress(NotInTime):  # then it is told as if it had been drawn now
        page.wait_for_selector(DRAWN, state="attached", timeout=1e3 * PATIENCE_S)
    seconds = time.perf_counter() - began
    context.close()
    return seconds


@contextmanager
def _optuna_dashboard(python: Path, journal: str) -> Iterator[str]:
    """The address of an optuna-dashboard that answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python.parent / "optuna-dashboard"), journal, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr, env=dict(os.environ))
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()  # noqa: S310 - our own
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("optuna-dashboard did not start; its errors are above.")

"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, sync_playwright

from besom.plots.images import BROWSERS

_WITHOUT = f"none of {', '.join(BROWSERS)} is on PATH; on Debian: apt-get install chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str | None:
    """The browser's program; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def needs_browser(test: Callable[..., None]) -> Any:
    """The test as one of the group `browser`, for those in which besom itself starts one."""
    return pytest.mark.browser(pytest.mark.skipif(program() is None, reason=_WITHOUT)(test))


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser, until the end; the test is skipped where there is none."""
    found = program()
    if found is None:
        pytest.skip(_WITHOUT)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


def is_aligned(table: Locator) -> bool:
    """Whether a table's headings stand where their columns do, left or right."""
    side = "getComputedStyle(cell).textAlign.replace('start', 'left')"
    sides = f"rows => rows.map(row => [...row.cells].map(cell => {side}))"
    heading, *rows = table.locator("tr").evaluate_all(sides)
    return bool(rows) and all(row == heading for row in rows)

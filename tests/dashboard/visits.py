"""Visits to pages in a browser, of which everything is noted that they say, ask for and break."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import BrowserContext, Page, Response

PHONE = {"width": 390, "height": 800}
PATIENCE_MS = 30_000
"""For a machine that has much else to do; what goes well waits for nothing."""
LISTEN = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI || event.sample}`));
"""
_LOUD = ("error", "warning", "assert")


class Visits:
    """Opens pages of the server at `address`, and tells at the end what went wrong in them.

    Args:
        shared: A browser that has been here before: it keeps files of the pages, but no cookies and no settings.
        address: Where pages come from.
    """

    def __init__(self, shared: BrowserContext, address: str) -> None:
        self._shared = shared
        self._contexts: list[BrowserContext] = []
        self._pages: list[Page] = []
        self._expected: list[str] = []
        self.address = address
        self.wrong: list[str] = []
        self.asked: list[str] = []
        """Paths that pages asked for."""

    def __call__(
        self, path: str = "/", *, width: int = 1280, height: int = 900, scheme: Any = "light", **more: Any
    ) -> Page:
        """The page at a path of the server; with `more`, as in Playwright's `new_context`, in a browser of its own."""
        page = self._context(more).new_page()
        self._pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.on("console", lambda said: self._note(said.text) if said.type in _LOUD else None)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: self._note(f"opened a dialog: {dialog.message}"))
        page.on("request", lambda request: self._note_request(request.url))
        page.on("response", self._note_answer)
        page.goto(self.address + path, wait_until="domcontentloaded")
        return page

    def _context(self, more: dict[str, Any]) -> BrowserContext:
        if not more:
            return self._shared
        browser = self._shared.browser
        assert browser is not None
        context = browser.new_context(**more)
        context.add_init_script(LISTEN)
        self._contexts.append(context)
        return context

    def expect(self, *patterns: str) -> None:
        """Let pages say this, because the test asks for it."""
        self._expected += patterns

    def asks(self, part: str) -> int:
        """How many requests so far have this in their address."""
        return sum(part in path for path in self.asked)

    def close(self) -> None:
        """Leave. Fails where a page said anything that was not expected, or asked anybody but its server."""
        for page in self._pages:
            if not page.is_closed():
                page.evaluate("localStorage.clear()")
                page.close()
        for context in self._contexts:
            context.close()
        self._shared.clear_cookies()
        wrong, self.wrong = self.wrong, []
        assert not wrong, "\n".join(wrong)

    def _note(self, what: str) -> None:
        if not any(re.search(pattern, what) for pattern in self._expected):
            self.wrong.append(what)

    def _note_request(self, url: str) -> None:
        if url.startswith(self.address):
            self.asked.append(url.removeprefix(self.address))
        elif not url.startswith(("data:", "blob:")):
            self._note(f"asked elsewhere: {url}")

    def _note_answer(self, response: Response) -> None:
        headers = response.headers
        is_page = headers.get("content-type", "").startswith("text/html")
        if is_page and "script-src 'self'" not in headers.get("content-security-policy", ""):
            self._note(f"came without a policy: {response.url}")


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds in the page. Playwright's own wait is refused by the page's policy."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never came to hold: {expression}"
        page.wait_for_timeout(50)


def is_too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def drag(page: Page, picture: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a picture, between places as parts of its width and height."""
    place = page.locator(f"#{picture} .nsewdrag").first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=6)
    page.mouse.up()

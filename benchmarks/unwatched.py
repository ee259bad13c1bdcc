"""How long a page takes in a browser that no debugger is attached to: one costs a page a third of a second and more."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE_S = 120.0


class Relay:
    """Passes on what a browser asks of the server on `port`, and notes when something is first asked for.

    Attributes:
        port: Where the browser is to ask.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._asked: list[tuple[float, bytes]] = []
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def when(self, part: str, timeout_s: float = _PATIENCE_S) -> float:
        """The monotonic time at which `part` was first in something asked for; waits for that. Raises TimeoutError."""

        def found() -> float | None:
            return next((at for at, said in self._asked if part.encode() in said), None)

        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, timeout_s):
                raise TimeoutError(f"relay: nobody asked for {part} in {timeout_s:g} s")
            at = found()
        assert at is not None
        return at

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                for each in (browser, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass_on, args=(browser, server, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, browser, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 16):
                if is_asking:
                    with self._changed:
                        self._asked.append((time.monotonic(), part.split(b"\r\n", 1)[0]))
                        self._changed.notify_all()
                target.sendall(part)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def seconds_until(program: str, port: int, path: str, then: str) -> float:
    """Seconds from a new browser's request for the page at `path` to its request for something with `then` in it.

    Args:
        program: The browser.
        port: Of the server.
        path: The page's.
        then: What the page asks for once it has drawn what is waited for.
    """
    relay = Relay(port)
    try:
        with _browser(program, f"http://127.0.0.1:{relay.port}{path}"):
            began = relay.when(f"GET {path} ")
            return relay.when(then) - began
    finally:
        relay.close()


@contextmanager
def _browser(program: str, address: str) -> Iterator[None]:
    """A browser with nothing kept from before that looks at the address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,900")
        # A port for debuggers keeps it open; none comes.
        command = [program, *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", address]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

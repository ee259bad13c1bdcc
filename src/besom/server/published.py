"""A server that is found by the file that it publishes in its home, wherever it runs at the moment."""

from __future__ import annotations

import time
from pathlib import Path

from besom.errors import ServerUnreachable
from besom.server.home import Home

NAME = "server.json"
_LOOK_S = 0.2


def names_file(address: str) -> bool:
    """Whether an address is the path of such a file."""
    return address.endswith(f"/{NAME}") and "://" not in address


class Published:
    """Where a server is that may come back elsewhere.

    Args:
        path: Of its file.
        token: Its token, where the file has none.

    Attributes:
        environment: What scripts are to find the server by; changed in place where it is another.
    """

    def __init__(self, path: str, token: str | None) -> None:
        self.environment: dict[str, str] = {}
        self._path, self._token = path, token
        self._home = Home(Path(path).parent)

    def find(self) -> tuple[str, str | None] | None:
        """Address and token, as last published; None while there is none."""
        found = self._home.published()
        if found is None:
            return None
        token = found.token or self._token
        self.environment |= {"BESOM_SERVER": found.url, **({"BESOM_TOKEN": token} if token else {})}
        return found.url, token

    def awaited(self, patience_s: float) -> tuple[str, str | None]:
        """The same, after some waiting if need be. Raises ServerUnreachable."""
        until = time.monotonic() + patience_s
        while (found := self.find()) is None:
            if time.monotonic() > until:
                raise ServerUnreachable(
                    f"{self._path}: a besom server must have published its address there, got none; start one."
                )
            time.sleep(_LOOK_S)
        return found

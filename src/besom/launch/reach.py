"""Whether the nodes of a cluster reach a server, as far as its address tells."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from besom.connections import is_loopback
from besom.errors import WrongState


def check_reach(address: str, who: str, are_all_here: Callable[[], bool], otherwise: str = "") -> None:
    """See that what listens at `address` is not for this machine alone; of a folder only the nodes can tell.

    Args:
        address: The server's.
        who: What runs on the nodes, in the plural.
        are_all_here: Whether every node of the cluster is this machine; it is asked only where that matters.
        otherwise: What else the user may do.

    Raises:
        WrongState: It is this machine's own loopback, and the cluster has others.
    """
    host = urlsplit(address).hostname or ""
    if is_loopback(host) and not are_all_here():
        raise WrongState(
            f"{address}: {who} need a server that their nodes reach, got one that only this machine does; start it by "
            f"`besom server --host 0.0.0.0`, and name its address by --server and its token by --token{otherwise}."
        )

"""A running Ray cluster, as one command sees it."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from besom.errors import BesomError, MissingExtra
from besom.launch import reach
from besom.launch.ray.launches import NAMESPACE, parts_of

_CONNECT_S = 5.0


class RayError(BesomError, RuntimeError):
    """No Ray cluster is where it was looked for, or it did not do what it was asked."""


@contextlib.contextmanager
def joined(address: str) -> Iterator[None]:
    """Within, this process is a driver of the cluster. What it makes outlives it.

    Args:
        address: `auto` for this machine's own, `host:port`, or `ray://host:port`.

    Raises:
        MissingExtra: Ray is not installed here.
        RayError: No cluster answers there, or it is of another version.
    """
    ray = module()
    try:
        _check_listens(address)
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise RayError(
            f"{address}: a Ray cluster must answer, got: {last_line(error)}; start one by `ray start --head`, "
            "or name its address by --address."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_listens(address: str) -> None:
    """See that something is there: Ray itself would look for it for minutes. Raises OSError, ValueError."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        raise ValueError("no host:port")
    socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()


def module() -> ModuleType:
    """Ray. Raises MissingExtra where it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise MissingExtra(
            "besom ray: needs the package ray, which is not installed; run `pip install 'besom[ray]'`, "
            "with the version that the cluster has."
        ) from error
    return ray  # type: ignore[no-any-return]


def check_reach(server: str) -> None:
    """See that nodes reach what listens at `server`.

    Raises:
        WrongState: It is this machine's own loopback, and the cluster has others.
    """

    def are_all_here() -> bool:
        return {node["NodeManagerHostname"] for node in module().nodes() if node["Alive"]} <= {socket.gethostname()}

    reach.check_reach(server, "actors", are_all_here)


def actors_of(sweep_id: str) -> dict[str, Any]:
    """The actors of a sweep that run, wait or are being started again, by name."""
    ray = module()
    found = {}
    for name in names_of(sweep_id):
        with contextlib.suppress(ValueError):  # it has ended meanwhile
            found[name] = ray.get_actor(name)
    return found


def names_of(sweep_id: str) -> list[str]:
    """Their names, by launch and number."""
    names = [name for name in module().util.list_named_actors() if name.startswith(f"{sweep_id}.")]
    return sorted((name for name in names if parts_of(name)[0] == sweep_id), key=parts_of)


def answers(asked: dict[str, Any], patience_s: float) -> dict[str, Any]:
    """What came of calls, by name, as far as it came in time; an exception of Ray's where it is one.

    Args:
        asked: The calls' references, by name.
        patience_s: How long to wait for them all.
    """
    ray = module()
    if not asked:
        return {}
    ready, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=patience_s)
    return {name: _answer(ref) for name, ref in asked.items() if ref in ready}


def _answer(ref: Any) -> Any:
    ray = module()
    try:
        return ray.get(ref)
    except ray.exceptions.RayError as error:
        return error


def last_line(error: BaseException) -> str:
    """What an error of Ray's comes down to: tracebacks from afar stand before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).rstrip(".")

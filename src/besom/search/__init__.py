"""Search methods: observations in, one suggestion out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from besom.errors import UnknownName, nearest

if TYPE_CHECKING:
    from besom.search.contract import Strategy

__all__ = ["STRATEGIES", "load_strategy"]

STRATEGIES = {
    "bayes": "besom.search.bayes:Bayes",
    "grid": "besom.search.grid:Grid",
    "random": "besom.search.random:Random",
}
"""Built-in methods: name in the sweep file, and the class behind it, which is loaded when it is first used."""

_GROUP = "besom.strategies"


def load_strategy(name: str) -> Strategy:
    """The strategy of that name: a built-in one, or an entry point of the group `besom.strategies`.

    Raises:
        UnknownName: There is none.
    """
    if name in STRATEGIES:
        module, _, attribute = STRATEGIES[name].partition(":")
        return cast("Strategy", getattr(import_module(module), attribute)())
    from importlib.metadata import entry_points

    others = {point.name: point for point in entry_points(group=_GROUP)}
    if name not in others:
        raise UnknownName(f"method: needs a known strategy, got {name!r}; {nearest(name, [*STRATEGIES, *others])}.")
    return cast("Strategy", others[name].load()())

"""W&B's `parameters` with a meaning: what can be drawn, encoded, nested and enumerated.

Names are loaded on first use: whoever only wants `Problem` need not pay for numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from besom.space.laws import LAWS, NAME_PATTERN, Law, Setting
    from besom.space.parameter import Parameter
    from besom.space.problem import Problem
    from besom.space.space import Space

__all__ = ["LAWS", "NAME_PATTERN", "Law", "Parameter", "Problem", "Setting", "Space"]

_HOMES = {
    "LAWS": "laws",
    "NAME_PATTERN": "laws",
    "Law": "laws",
    "Parameter": "parameter",
    "Problem": "problem",
    "Setting": "laws",
    "Space": "space",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"besom.space.{_HOMES[name]}"), name)

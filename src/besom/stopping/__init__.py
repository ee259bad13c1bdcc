"""Stopping rules: observations in, a decision out."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from besom.errors import UnknownName, nearest

if TYPE_CHECKING:
    from besom.stopping.contract import StoppingRule
    from besom.sweepfile import EarlyTerminate

__all__ = ["RULES", "load_rule"]

RULES = {"hyperband": "besom.stopping.hyperband:Hyperband"}
"""Built-in rules: `type` in the sweep file, and the class behind it, which is loaded when it is first used.

A class is called with what `load_rule` gets.
"""

_GROUP = "besom.stopping_rules"


def load_rule(
    early_terminate: EarlyTerminate | None, *, fidelity_max: float | None = None, fidelity_counts: bool = False
) -> StoppingRule | None:
    """The rule that a sweep file's `early_terminate` asks for; None where it asks for none.

    Args:
        early_terminate: The section, or None.
        fidelity_max: The most fidelity that a trial can get, where the sweep names one.
        fidelity_counts: Whether rungs are levels of the sweep's fidelity; otherwise they count logged values, as W&B's.

    Raises:
        UnknownName: There is no rule of that type.
        SweepFileError: The rule cannot work with these settings.
    """
    if early_terminate is None:
        return None
    name: str = early_terminate.type
    if name in RULES:
        module, _, attribute = RULES[name].partition(":")
        rule = getattr(import_module(module), attribute)
    else:
        others = {point.name: point for point in entry_points(group=_GROUP)}
        if name not in others:
            valid = nearest(name, [*RULES, *others])
            raise UnknownName(f"early_terminate.type: needs a known rule, got {name!r}; {valid}.")
        rule = others[name].load()
    return cast("StoppingRule", rule(early_terminate, fidelity_max=fidelity_max, fidelity_counts=fidelity_counts))

"""Stopping rules: observations in, a decision out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from besom.errors import UnknownName, nearest

if TYPE_CHECKING:
    from besom.stopping.contract import StoppingRule
    from besom.sweepfile import EarlyTerminate

__all__ = ["NO_RULE", "RULES", "load_rule"]

RULES = {
    "hyperband": "besom.stopping.hyperband:Hyperband",
    "asha": "besom.stopping.asha:Asha",
    "median": "besom.stopping.median:Median",
    "curve": "besom.stopping.curve:Curve",
}
"""Built-in rules: `type` in the sweep file, and the class behind it, which is loaded when it is first used.

A class is called with what `load_rule` gets.
"""

NO_RULE = "none"
"""The `type` that lets every trial run to its end."""

_GROUP = "besom.stopping_rules"


def load_rule(
    early_terminate: EarlyTerminate | None,
    *,
    fidelity_max: float | None = None,
    fidelity_counts: bool = False,
    can_resume: bool = False,
) -> StoppingRule | None:
    """The rule that a sweep file's `early_terminate` asks for; None where it asks for none, or for `type: none`.

    Args:
        early_terminate: The section, or None.
        fidelity_max: The most fidelity that a trial can get, where the sweep names one.
        fidelity_counts: Whether progress is the sweep's fidelity; otherwise it counts logged values, as W&B's does.
        can_resume: Whether a paused trial goes on from a checkpoint.

    Raises:
        UnknownName: There is no rule of that type.
    """
    if early_terminate is None or early_terminate.type == NO_RULE:
        return None
    name: str = early_terminate.type
    if name in RULES:
        module, _, attribute = RULES[name].partition(":")
        rule = getattr(import_module(module), attribute)
    else:
        from importlib.metadata import entry_points

        others = {point.name: point for point in entry_points(group=_GROUP)}
        if name not in others:
            valid = nearest(name, [*RULES, NO_RULE, *others])
            raise UnknownName(f"early_terminate.type: needs a known rule, got {name!r}; {valid}.")
        rule = others[name].load()
    made = rule(early_terminate, fidelity_max=fidelity_max, fidelity_counts=fidelity_counts, can_resume=can_resume)
    return cast("StoppingRule", made)

"""A trial's configuration beside the incumbent's and the baseline's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besom.analysis.formats import value_text
from besom.analysis.tables import ABSENT, flat
from besom.records import Trial


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of a trial.

    Attributes:
        name: Its dotted name.
        text: Its value as it could be written; empty where this trial does not have the parameter.
        incumbent_text, baseline_text: The others' values; None where there is no other trial, or it has no such value.
        differs_from_incumbent, differs_from_baseline: Whether there is another trial, with another value or none.
    """

    name: str
    text: str
    incumbent_text: str | None = None
    baseline_text: str | None = None
    differs_from_incumbent: bool = False
    differs_from_baseline: bool = False


def settings_of(trial: Trial, incumbent: Trial | None = None, baseline: Trial | None = None) -> tuple[Setting, ...]:
    """The trial's parameters in order, and behind them those that only incumbent or baseline has.

    The trial itself is no other trial: where it is the incumbent, nothing differs from it.
    """
    own = flat(trial.config)
    best, first = (
        flat(other.config) if other is not None and other.number != trial.number else None
        for other in (incumbent, baseline)
    )
    return tuple(
        Setting(
            name=name,
            text=_text(own, name) or "",
            incumbent_text=_text(best, name),
            baseline_text=_text(first, name),
            differs_from_incumbent=_differs(own, best, name),
            differs_from_baseline=_differs(own, first, name),
        )
        for name in dict.fromkeys([*own, *(best or ()), *(first or ())])
    )


def _text(config: Mapping[str, Any] | None, name: str) -> str | None:
    return value_text(config[name]) if config is not None and name in config else None


def _differs(own: Mapping[str, Any], other: Mapping[str, Any] | None, name: str) -> bool:
    if other is None:
        return False
    mine, its = own.get(name, ABSENT), other.get(name, ABSENT)
    # 1 and 1.0 are the same setting, 1 and true are not.
    return mine != its or isinstance(mine, bool) is not isinstance(its, bool)

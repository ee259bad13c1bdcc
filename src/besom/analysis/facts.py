"""Facts as pages list them: a label and a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from besom.analysis.wording import number, resource_label, setting

_FEW_GB = 0.1
_MOST = 40


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known, as it is shown."""

    label: str
    text: str


def summary_facts(summary: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What a trial ended with, in its order; of very much the first, and how much is left out."""
    facts = [Fact(name, setting(value)) for name, value in islice(summary.items(), _MOST)]
    left_out = len(summary) - len(facts)
    return (*facts, *([Fact("…", f"{left_out:,} more")] if left_out else []))


def resource_facts(resources: Mapping[str, float]) -> tuple[Fact, ...]:
    """What was measured of the machine, in alphabetical order of the resources' names."""
    return tuple(_fact(name, amount) for name, amount in sorted(resources.items()))


def _fact(name: str, amount: float) -> Fact:
    """The amount under its name; few gigabytes as megabytes."""
    words = name.split("_")
    if "gb" in words and 0 < amount < _FEW_GB:
        name, amount = "_".join("mb" if word == "gb" else word for word in words), 1000 * amount
    return Fact(resource_label(name), number(amount, 3))

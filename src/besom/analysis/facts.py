"""Facts as pages list them: a label and a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from besom.analysis.wording import number, resource_label


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known, as it is shown."""

    label: str
    text: str


def resource_facts(resources: Mapping[str, float]) -> tuple[Fact, ...]:
    """What was measured of the machine, in alphabetical order of the resources' names."""
    return tuple(Fact(resource_label(name), number(amount, 3)) for name, amount in sorted(resources.items()))

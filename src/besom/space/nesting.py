"""Flat configurations (dotted names) ⇄ nested ones, as the script gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from besom.space.parameter import Parameter


def nest(parameters: Sequence[Parameter], flat: Mapping[str, Any]) -> dict[str, Any]:
    """`flat` as the script gets it: nested where the sweep file nests; names that are no parameter stay on top."""
    paths = {parameter.name: parameter.path for parameter in parameters}
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *groups, last = paths.get(name, (name,))
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


def flatten(parameters: Sequence[Parameter], config: Mapping[str, Any]) -> dict[str, Any]:
    """`config`, nested or flat or both, under dotted names; names that are no parameter stay, for others to refuse."""
    names = {parameter.name for parameter in parameters}
    groups = {".".join(p.path[:depth]) for p in parameters for depth in range(1, len(p.path))}
    flat: dict[str, Any] = {}

    def collect(part: Mapping[str, Any], prefix: str) -> None:
        for key, value in part.items():
            name = f"{prefix}{key}"
            if name not in names and name in groups and isinstance(value, Mapping):
                collect(value, f"{name}.")
            else:
                flat[name] = value

    collect(config, "")
    return flat

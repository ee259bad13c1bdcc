"""Values and configurations as a person reads them in a terminal. Standard library only."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from besom.analysis import wording
from besom.escapes import harmless


def setting(value: Any) -> str:
    """A parameter's value in short: numbers as pages have them, lists and dicts as JSON, text made harmless."""
    if isinstance(value, int | float):
        return wording.setting(value)
    if isinstance(value, str):
        return harmless(value).replace("\n", " ") or '""'
    return harmless(json.dumps(value, ensure_ascii=False, default=str))


def settings(config: Mapping[str, Any]) -> str:
    """A flat configuration on one line: `lr=3.2e-04 hidden=64`."""
    return " ".join(f"{harmless(name)}={setting(value)}" for name, value in config.items())


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested configuration as dotted names to values, in order.

    Empty dicts stay values, and so does a dict with a key whose dotted name is another value's.
    """
    leaves: dict[str, Any] = {}
    names = {f"{prefix}{name}" for name in config}
    for name, value in config.items():
        inner = flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {}
        if inner and not inner.keys() & (names | leaves.keys()):
            leaves.update(inner)
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves


def varied(file: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The flat configuration without what the sweep file holds constant; all of it if nothing varies."""
    constant = _constants(file.get("parameters") or {})
    leaves = flat(config)
    changing = {
        name: value
        for name, value in leaves.items()
        if not any(name == fixed or name.startswith(f"{fixed}.") for fixed in constant)
    }
    return changing or leaves


def _constants(parameters: Any, prefix: str = "") -> set[str]:
    """Dotted names of the parameters that have one value only."""
    names: set[str] = set()
    for name, spec in parameters.items() if isinstance(parameters, Mapping) else ():
        if not isinstance(spec, Mapping):
            continue
        if "parameters" in spec:
            names |= _constants(spec["parameters"], f"{prefix}{name}.")
        elif "value" in spec or len(spec.get("values") or (0, 1)) == 1:
            names.add(f"{prefix}{name}")
    return names


def moment(at: float) -> str:
    """An instant as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))

"""A configuration as the words of a command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def arguments(config: Mapping[str, Any]) -> list[str]:
    """What `${args}` stands for: one word for each top-level name; values print as Python's `str`."""
    return [f"--{name}={value}" for name, value in config.items()]

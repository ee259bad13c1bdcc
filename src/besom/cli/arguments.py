"""The formats that `besom best` prints a configuration in: those that can be pasted, and a table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """How `besom best` prints a configuration."""

    YAML = "yaml"
    JSON = "json"
    ARGS = "args"
    HYDRA = "hydra"
    ENV = "env"
    TABLE = "table"


def written(config: Mapping[str, Any], form: Format) -> str:
    """`config` (nested as the script gets it) in the format `form`, without a final newline."""
    from besom.analysis.formats import configuration_text

    return _table(config) if form is Format.TABLE else configuration_text(config, form.value)


def _table(config: Mapping[str, Any]) -> str:
    from besom.analysis.formats import python_text
    from besom.cli.wording import flat
    from besom.escapes import harmless

    leaves = {harmless(name): harmless(python_text(value)) for name, value in flat(config).items()}
    width = max(map(len, leaves), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in leaves.items())

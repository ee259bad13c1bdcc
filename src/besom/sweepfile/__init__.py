"""The sweep file: read it, judge it, describe it."""

from __future__ import annotations

from typing import Any

from besom.sweepfile.model import SweepFile
from besom.sweepfile.parsing import Loaded, Report, advice_on, check, content, load, parse, space_of
from besom.sweepfile.slurm import SlurmOptions, as_slurm_options, load_slurm

__all__ = [
    "Loaded",
    "Report",
    "SlurmOptions",
    "SweepFile",
    "advice_on",
    "as_slurm_options",
    "check",
    "content",
    "json_schema",
    "load",
    "load_slurm",
    "parse",
    "space_of",
]


def __getattr__(name: str) -> Any:
    # The schema needs numpy through the space's laws; reading `sweepfile` does not.
    if name == "json_schema":
        from besom.sweepfile.schema import json_schema

        return json_schema
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

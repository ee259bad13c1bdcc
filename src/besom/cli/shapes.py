"""The JSON that `--json` prints: stable shapes, one document on standard output, nothing else there.

- *sweep*: every field of `besom.records.Sweep` (`id`, `file`, `seed`, `state`, `why`, `created_at` …) and `name`.
- *trial*: every field of `besom.records.Trial` (`number`, `config`, `state`, `value`, `fidelity`, `failure` …).
- *run*: every field of `besom.records.Run`.
- *importance*: `parameters` and `pairs`, each with `names`, `share` and `error`; `trials`, `skill`, `is_by_rank`, and
  `why` nothing can be told (empty where it can).
- *progress*: every field of `besom.service.Progress`, with *sweep*, *trial* and *run* inside it.

Instants are seconds since the epoch, UTC. What is unknown is null. JSON has no NaN: numbers that are not finite are the
strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import typer

from besom.encoding import strict
from besom.records import Sweep


def shape(value: Any) -> Any:
    """`value` (records, dataclasses, mappings, sequences, scalars) as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        document = {each.name: shape(getattr(value, each.name)) for each in fields(value)}
        if isinstance(value, Sweep):
            document["name"] = value.name
        return document
    if isinstance(value, Mapping):
        return {str(name): shape(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shape(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return strict(value)
    return str(value)


def print_json(value: Any) -> None:
    """Write `value` as the one JSON document on standard output."""
    typer.echo(json.dumps(shape(value), indent=2, ensure_ascii=False, allow_nan=False))


def json_line(value: Any) -> str:
    """`value` as JSON on one line."""
    return json.dumps(shape(value), ensure_ascii=False, allow_nan=False)

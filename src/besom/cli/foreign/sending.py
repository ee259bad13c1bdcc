"""Trials measured elsewhere as messages of bearable size, for a sweep whose id follows from what it is."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from besom.encoding import to_json
from besom.wire import Import, Measured

_ALPHABET = string.digits + string.ascii_lowercase
_ID_LENGTH = 8
_BYTES = 4 << 20
"""Of a part: far below the limit of a body, and short enough for agents' messages not to wait long behind it."""
_TRIALS = 250
_UNNAMED = ("name", "description")


def sweep_id_of(file: Mapping[str, Any], trials: Sequence[Measured]) -> str:
    """Eight letters or digits that the same space, objective and trials share, whatever name they are given."""
    content = {name: value for name, value in file.items() if name not in _UNNAMED}
    text = json.dumps(to_json([content, trials]), sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(_ID_LENGTH))


def parts_of(whole: Import) -> Iterator[Import]:
    """The import in parts, of which the last one ends it. A long history comes in several."""
    part: list[Measured] = []
    size = 0
    for trial in whole.trials:
        for piece, length in _pieces(trial):
            if part and (size + length > _BYTES or len(part) == _TRIALS):
                yield replace(whole, trials=part, is_last=False)
                part, size = [], 0
            part.append(piece)
            size += length
    yield replace(whole, trials=part, is_last=True)


def _pieces(trial: Measured) -> Iterator[tuple[Measured, int]]:
    """The trial, or its history in several pieces where that is too long, and the length of each."""
    length = _length(trial)
    count = -(-length // _BYTES)
    each = -(-len(trial.rows) // count)
    for first in range(0, max(1, len(trial.rows)), max(1, each)):
        yield replace(trial, first_row=first, rows=trial.rows[first : first + each]), length // count


def _length(value: Any) -> int:
    return len(json.dumps(to_json(value), separators=(",", ":")))

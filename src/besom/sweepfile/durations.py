"""Durations as people write them: `90s`, `15m`, `2h`, `1d`, or a number of seconds."""

from __future__ import annotations

import re
from typing import Any

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_from_text(value: Any) -> Any:
    """Seconds meant by `value`; what is no text is returned as it is, for the validator to judge.

    Raises:
        ValueError: A text that is no duration above 0.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([smhd]?)\s*", value)
    if not match:
        raise ValueError("needs seconds or a text such as 90s, 15m, 2h, 1d")
    return float(match[1]) * _SECONDS[match[2] or "s"]

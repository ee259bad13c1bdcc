"""Numbers as people read them, the same in terminal, report and pages."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_RESOURCES = {"gpu": "GPU", "cpu": "CPU", "kwh": "kWh", "gb": "GB", "mb": "MB", "w": "W", "s": "s", "percent": "%"}
_UNITS = ("percent", "gb", "mb", "kwh", "wh", "w", "s")
_LEAST_EXPONENT = -4
_HUGE = 1e7


def number(value: float | None, digits: int = 5) -> str:
    """A number with so many significant digits: `0.9731`, `8.245e-9`, `12,340`; a dash for None.

    Digits before the point are never rounded away; tiny and huge numbers have an exponent. `number` of the pages'
    `format.js` is the same law: tests hold both to one table of cases.
    """
    if value is None:
        return "-"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if int(exponent) < _LEAST_EXPONENT or abs(value) >= _HUGE:
        return f"{_without_zeros(mantissa)}e{int(exponent)}"
    return _without_zeros(f"{value:,.{max(0, digits - 1 - int(exponent))}f}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(value: float) -> str:
    """What a value may be off by: `± 0.017`."""
    return f"± {number(value, 2)}"


def percent(share: float | None) -> str:
    """A share between 0 and 1 as per cent: `12 %`, `0.3 %`; a dash for None."""
    return "-" if share is None else f"{number(100 * share, 2 if abs(share) < 0.995 else 3)} %"


def duration(seconds: float | None) -> str:
    """A time as its two largest units: `0.4 s`, `38 s`, `4 min 10 s`, `3 h 20 min`, `2 d 4 h`; a dash for None."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, below, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit} {rest} {small}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def counted(count: float, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 trial`, `1,200 trials`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def resource_label(name: str) -> str:
    """A resource's name for people: `gpu_memory_gb_peak` → `GPU memory, peak (GB)`."""
    words = name.split("_")
    unit = next((word for word in reversed(words) if word in _UNITS), None)
    kind = words[-1] if words[-1] in ("peak", "mean", "total") else None
    rest = [_RESOURCES.get(word, word) for word in words if word not in (unit, kind)]
    label = " ".join(rest) or name
    label = label[0].upper() + label[1:]
    return label + (f", {kind}" if kind else "") + (f" ({_RESOURCES.get(unit, unit)})" if unit else "")


def setting(value: Any) -> str:
    """A parameter's value in short: a whole number in full, others by `number`, text as it is, all else as JSON.

    Text that would be taken for something else or for nothing (`""`, `" a"`, `"null"`, `"1e-3"`) is in quotes.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if _misleads(value) else value
    if type(value) is int:
        return f"{value:,}"
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _misleads(text: str) -> bool:
    """Whether the text looks like no text: empty, a number or a word of JSON, or with spaces that are not seen."""
    if text != text.strip() or text.lower() in ("", "null", "none", "true", "false"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)

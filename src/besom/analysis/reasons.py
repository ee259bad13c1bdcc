"""The numbers behind a reason, with the labels that people read them by.

Details are in the user's own units already: the engine turns the sign of objective values back (`engine.plan`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from besom.analysis.facts import Fact
from besom.analysis.tablecolumns import is_number
from besom.analysis.wording import counted, number, percent, setting, spread
from besom.records import Reason
from besom.service import Progress

_PAIRS = {"mean": "predicted", "predicted": "predicted final value"}
"""Predictions, which are shown with the standard deviation `sd` beside them."""
_LABELS = {
    "best": "best then",
    "expected_gain": "expected gain",
    "point": "point of the design",
    "cell": "cell of the grid",
    "threshold": "threshold",
    "value": "its value there",
    "error": "standard error",
    "probability": "chance to beat the best",
    "incumbent": "best then",
}
_LABELS_BY_PHASE = {
    ("median", "best"): "its best so far",
    ("median", "threshold"): "median of the others",
    ("curve", "best"): "best of the others",
    ("repeats", "value"): "its mean so far",
    ("repeats", "best"): "the best one's mean",
}
_LEVELS = {"rung": "rung", "progress": "judged at", "until": "to run to", "at": "audited at"}
_TRIALS = {"trials": "compared with", "twin_of": "the same as"}
_ELSEWHERE = frozenset({"drivers", "cells", "sd"})  # part of another fact, or of no fact


def facts_of_reason(reason: Reason, progress: Progress) -> tuple[Fact, ...]:
    """What a reason's details say, in their order; what is not finite says nothing."""
    details = reason.details
    facts = [
        _fact(reason.phase, name, value, details, progress)
        for name, value in details.items()
        if name not in _ELSEWHERE and value is not None and not (is_number(value) and not math.isfinite(value))
    ]
    if "sd" in details and not _PAIRS.keys() & details.keys():
        facts.append(Fact("standard deviation", setting(details["sd"])))
    return tuple(facts)


def _fact(phase: str, name: str, value: Any, details: Mapping[str, Any], progress: Progress) -> Fact:
    label = _LABELS_BY_PHASE.get((phase, name)) or _LABELS.get(name)
    if not is_number(value):
        return Fact(label or name.replace("_", " "), setting(value))
    if name in _PAIRS:
        sd = details.get("sd")
        return Fact(_PAIRS[name], number(value) + (f" {spread(sd)}" if is_number(sd) else ""))
    if name in _LEVELS:
        return Fact(_LEVELS[name], level_text(value, progress))
    if name in _TRIALS:
        return Fact(_TRIALS[name], f"trial {value}" if name == "twin_of" else counted(value, "trial"))
    if name == "results":
        # A model of curves is told apart by saying how far its suggestion runs.
        return Fact("learnt from", counted(value, "curve" if "until" in details else "result"))
    if name == "cell" and is_number(details.get("cells")):
        return Fact(_LABELS[name], f"{value + 1:,} of {details['cells']:,}")
    return Fact(label or name.replace("_", " "), _SHOWN.get(name, number)(value))


_SHOWN: Mapping[str, Callable[[float], str]] = {
    "probability": percent,
    "expected_gain": lambda value: number(value, 3),
    "error": lambda value: number(value, 2),
    "point": lambda value: f"{value:,}",
}


def level_text(fidelity: float, progress: Progress) -> str:
    """How far a trial got: `3 epochs`; logged values are counted where the sweep has no fidelity."""
    return counted(fidelity, progress.fidelity_unit or "row")

"""Who takes part.

A peer is a module in `peers/`: `make(problem, **options)` builds it, `METHODS` names its variants and their options,
`REQUIREMENTS` is what pip installs for it, call by call. Both are literals, and are read here without the module being
imported: it needs packages that only its own environment has.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant of one optimiser.

    Attributes:
        name: What it is called on the command line and in file names.
        label: What it is called in tables.
        module: Its module in `peers/`.
        options: What `make` gets beside the problem.
        requirements: pip's arguments, call by call; empty where the project's own environment does.
    """

    name: str
    label: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    requirements: tuple[tuple[str, ...], ...] = ()


LINE_UPS: dict[str, tuple[str, ...]] = {
    "A": (
        "besom",
        "random",
        "optuna-tpe",
        "wandb-bayes",
        "optuna-gpsampler",
        "smac",
        "syne-tune-bo",
        "hebo",
        "ax",
        "optuna-cma-es",
        "optuna-tpe-univariate",
    ),
    "B": (
        "besom",
        "besom-stop",
        "random",
        "optuna-tpe-asha",
        "optuna-tpe-hyperband",
        "wandb-bayes-hyperband",
        "asha-tpe-resumed",
        "asha-random-resumed",
        "neps-priorband",
        "syne-tune-mobster",
        "syne-tune-pasha",
        "syne-tune-bohb",
        "syne-tune-asha",
        "dehb",
        "smac-multi-fidelity",
    ),
    "P1": ("besom",),
    "P4": ("besom",),
}
"""Who plays a protocol where the command line does not say."""

ABLATIONS: dict[str, tuple[str, ...]] = {
    "A": (
        "besom",
        "besom-without-half-rank-warp",
        "besom-without-fitted-hyperparameters",
        "besom-without-local-search",
        "besom-without-plateaus",
    ),
    "B": (
        "besom",
        "besom-stop",
        "besom-without-half-rank-warp",
        "besom-without-fitted-hyperparameters",
        "besom-without-plateaus",
        "besom-without-exploration",
        "besom-without-whole-trainings",
        "besom-without-short-looks",
        "besom-without-frugality",
    ),
}
"""Who plays where the command line says `--peers ablations`."""


@cache
def roster() -> dict[str, Entry]:
    """Everyone, by name."""
    entries: dict[str, Entry] = {}
    for path in sorted(_FOLDER.glob("*.py")):
        literals = _literals(path)
        for label, options in literals.get("METHODS", {}).items():
            name = name_of(label)
            entries[name] = Entry(name, label, path.stem, options, tuple(literals.get("REQUIREMENTS", ())))
    return entries


def entry(name: str) -> Entry:
    """The optimiser of that name; `NAME@module.attribute=value` is one with a constant of besom's changed.

    Raises:
        LookupError: There is none; the message names the nearest.
    """
    base, _, changes = name.partition("@")
    known = roster()
    if base not in known:
        near = get_close_matches(base, known, n=3, cutoff=0.4)
        rest = sorted(set(known) - set(near))
        raise LookupError(f"--peers: no peer is called {base}; there are {', '.join([*near, *rest])}")
    found = known[base]
    if not changes:
        return found
    return Entry(name, f"{found.label}, {changes.replace('@', ', ')}", found.module, found.options, found.requirements)


def name_of(label: str) -> str:
    """A label without capitals, blanks and signs: "W&B bayes + hyperband" is "wandb-bayes-hyperband"."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower().replace("&", "and")).strip("-")


def _literals(path: Path) -> dict[str, Any]:
    """The module's METHODS and REQUIREMENTS."""
    found: dict[str, Any] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in ("METHODS", "REQUIREMENTS"):
                found[name] = ast.literal_eval(value)
            case _:
                pass
    return found

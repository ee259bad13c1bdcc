"""Laws that tie several keys of a sweep file together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from besom.errors import ConfigError, nearest
from besom.space import Problem, Space
from besom.sweepfile.model import NoStopping, SweepFile

MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_no_equals",
    "args_append_hydra",
    "args_override_hydra",
    "envvar:NAME",
)


def find_problems(file: SweepFile, raw: Mapping[str, Any], space: Space | None) -> Iterator[Problem]:
    """What is wrong between keys.

    Args:
        file: The file, without those keys that are wrong in themselves.
        raw: The file as written: a key that is wrong in itself is not missing.
        space: The search space; None where it is wrong in itself.
    """
    yield from _metric(file, raw)
    yield from _command(file, raw)
    yield from _fidelity(file)
    yield from _metric_sources(file)
    yield from _repeats(file)
    if space is not None:
        yield from _in_space(file, space)


def _metric(file: SweepFile, raw: Mapping[str, Any]) -> Iterator[Problem]:
    if "metric" in raw:
        return
    add = "add `metric: {name: val_loss, goal: minimize}`"
    if file.method == "bayes":
        yield Problem(("method",), f"bayes needs a metric to optimise, got none; {add}, or use method: random.")
    if "early_terminate" in raw and not isinstance(file.early_terminate, NoStopping):
        yield Problem(("early_terminate",), f"needs a metric to compare trials by, got none; {add}.")


def _command(file: SweepFile, raw: Mapping[str, Any]) -> Iterator[Problem]:
    for index, word in enumerate(file.command or []):
        # W&B takes a word that is a macro as a whole; a ${…} inside a longer word belongs to the shell.
        match = re.fullmatch(r"\$\{([^}]*)\}", word)
        if match and match[1] not in MACROS[:-1] and not re.fullmatch(r"envvar:\w+", match[1]):
            text = f"needs a known macro, got {word}; {nearest(match[1], MACROS)}."
            yield Problem(("command", index), text)
        if "${program}" in word and "program" not in raw:
            yield Problem(("command", index), "needs program for ${program}, got none; add `program: train.py`.")


def _fidelity(file: SweepFile) -> Iterator[Problem]:
    fidelity = file.besom.fidelity
    if fidelity is not None and fidelity.min > fidelity.max:
        got = f"min={fidelity.min:g}, max={fidelity.max:g}"
        yield Problem(("besom", "fidelity"), f"needs min <= max, got {got}; raise max or lower min.")


def _metric_sources(file: SweepFile) -> Iterator[Problem]:
    for index, source in enumerate(file.besom.metrics):
        path = ("besom", "metrics", index)
        if (source.regex is None) != source.json_lines:
            got = "both" if source.json_lines else "neither"
            yield Problem(path, f"needs one of regex and `json: true`, got {got}; give one of them.")
        if source.regex is None:
            continue
        try:
            names = re.compile(source.regex).groupindex
        except re.error as error:
            text = f"needs a regular expression, got {source.regex!r} ({error}); correct it."
            yield Problem((*path, "regex"), text)
            continue
        if not names:
            move = r"write `loss: (?P<loss>\S+)`"
            yield Problem((*path, "regex"), f"needs a named group for each metric, got {source.regex!r}; {move}.")


def _repeats(file: SweepFile) -> Iterator[Problem]:
    repeats, path = file.besom.repeats, ("besom", "repeats")
    if repeats.values is not None and repeats.parameter is None:
        yield Problem((*path, "values"), "needs the parameter that gets them, got none; add `parameter: fold`.")
    if repeats.values is not None and len(repeats.values) != repeats.count:
        got = f"{len(repeats.values)} for count={repeats.count}"
        yield Problem((*path, "values"), f"needs one value for each repeat, got {got}; leave count out.")


def _in_space(file: SweepFile, space: Space) -> Iterator[Problem]:
    parameter = file.besom.repeats.parameter
    names = [known.name for known in space.parameters]
    if parameter is not None and any(name == parameter or name.startswith(f"{parameter}.") for name in names):
        text = f"needs a name that the sweep does not vary, got {parameter}; remove it from parameters."
        yield Problem(("besom", "repeats", "parameter"), text)
    for index, config in enumerate(file.besom.baseline):
        try:
            space.complete(config, np.random.default_rng(0))
        except ConfigError as error:
            yield Problem(("besom", "baseline", index), str(error))
    if file.method == "grid":
        yield from space.grid_problems()

"""The `parameters` of a sweep file → `Parameter`s, or everything that is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from besom.errors import nearest
from besom.space.laws import LAWS, NAME_PATTERN, LawBroken, inferred
from besom.space.parameter import Parameter
from besom.space.problem import KeyPath, Problem


def read_parameters(raw: Any, problems: list[Problem]) -> tuple[Parameter, ...]:
    """Parameters in file order, nested ones flattened; what is wrong is appended to `problems` and left out."""
    parameters: list[Parameter] = []
    homes: dict[str, KeyPath] = {}
    for path, names, block in _leaves(raw, ("parameters",), (), problems):
        name = ".".join(names)
        if name in homes:
            there = Problem(homes[name], "").place
            problems.append(Problem(path, f"needs a name of its own, got {name}, which {there} has too; rename one."))
            continue
        homes[name] = path
        parameter = _parameter(path, names, block, problems)
        if parameter is not None:
            parameters.append(parameter)
    return tuple(parameters)


def stand_ins(raw: Any, read: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Constants in place of the parameters of `raw` that are wrong: they may be spoken of, whatever they would be."""
    known = {parameter.name for parameter in read}
    ignored: list[Problem] = []
    wrong = [
        (path, names) for path, names, _ in _leaves(raw, ("parameters",), (), ignored) if ".".join(names) not in known
    ]
    made = (_parameter(path, names, {"value": None}, ignored) for path, names in wrong)
    return tuple(parameter for parameter in made if parameter is not None)


def _leaves(
    raw: Any, path: KeyPath, names: tuple[str, ...], problems: list[Problem]
) -> Iterator[tuple[KeyPath, tuple[str, ...], Mapping[str, Any]]]:
    """Path, names from the outermost in, and block of each parameter, depth first."""
    if not isinstance(raw, Mapping) or not raw:
        problems.append(
            Problem(path, f"needs at least one parameter, got {raw!r}; write `lr: {{min: 0.001, max: 0.1}}`.")
        )
        return
    for name, block in raw.items():
        place = (*path, str(name))
        if not isinstance(name, str) or not re.search(NAME_PATTERN, name):
            law = "names begin with a letter or _ and go on with letters, digits and _ . -"
            problems.append(
                Problem(place, f"{law}, got {name!r}; {'quote it' if isinstance(name, bool) else 'rename it'}.")
            )
        elif not isinstance(block, Mapping):
            got = json.dumps(block, ensure_ascii=False, default=str)
            key = "values" if isinstance(block, list) and block else "value"
            problems.append(Problem(place, f"needs a mapping, got {got}; write `{name}: {{{key}: {got}}}`."))
        elif "parameters" in block:
            for key in block.keys() - {"parameters"}:
                text = f"a group of nested parameters has no other key, got {key}; move it to one of them."
                problems.append(Problem((*place, key), text))
            yield from _leaves(block["parameters"], (*place, "parameters"), (*names, name), problems)
        else:
            yield place, (*names, name), block


def _parameter(
    path: KeyPath, names: tuple[str, ...], block: Mapping[str, Any], problems: list[Problem]
) -> Parameter | None:
    distribution = block["distribution"] if "distribution" in block else inferred(block)
    if distribution is None:
        problems.append(Problem(path, _no_distribution(block)))
        return None
    law = LAWS.get(distribution) if isinstance(distribution, str) else None
    if law is None:
        text = f"needs a known distribution, got {distribution!r}; {nearest(str(distribution), LAWS)}."
        problems.append(Problem((*path, "distribution"), text))
        return None
    found = len(problems)
    for key in block:
        if key != "distribution" and key not in law.settings:
            valid = nearest(str(key), [*law.settings, "distribution"])
            problems.append(Problem((*path, str(key)), f"{distribution} has no such key, got {key}; {valid}."))
    settings: dict[str, Any] = {}
    for key, setting in law.settings.items():
        if key not in block:
            if setting.default is None:
                problems.append(Problem(path, f"{distribution} needs {key}, got none; add `{key}: …`."))
            settings[key] = setting.default
            continue
        settings[key] = block[key]
        refusal = setting.refusal(block[key])
        if refusal is not None:
            problems.append(Problem((*path, key), f"{distribution} {refusal}"))
    if len(problems) > found:
        return None
    try:
        scale = law.build(settings)
        grid = law.grid(settings) if law.grid else None
    except LawBroken as broken:
        problems.append(Problem(path, f"{distribution} {broken}"))
        return None
    return Parameter(".".join(names), names, distribution, scale, settings, grid)


def _no_distribution(block: Mapping[str, Any]) -> str:
    law = "needs value, values, min and max, or a distribution"
    if not block:
        return f"{law}, got nothing; add one of them."
    if all(isinstance(item, Mapping) for item in block.values()):
        return f"{law}, got only mappings; put nested parameters under `parameters:`."
    keys = (
        "value",
        "values",
        "min",
        "max",
        "distribution",
        "parameters",
        "probabilities",
        "mu",
        "sigma",
        "q",
        "a",
        "b",
    )
    unknown = [str(key) for key in block if key not in keys]
    if unknown:
        return f"{law}, got {unknown[0]}; {nearest(unknown[0], keys)}."
    return f"{law}, got only {', '.join(map(str, block))}; add what is missing."

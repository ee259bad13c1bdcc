"""The text of a sweep file → plain data, and the line on which each key stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from besom.errors import SweepFileError
from besom.space.problem import KeyPath, Problem


@dataclass(frozen=True, slots=True)
class Source:
    """A sweep file as read.

    Attributes:
        raw: Its content.
        lines: Line of each key, from 1.
        name: How messages call it.
        problems: What is wrong with the text itself: keys that appear twice, names that YAML does not read as text.
    """

    raw: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    name: str = ""
    problems: tuple[Problem, ...] = ()

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the key at `path`, or of the nearest one around it that is in the file."""
        for depth in range(len(path), 0, -1):
            if path[:depth] in self.lines:
                return self.lines[path[:depth]]
        return None

    def written(self, problem: Problem) -> str:
        """The problem as one line: `key.path (file:line): law, got …; next move.`."""
        line = self.line_of(problem.path)
        where = f"{self.name}:{line}" if line and self.name else self.name
        place = " ".join(part for part in (problem.place, f"({where})" if problem.place and where else where) if part)
        return f"{place}: {problem.text}" if place else problem.text


class _Loader(yaml.SafeLoader):
    """YAML as W&B's users write it: `1e-3` is a number, and dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# YAML 1.1 wants a point and a signed exponent, so PyYAML alone reads 1e-3 and 1.5e3 as text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


_NOT_TEXT = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")


def read(path: Path) -> Source:
    """The sweep file at `path`: JSON where its name ends so, YAML otherwise.

    Raises:
        SweepFileError: It cannot be opened, or its syntax is broken.
    """
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SweepFileError([f"{name}: needs a sweep file, got no such file; correct the path."]) from None
    except UnicodeDecodeError as error:
        move = "save it as UTF-8"
        raise SweepFileError([f"{name}: needs UTF-8 text, got byte {error.start} that is not; {move}."]) from None
    except OSError as error:
        raise SweepFileError(
            [f"{name}: needs a readable file, got {error.strerror}; correct path or rights."]
        ) from None
    return _read_json(text, name) if path.suffix.lower() == ".json" else _read_yaml(text, name)


def read_text(text: str, name: str = "") -> Source:
    """The sweep file in a text of YAML, which JSON is too. Raises SweepFileError for broken syntax."""
    return _read_yaml(text, name)


def _read_yaml(text: str, name: str) -> Source:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        problems: list[Problem] = []
        if node is not None:
            _walk(node, (), lines, problems, ())
        raw = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        column = f" at column {mark.column + 1}" if mark else ""
        reason = " ".join(str(error.problem or error.context).split())
        raise SweepFileError([f"{place}: needs valid YAML, got {reason}{column}; correct it there."]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise SweepFileError([f"{name}: needs valid YAML, got {reason}; correct it."]) from None
    finally:
        loader.dispose()
    return Source(raw, lines, name, tuple(problems))


def _read_json(text: str, name: str) -> Source:
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise SweepFileError(
            [f"{name}:{error.lineno}: needs valid JSON, got {error.msg} at column {error.colno}; correct it there."]
        ) from None
    except RecursionError:
        raise SweepFileError([f"{name}: needs JSON of sensible depth, got deeper; flatten it."]) from None
    lines: dict[KeyPath, int] = {}
    problems: list[Problem] = []
    try:
        # JSON is YAML but for tabs between its tokens; inside its texts there are none.
        node = yaml.compose(text.replace("\t", " "), Loader=_Loader)
        if node is not None:
            _walk(node, (), lines, problems, ())
    except yaml.YAMLError:
        lines, problems = {}, []  # escapes that only JSON knows: the content is read all the same, without line numbers
    return Source(raw, lines, name, tuple(problems))


def _walk(
    node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], problems: list[Problem], inside: tuple[yaml.Node, ...]
) -> None:
    """Notes the line of everything under `node`, and keys that appear twice; `inside` are the nodes around it."""
    if any(node is outer for outer in inside):
        raise yaml.MarkedYAMLError(problem="an anchor that contains itself", problem_mark=node.start_mark)
    inside = (*inside, node)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*path, index] = item.start_mark.line + 1
            _walk(item, (*path, index), lines, problems, inside)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag in _NOT_TEXT and name.isalpha() and path[:1] == path[-1:] == ("parameters",):
                problems.append(Problem((*path, name), _unquoted(name)))
                key.tag = "tag:yaml.org,2002:str"  # so that nothing else is said of it
            if name in first:
                place = (*path, name)
                text = f"needs each key once, got it on line {first[name]} and again on line {line}; remove one."
                problems.append(Problem(place, text))
            first[name] = line
            lines[*path, name] = line
            _walk(value, (*path, name), lines, problems, inside)


def _unquoted(name: str) -> str:
    """What is wrong with a parameter's name that YAML takes for true, false or null."""
    read_as = yaml.safe_load(name)
    word = "null" if read_as is None else str(read_as).lower()
    return f'needs a name that is text, got {name}, which YAML reads as {word}; quote it: "{name}".'

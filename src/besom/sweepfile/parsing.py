"""Raw sweep files → `SweepFile`s, or every error at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from besom.errors import SweepFileError
from besom.space.problem import KeyPath, Problem
from besom.sweepfile.model import SweepFile
from besom.sweepfile.model_errors import plain_path, problems_of, without
from besom.sweepfile.plain import plain
from besom.sweepfile.source import Source, read, read_text

if TYPE_CHECKING:
    from besom.space import Space


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid sweep file from disk: its model, its content as written, and where it is."""

    file: SweepFile
    raw: dict[str, Any]
    path: Path


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found, one line each: errors keep the sweep from running, warnings do not."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def parse(raw: Mapping[str, Any], where: str = "") -> SweepFile:
    """The sweep file of a dict, its search space judged too.

    Args:
        raw: As in the file; tuples and numpy's numbers are welcome.
        where: What messages say about its origin.

    Raises:
        SweepFileError: With everything that is wrong.
    """
    file, _ = _judged(Source(plain(raw), name=where))
    return file


def load(path: str | os.PathLike[str]) -> Loaded:
    """The sweep file at `path`, YAML or JSON.

    Raises:
        SweepFileError: With everything that is wrong, and its lines.
    """
    source = read(Path(path))
    file, _ = _judged(source)
    return Loaded(file, source.raw, Path(path))


def check(path: str | os.PathLike[str], logged_metrics: Collection[str] | None = None) -> Report:
    """All that is wrong or unwise in the sweep file at `path`.

    Args:
        path: The file.
        logged_metrics: Every metric that its program logged in past sweeps; None where it never ran.
    """
    from besom.sweepfile.advice import warnings_about

    try:
        source = read(Path(path))
    except SweepFileError as error:
        return Report(error.problems, ())
    found, file, space = _find(source)
    found += _program(source.raw, Path(path).parent)
    if found or file is None or space is None:
        return Report(_written(source, found), ())
    return Report((), _written(source, list(warnings_about(file, space, logged_metrics))))


def space_of(file: SweepFile) -> Space:
    """The search space of a sweep file. Raises SweepFileError."""
    from besom.space import Space

    return Space.from_file(file.parameters, file.besom.when, file.besom.constraints)


def _judged(source: Source) -> tuple[SweepFile, Space]:
    found, file, space = _find(source)
    if found or file is None or space is None:
        raise SweepFileError(_written(source, found))
    return file, space


def _written(source: Source, problems: list[Problem]) -> tuple[str, ...]:
    in_order = sorted(problems, key=lambda problem: source.line_of(problem.path) or 0)
    return tuple(dict.fromkeys(source.written(problem) for problem in in_order))


def _find(source: Source) -> tuple[list[Problem], SweepFile | None, Space | None]:
    """Everything wrong, the file without what is wrong in itself, and its space if that is right."""
    from besom.space import Space
    from besom.sweepfile.checks import find_problems

    raw = source.raw
    if not isinstance(raw, Mapping):
        got = "nothing" if raw is None else type(raw).__name__
        text = f"needs a mapping with method and parameters, got {got}; write `method: random` and `parameters:`."
        return [Problem((), text)], None, None
    in_model: list[Problem] = []
    file = _model(raw, in_model)
    space: Space | None = None
    plain: Space | None = None
    in_space: list[Problem] = []
    if "parameters" in raw:
        besom = file.besom if file is not None else None
        when, constraints = (besom.when, besom.constraints) if besom is not None else ({}, [])
        space, in_space = Space.read(raw["parameters"], when, constraints)
    if in_space:
        plain, _ = Space.read(raw["parameters"])  # a baseline can be judged by the parameters alone
        in_model = [problem for problem in in_model if problem.path[:1] != ("parameters",)]  # the space says it better
    problems = [*source.problems, *in_model, *in_space]
    if file is not None:
        problems += find_problems(file, raw, space or plain)
    return problems, file, space


def _model(raw: Mapping[str, Any], problems: list[Problem]) -> SweepFile | None:
    """The model of `raw`; keys that are wrong are noted and left out, for the rest to be judged all the same."""
    rest = {str(key): value for key, value in raw.items()}
    try:
        return SweepFile.model_validate(rest)
    except ValidationError as error:
        problems += problems_of(error)
    for _ in range(5):
        try:
            return SweepFile.model_validate({"method": "random", "parameters": {}} | rest)
        except ValidationError as error:
            wrong: list[KeyPath] = [plain_path(detail["loc"]) for detail in error.errors(include_url=False)]
            rest = without(rest, wrong)
    return None


def _program(raw: Any, folder: Path) -> list[Problem]:
    """What is wrong with the program: it is looked for from the working folder, then beside the file."""
    if not isinstance(raw, Mapping):
        return []
    if "program" not in raw:
        if "command" in raw:
            return []
        return [Problem(("program",), "needs a program to run, got none; add `program: train.py`, or a command.")]
    program = raw["program"]
    # `python -m` runs a module by its name; only paths can be missing.
    is_path = isinstance(program, str) and (program.endswith((".py", ".sh")) or "/" in program)
    if is_path and not Path(program).is_file() and not (folder / program).is_file():
        places = " or ".join(dict.fromkeys(str(place) for place in (Path.cwd(), folder.resolve())))
        text = f"needs a file that exists, got {program}, which is not in {places}; correct the path."
        return [Problem(("program",), text)]
    return []


def content(text: str) -> dict[str, Any]:
    """The content of a sweep file given as text, YAML or JSON, judged. Lines are not told: the text may be a copy.

    Raises:
        SweepFileError: With everything that is wrong.
    """
    read = read_text(text)
    source = Source(plain(read.raw), problems=read.problems)
    _judged(source)
    return dict(source.raw)


def advice_on(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What is unwise in the content of a sweep file, one line each. Raises SweepFileError where it is not valid."""
    from besom.sweepfile.advice import warnings_about

    source = Source(plain(raw))
    file, space = _judged(source)
    return _written(source, list(warnings_about(file, space, None)))

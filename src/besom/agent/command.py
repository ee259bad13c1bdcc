"""The command line of a run, as W&B's agent builds it from `program`, `command` and the configuration."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from besom.errors import BesomError, nearest
from besom.sweepfile.arguments import arguments
from besom.sweepfile.model import SweepFile

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")
_ENVIRONMENT_VARIABLE = re.compile(r"\$\{envvar:(\w*)\}")
_MACRO = re.compile(r"\$\{([^}]*)\}")


class NotStartable(BesomError, ValueError):
    """A command that cannot be built, or a program that is not there."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What to execute, and the folder to execute it in."""

    words: tuple[str, ...]
    cwd: Path


def command_line(
    file: SweepFile,
    config: Mapping[str, Any],
    config_file: Path,
    environ: Mapping[str, str],
    cwd: Path,
    sweep_folder: str,
) -> CommandLine:
    """The command of one run.

    Args:
        file: The sweep file.
        config: As the script gets it; a nested parameter is one argument whose value is a dict.
        config_file: Where `config` lies as JSON, for `${args_json_file}`.
        environ: The agent's environment, for `${envvar:NAME}`; a variable that is not set leaves its name, as W&B does.
        cwd: The agent's folder, where the program is looked for first.
        sweep_folder: The sweep file's folder, where it is looked for next; the program then runs there.

    Raises:
        NotStartable: unknown macro, `${program}` without `program`, or a program that is in neither folder.
    """
    template = [
        _ENVIRONMENT_VARIABLE.sub(lambda match: environ.get(match[1], match[1]), str(word))
        for word in file.command or DEFAULT_COMMAND
    ]
    macros = _macros(config, config_file, environ)
    macros["program"] = [file.program] if file.program else []
    words: list[str] = []
    for word in template:
        macro = _MACRO.fullmatch(word)
        if macro is None:
            words.append(word)
        elif macro[1] == "program" and not file.program:
            raise NotStartable("command: ${program} needs the sweep file's `program`, which is not set; add it.")
        elif macro[1] not in macros:
            raise NotStartable(f"command: unknown macro {word}; {nearest(macro[1], macros)}")
        else:
            words.extend(macros[macro[1]])
    if not words:
        raise NotStartable("command: is empty; name a program, or leave `command` out.")
    if file.program and "${program}" in template:
        return CommandLine(tuple(words), _folder_of(file.program, cwd, sweep_folder))
    literal = [word for word in template if not _MACRO.fullmatch(word)]
    return CommandLine(tuple(words), _folder_of_any(literal, cwd, sweep_folder))


def _macros(config: Mapping[str, Any], config_file: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Every macro but `${program}`; values print as Python's `str`, which is what W&B's agent passes."""
    args = arguments(config)
    pairs = [word.removeprefix("--") for word in args]
    without_flags = [
        f"--{name}" if value is True else f"--{name}={value}" for name, value in config.items() if value is not False
    ]
    return {
        "env": ["/usr/bin/env"],
        "interpreter": [interpreter(environ)],
        "args": args,
        "args_no_hyphens": pairs,
        "args_no_boolean_flags": without_flags,
        "args_no_equals": [word for name, value in config.items() for word in (f"--{name}", str(value))],
        "args_append_hydra": [f"+{pair}" for pair in pairs],
        "args_override_hydra": [f"++{pair}" for pair in pairs],
        "args_json": [json.dumps(config)],
        "args_json_file": [str(config_file)],
    }


def interpreter(environ: Mapping[str, str]) -> str:
    """Python for scripts: that of the virtual environment that is active, else the one that runs besom.

    W&B's agent says `python`, which is the same while an environment is active; without one it may be missing, or be
    a Python that lacks what the script imports.
    """
    is_active = environ.get("VIRTUAL_ENV") or environ.get("CONDA_DEFAULT_ENV", "base") != "base"
    return "python" if is_active else sys.executable


def _folder_of(program: str, cwd: Path, sweep_folder: str) -> Path:
    if (cwd / program).exists():
        return cwd
    if sweep_folder and (Path(sweep_folder) / program).exists():
        return Path(sweep_folder)
    places = " or ".join(dict.fromkeys(str(place) for place in (cwd, sweep_folder) if str(place)))
    raise NotStartable(
        f"program: needs a file that exists, got {program}, which is not in {places}; "
        "correct `program`, or start the agent in the folder that has it."
    )


def _folder_of_any(words: Sequence[str], cwd: Path, sweep_folder: str) -> Path:
    """The sweep file's folder if the command names a file that only that folder has, else the agent's."""
    for word in words:
        if not Path(word).is_absolute() and (cwd / word).is_file():
            return cwd
        if sweep_folder and not Path(word).is_absolute() and (Path(sweep_folder) / word).is_file():
            return Path(sweep_folder)
    return cwd

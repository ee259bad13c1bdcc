"""What agents ask Ray for: the command line's word, and the sweep file's where that is silent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besom.errors import ConfigError, WrongState
from besom.sweepfile import SweepFile

IDLE_S = 300.0
_MEMORY = re.compile(r"([0-9]+)([KMGT]?)")
_BYTES = {"": 2**20, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True)
class RayOptions:
    """What a launch asks for.

    Attributes:
        agents: How many.
        gpus: GPUs of each; a part of one where several agents are to share it.
        cpus: CPU cores of each.
        memory: Bytes of each; None does not count memory.
        idle_s: After so many seconds without a run an agent ends, rather than hold a GPU.
    """

    agents: int = 1
    gpus: float = 0.0
    cpus: int = 1
    memory: int | None = None
    idle_s: float = IDLE_S


def settled(file: SweepFile, given: Mapping[str, Any]) -> RayOptions:
    """The options that hold.

    Args:
        file: The sweep file; what its `resources` say of a run, an agent gets where nothing else is said.
        given: The command line's, by name; None is not given. `memory` is text such as `16G`.

    Raises:
        ConfigError: Ray cannot give that many GPUs, or the memory is no amount.
        WrongState: There is nothing that agents could run.
    """
    if not file.has_program:
        raise WrongState("besom ray submit: agents need a program, got none; add `program` to the sweep file.")
    wants = file.besom.resources
    said = {name: value for name, value in given.items() if value is not None}
    gpus = float(said.get("gpus", wants.gpus or 0))
    if gpus > 1 and not gpus.is_integer():
        raise ConfigError(f"--gpus: needs a whole number, or a part of one GPU, got {gpus:g}; correct it.")
    return RayOptions(
        agents=said.get("agents", 1),
        gpus=gpus,
        cpus=said.get("cpus", wants.cpus or 1),
        memory=_bytes(said["memory"]) if "memory" in said else None,
        idle_s=said.get("idle_s", IDLE_S),
    )


def _bytes(text: str) -> int:
    """Bytes of an amount as SLURM writes it: megabytes, or with a unit."""
    match = _MEMORY.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ConfigError(f"--memory: needs memory such as 16G or 800M, got {text!r}; correct it.")
    return int(match[1]) * _BYTES[match[2]]

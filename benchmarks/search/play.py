"""Play runs in this process: `python -m benchmarks.search.play PEER PROTOCOL [TASK SEED]...`, with the peer's Python.

Prints a line of JSON as each run ends. `PEER@module.attribute=value` sets a constant of besom's first: for ablations.
"""

from __future__ import annotations

import ast
import sys
import traceback
import warnings
from functools import partial
from importlib import import_module

from benchmarks.search.protocols import play
from benchmarks.search.results import Played
from benchmarks.search.roster import entry
from benchmarks.search.tasks.catalogue import task_of

READY = "ready"
"""Said once the peer is imported."""

_LINES_OF_TRACEBACK = 6


def main(arguments: list[str]) -> None:
    """Play the runs named, in order."""
    warnings.simplefilter("ignore")
    name, protocol, *pairs = arguments
    chosen = entry(name)
    for change in name.split("@")[1:]:
        set_constant(change)
    make = partial(import_module(f"benchmarks.search.peers.{chosen.module}").make, **chosen.options)
    print(READY, flush=True)
    for task, seed in zip(pairs[::2], map(int, pairs[1::2]), strict=True):
        try:
            run = play(protocol, name, task_of(task), seed, make)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            lines = "".join(traceback.format_exception(error)).splitlines()[-_LINES_OF_TRACEBACK:]
            run = Played(protocol, name, task, seed, error="\n".join(lines))
        print(run.line(), flush=True)


def set_constant(change: str) -> None:
    """Carry out "module.attribute=value": the module is named from besom down, the value is a Python literal.

    Raises:
        AttributeError: There is no such constant.
    """
    place, _, text = change.partition("=")
    module, _, attribute = f"besom.{place}".rpartition(".")
    owner = import_module(module)
    if not hasattr(owner, attribute):
        constants = ", ".join(name for name in vars(owner) if name.isupper())
        raise AttributeError(f"{module} has no {attribute}; its constants are {constants}")
    setattr(owner, attribute, ast.literal_eval(text))


if __name__ == "__main__":
    main(sys.argv[1:])

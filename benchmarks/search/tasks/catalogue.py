"""Which tasks there are, and two sets of them: one to choose constants on, one that only verifies.

Held out are other data sets of three families, and half of the synthetic black boxes, curves and real trainings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from math import isfinite

from benchmarks.search.tasks.task import Task

_LOADERS = {
    "lcbench": "lcbench.load",
    "mlp": "networks.load",
    "taskset": "networks.load",
    "mlp-table": "networks.load_tables",
    "taskset-table": "networks.load_tables",
    "synthetic": "synthetic.load",
    "curves": "synthetic.load",
    "trainings": "trainings.load",
}
"""By family."""
_SHARES = {"lcbench": (4, 5), "mlp": (4, 4), "taskset": (3, 4), "taskset-table": (2, 3)}
"""Of these families' data sets, by name: how many to choose on, and how many after those to hold out."""
_CHOSEN_ON = (
    "synthetic/ridge",
    "synthetic/mixed",
    "synthetic/sparse",
    "synthetic/wide",
    "synthetic/noisy",
    "synthetic/cliff",
    "curves/sprint",
    "curves/late",
    "trainings/attention",
    "trainings/cartpole",
    "trainings/denoising",
    "trainings/evolution",
    "trainings/forest",
    "trainings/mixture",
    "trainings/modular",
    "trainings/recurrent",
)
_HELD_OUT_FAMILIES = ("synthetic", "curves", "trainings")
"""All of these that no constant was chosen on."""

SETS = ("choosing", "held-out", "all")


def tasks() -> dict[str, Task]:
    """Every task by name."""
    return {name: task for loader in dict.fromkeys(_LOADERS.values()) for name, task in _loaded(loader).items()}


def task_of(name: str) -> Task:
    """The task called `name`; loads that of its family alone."""
    return _loaded(_LOADERS[_family(name)])[name]


@cache
def _loaded(loader: str) -> dict[str, Task]:
    module, _, function = loader.partition(".")
    load = getattr(import_module(f"benchmarks.search.tasks.{module}"), function)
    return {task.name: task for task in load()}


def set_of(name: str) -> list[str]:
    """The names in a set; "all" are both sets."""
    if name == "all":
        return [*set_of("choosing"), *set_of("held-out")]
    known = sorted(name for name, task in tasks().items() if isfinite(task.best))
    is_held_out = name == "held-out"
    chosen = []
    for family, (choose, hold) in _SHARES.items():
        members = [task for task in known if task.startswith(f"{family}/")]
        chosen += members[choose : choose + hold] if is_held_out else members[:choose]
    if is_held_out:
        return chosen + [task for task in known if _family(task) in _HELD_OUT_FAMILIES and task not in _CHOSEN_ON]
    return chosen + [task for task in _CHOSEN_ON if task in known]


def named(names: Sequence[str]) -> list[str]:
    """The tasks that `names` mean: sets, families, tasks.

    Raises:
        LookupError: One means nothing; the message names the nearest.
    """
    return list(dict.fromkeys(task for name in names for task in _meant(name)))


def _meant(name: str) -> Iterable[str]:
    if name in SETS:
        return set_of(name)
    members = [task for task in sorted(tasks()) if task == name or _family(task) == name]
    if members:
        return members
    families = list(_LOADERS)
    near = get_close_matches(name, [*tasks(), *families, *SETS], n=3, cutoff=0.4)
    raise LookupError(
        f"--tasks: nothing is called {name}; nearest {', '.join(near) or 'nothing'}; "
        f"families {', '.join(families)}; sets {', '.join(SETS)}"
    )


def _family(task: str) -> str:
    return task.partition("/")[0]

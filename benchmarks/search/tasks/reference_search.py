"""Finds what the tasks made here are scored against: `python -m benchmarks.search.tasks.reference_search [NAME ...]`.

A name may be a part of one. Random draws, of which the median is `worst`; then the best of them are improved by many
moves, large and small. Ten minutes in all; what it finds is kept in `data/references.json`. A task that is there keeps
its `worst`, and its `best` unless something better is found (with another `--seed`); `--afresh`, after a task has
changed, forgets both.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.search.tasks import synthetic, trainings
from benchmarks.search.tasks.references import PATH, references
from benchmarks.search.tasks.spaces import draw, neighbour
from benchmarks.search.tasks.task import Task

_FORMULAS, _TRAININGS = (5_000, 5_000), (1_000, 250)
"""Random draws, and moves from each of the best of them."""
_STARTS = 6
_KNOWN: dict[str, dict[str, Any]] = {
    "synthetic/cliff": {
        "rate": 0.0999999 * 10 ** (0.6 * 0.5 + 0.9 * 0.35 - 0.06 * 3 - 0.5),
        "gain": 10**0.5,
        "clip": 0.6,
        "damping": 0.35,
        "delay": 3,
    },
    "synthetic/valley": {f"x{i}": 0.88 for i in range(4)} | {"scale": 10**0.8},
}
"""Optima that the formulas give."""


@dataclass(frozen=True)
class Seen:
    """A configuration, how it ended (smaller is better), and its best at any epoch."""

    end: float
    any_epoch: float
    config: dict[str, Any]


def search(task: Task, seed: int) -> dict[str, Any]:
    """The entry of one task: `best` at any epoch of any configuration, `worst`, and the `config` that ended best."""
    rng = np.random.default_rng(seed)
    draws, moves = _TRAININGS if task.family == "trainings" else _FORMULAS
    seen = [_try(task, draw(task.space, rng)) for _ in range(draws)]
    worst = float(np.median([one.end for one in seen]))
    seen += [_try(task, config) for name, config in _KNOWN.items() if name == task.name]
    for start in sorted(seen, key=lambda one: one.end)[:_STARTS]:
        seen += _climb(task, start, moves, rng)
    top, sign = min(seen, key=lambda one: one.end), _sign(task)
    best = min(one.any_epoch for one in seen)
    return {"best": sign * best, "best_end": sign * top.end, "worst": sign * worst, "config": top.config}


def _climb(task: Task, start: Seen, moves: int, rng: np.random.Generator) -> list[Seen]:
    """What was tried around `start`, moving wherever it was better, in steps of every size."""
    here, tried = start, []
    for _ in range(moves):
        near = _try(task, neighbour(task.space, here.config, 0.4 * 10 ** (-4 * rng.random()), rng))
        tried.append(near)
        here = min(here, near, key=lambda one: one.end)
    return tried


def _try(task: Task, config: dict[str, Any]) -> Seen:
    if task.truth is not None:
        value = _sign(task) * task.truth(config)
        return Seen(value, value, config)
    values = _sign(task) * task.curve(config)
    return Seen(float(values[-1]), float(values.min()), config)


def _sign(task: Task) -> int:
    return 1 if task.goal == "minimize" else -1


def _better(task: Task, known: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The known entry, with what was found now where it is better."""
    merged = known | {"best": entry["best"]} if task.is_better(entry["best"], known["best"]) else dict(known)
    if task.is_better(entry["best_end"], known["best_end"]):
        merged |= {"best_end": entry["best_end"], "config": entry["config"]}
    return merged


def main() -> None:
    """Searches the named tasks, or all, and writes what was found after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--afresh", action="store_true")
    parser.add_argument("--seed", type=int, default=2024)
    wanted, found = parser.parse_args(), dict(references())
    for task in synthetic.load() + trainings.load():
        if wanted.names and not any(part in task.name for part in wanted.names):
            continue
        entry, known = search(task, wanted.seed), found.get(task.name)
        entry = entry if known is None or wanted.afresh else _better(task, known, entry)
        found[task.name] = entry
        PATH.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")
        print(*(f"{key} {value}" for key, value in {"task": task.name, **entry}.items() if key != "config"), flush=True)


if __name__ == "__main__":
    main()

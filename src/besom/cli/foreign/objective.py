"""What runs were tuned for: the metric and its goal, as told, as the sweep file says, or as can be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from besom.cli.foreign.runs import ForeignRun
from besom.errors import ConfigError, nearest

Goal = Literal["minimize", "maximize"]
_SHOWN = 30


def chosen_objective(
    runs: Sequence[ForeignRun], metric: str | None, goal: str | None, in_file: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A sweep file's `metric`: its name, its goal, and what else the file says about it.

    Args:
        runs: What was measured.
        metric: The name that was asked for.
        goal: The goal that was asked for.
        in_file: `metric` of the sweep file that the runs belong to, where it has one.

    Raises:
        ConfigError: It is not known, or no run has it; the message names the metrics that there are.
    """
    there = Counter(name for run in runs for name in run.metrics())
    told = dict(in_file or {})
    name = metric or told.get("name")
    if name is None:
        if len(there) != 1:
            raise ConfigError(f"--metric: needs the objective's name; {_listed(there, len(runs))}.")
        (name,) = there
    if not any(name == known or known.startswith(f"{name}.") for known in there):
        place = "--metric" if metric else "metric" if told else "runs"
        raise ConfigError(f"{place}: no run has a number for {name}; {nearest(name, there)}.")
    if metric and metric != told.get("name"):
        told = {}
    known_goal = goal or (told.get("goal", "minimize") if told else None)
    if known_goal is None:
        raise ConfigError(f"--goal: needs minimize or maximize for {name}, got none; say which is better.")
    return {**told, "name": name, "goal": known_goal}


def value_of(run: ForeignRun, metric: Mapping[str, Any]) -> float | None:
    """The run's objective: its summary, what W&B keeps of it by `define_metric`, or the last that was logged."""
    name = str(metric["name"])
    best = "max" if metric["goal"] == "maximize" else "min"
    for key in (name, f"{name}.{best}", f"{name}.best", f"{name}.last"):
        value = run.summary.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    for row in reversed(run.history):
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _listed(there: Counter[str], runs: int) -> str:
    if not there:
        return "no run has any number; export their summary too"
    shown = [f"{name}" if count == runs else f"{name} (in {count} runs)" for name, count in there.most_common(_SHOWN)]
    return f"there are {', '.join(shown)}" + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")

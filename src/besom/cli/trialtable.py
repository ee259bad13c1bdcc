"""Trials and sweeps as text: the tables of `besom trials` and `besom status`, and one trial in full. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from besom.analysis.agents import ago_text
from besom.analysis.failing import failure_text
from besom.analysis.values import value_of, why_unranked
from besom.analysis.wording import duration, number, resource_label
from besom.cli.columns import columns, width_of
from besom.cli.picture import against_budget
from besom.cli.wording import flat, moment, setting, settings, varied
from besom.errors import UnknownName, nearest
from besom.escapes import harmless
from besom.records import Run, Sweep, Trial
from besom.service import Progress

_KEYS = ("number", "value", "fidelity", "seconds", "state")


def in_order(trials: Sequence[Trial], key: str, goal: str) -> list[Trial]:
    """Trials by `key`: number, fidelity, seconds, state, a parameter; or value, best first, those without one last.

    Raises:
        UnknownName: `key` is none of these.
    """
    parameters = dict.fromkeys(name for trial in trials for name in flat(trial.config))
    if key not in _KEYS and key not in parameters and trials:
        raise UnknownName(f"--sort: no key {key!r}; {nearest(key, [*_KEYS, *parameters])}")
    sign = -1.0 if goal == "maximize" else 1.0

    def rank(trial: Trial) -> tuple[Any, ...]:
        if key == "value":
            value = value_of(trial)
            return (math.inf if value is None else sign * value, trial.number)
        if key in _KEYS:
            return (getattr(trial, key), trial.number)
        value = flat(trial.config).get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (value is None, not is_number, value if is_number else 0.0, str(value), trial.number)

    return sorted(trials, key=rank)


def trial_table(sweep: Sweep, trials: Sequence[Trial], width: int | None = None) -> list[str]:
    """One line a trial: a column for each parameter that varies where they fit the width, else all in one."""
    header = ["trial", "state", "value", "reached", "time"]
    rows = [
        [
            str(trial.number),
            str(trial.state),
            "" if trial.value is None else number(trial.value),
            number(trial.fidelity),
            _time(trial),
        ]
        for trial in trials
    ]
    configs = [varied(sweep.file, trial.config) for trial in trials]
    names = list(dict.fromkeys(name for config in configs for name in config))
    right = (0, 2, 3, 4)
    wide = [
        [*row, *(setting(config[name]) if name in config else "" for name in names)]
        for row, config in zip(rows, configs, strict=True)
    ]
    if width is None or width_of([*header, *names], wide) <= width:
        return columns([*header, *names], wide, right, width)
    narrow = [[*row, settings(config)] for row, config in zip(rows, configs, strict=True)]
    return columns([*header, "configuration"], narrow, right, width)


def sweep_table(progresses: Sequence[Progress], now: float, width: int | None = None) -> list[str]:
    """One line a sweep: id, name, state, what is spent, the best value, its age; the name makes room for the others."""
    rows = [
        [
            each.sweep.id,
            each.sweep.name if each.sweep.name != each.sweep.id else "",
            str(each.sweep.state),
            against_budget(each),
            number(each.best.value) if each.best and each.best.value is not None else "",
            ago_text(now - each.sweep.created_at),
        ]
        for each in progresses
    ]
    return columns(["sweep", "name", "state", "spent", "best", "created"], rows, (4,), width, yielding=(1, 5))


def _time(trial: Trial) -> str:
    """What its ended runs took; nothing while the first is under way."""
    return duration(trial.seconds) if trial.seconds or trial.state.has_ended else ""


def trial_in_full(sweep: Sweep, trial: Trial, runs: Sequence[Run], summary: Mapping[str, Any]) -> list[str]:
    """Everything that is known of a trial, in sections; `summary` is what it ended with."""
    lines = [f"trial {trial.number} of sweep {sweep.id}: {trial.state}"]
    facts = {
        "value": "" if trial.value is None else number(trial.value),
        "rank": why_unranked(trial),
        "spread": "" if trial.spread is None else number(trial.spread, 2),
        "reached": number(trial.fidelity),
        "time": _time(trial),
        "suggested": _because(trial.reason.phase, trial.reason.text),
        "ended by": _because(trial.ended_by.phase, trial.ended_by.text) if trial.ended_by else "",
        "audited": _because(trial.audited.phase, trial.audited.text) if trial.audited else "",
        "failure": failure_text(trial.failure) if trial.failure else "",
    }
    lines += [f"  {name:<10} {text}" for name, text in facts.items() if text]
    lines += _section("Configuration", {name: setting(value) for name, value in flat(trial.config).items()})
    lines += _section("Summary", {name: setting(value) for name, value in summary.items()})
    lines += _section(
        "Resources", {resource_label(name): number(amount, 3) for name, amount in trial.resources.items()}
    )
    if runs:
        rows = [
            [run.id, str(run.repeat), str(run.attempt), str(run.state), moment(run.started_at), run.host, run.folder]
            for run in runs
        ]
        lines += [
            "",
            "Runs",
            *(
                f"  {line}"
                for line in columns(["run", "repeat", "attempt", "state", "started", "host", "folder"], rows)
            ),
        ]
    if trial.failure and trial.failure.last_lines:
        lines += ["", "Last lines", *(f"  {line}" for line in harmless(trial.failure.last_lines).rstrip().splitlines())]
    return lines


def _because(phase: str, text: str) -> str:
    return harmless(f"{phase}: {text}" if text and text != phase else phase)


def _section(title: str, facts: dict[str, str]) -> list[str]:
    width = max(map(len, facts), default=0)
    return ["", title, *(f"  {harmless(name):<{width}}  {text}" for name, text in facts.items())] if facts else []

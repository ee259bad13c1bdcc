"""What a report says in words and tables, ready to be set: every number comes from `besom.analysis`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from besom.analysis import (
    ABSENT,
    Audit,
    Change,
    audit,
    counted,
    duration,
    failures_by_cause,
    flat,
    gain,
    number,
    parameter_table,
    percent,
    ranking,
    resource_label,
    resources_summary,
    savings,
    signed,
)
from besom.plots.sweepdata import SweepData
from besom.records import Trial

_FAILURES_SHOWN = 20
_LINES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Card:
    """One number that matters, what it is, and what it comes from."""

    title: str
    figure: str
    words: str


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial and its configuration, to be pasted."""

    trial: int
    value: str
    spread: str
    words: str
    parameters: tuple[tuple[str, str], ...]
    formats: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: what is shown, and what it is sorted by (a number or text; empty comes last)."""

    text: str
    key: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class FailedTrial:
    number: int
    message: str
    how: str
    last_lines: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A whole report but its pictures.

    Attributes:
        title, description: The sweep's.
        state: Its state in a word; why: what ended it.
        overview: Short facts for the line under the title.
        metric: The objective and its goal.
        best: None while no trial has a value.
        cards: Gains, savings, trials by state.
        columns, rows: The table of all trials: best first, then the others; with each row the trial's state, and
            whether it is the best.
        failures: By cause, with those shown in full and how many there are.
        resources: Label, median, maximum.
        file: The sweep file as YAML.
    """

    title: str
    description: str
    state: str
    why: str
    overview: tuple[str, ...]
    metric: str
    best: Best | None
    cards: tuple[Card, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, bool, tuple[Cell, ...]], ...]
    failures: tuple[tuple[str, int, tuple[FailedTrial, ...]], ...]
    resources: tuple[tuple[str, str, str, str], ...]
    file: str


def facts_of(data: SweepData) -> Facts:
    """The words and tables of the sweep's report."""
    sweep = data.sweep
    columns, rows = _table(data)
    failures = tuple(
        (group.cause.value, len(group.trials), tuple(_failed(trial) for trial in group.trials[:_FAILURES_SHOWN]))
        for group in failures_by_cause(data.trials)
    )
    return Facts(
        title=sweep.name,
        description=str(sweep.file.get("description") or ""),
        state=sweep.state.value,
        why=sweep.why,
        overview=_overview(data),
        metric=f"{data.metric} ({data.goal})" if data.goal else data.metric,
        best=_best(data),
        cards=_cards(data),
        columns=columns,
        rows=rows,
        failures=failures,
        resources=tuple(
            (resource_label(use.name), number(use.median, 3), number(use.maximum, 3), counted(use.trials, "trial"))
            for use in resources_summary(data.trials)
        ),
        file=_yaml(sweep.file),
    )


def _overview(data: SweepData) -> tuple[str, ...]:
    sweep = data.sweep
    facts = [f"sweep {sweep.id}", counted(len(data.trials), "trial")]
    if sweep.started_at is not None:
        facts.append(datetime.fromtimestamp(sweep.started_at, UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0"))
        if sweep.ended_at is not None:
            facts.append(f"took {duration(sweep.ended_at - sweep.started_at)}")
    if method := sweep.file.get("method"):
        facts.append(f"method {method}")
    return (*facts, f"seed {sweep.seed}")


def _best(data: SweepData) -> Best | None:
    trial = data.progress.best
    if trial is None:
        return None
    config = flat(trial.config)
    words = [trial.reason.text or f"suggested by {trial.reason.phase}", f"took {duration(trial.seconds)}"]
    if trial.fidelity:
        words.append(f"{data.x_label} {number(trial.fidelity)}")
    return Best(
        trial=trial.number,
        value=number(trial.value, 5),
        spread=f"± {number(trial.spread, 2)} over {data.repeats} repeats" if trial.spread is not None else "",
        words=" · ".join(words),
        parameters=tuple((name, _value_text(value)) for name, value in config.items()),
        formats=(("YAML", _yaml(trial.config)), ("Arguments", _arguments(config))),
    )


def _arguments(config: Mapping[str, Any]) -> str:
    parts = []
    for name, value in config.items():
        text = (
            value if isinstance(value, str) else json.dumps(value, default=str) if _is_compound(value) else str(value)
        )
        parts.append(shlex.quote(f"--{name}={text}"))
    return " \\\n  ".join(parts)


def _is_compound(value: Any) -> bool:
    return isinstance(value, list | tuple | Mapping)


def _yaml(content: Any) -> str:
    plain = json.loads(json.dumps(content, default=_as_plain))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)


def _as_plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _cards(data: SweepData) -> tuple[Card, ...]:
    gained = gain(data.trials, data.goal)
    cards = []
    if gained.over_baseline and gained.over_baseline.trial != gained.best:
        cards.append(_gain_card("over your baseline", gained.over_baseline))
    if gained.over_first and gained.over_first.trial not in (gained.best, getattr(gained.over_baseline, "trial", None)):
        cards.append(_gain_card("over the first trial", gained.over_first))
    cards.append(_savings_card(data))
    audited = audit(data.trials, data.goal)
    if audited.audited:
        cards.append(_audit_card(audited))
    counts = {state: count for state, count in data.progress.counts.items() if count}
    words = ", ".join(f"{number(count)} {state}" for state, count in counts.items())
    cards.append(Card("trials", number(len(data.trials)), words or "none yet"))
    return tuple(cards)


def _gain_card(title: str, change: Change) -> Card:
    shown = signed(change.absolute) if change.relative is None else f"{signed(100 * change.relative)} %"
    return Card(title, shown, f"{signed(change.absolute)} against {number(change.value)} of trial {change.trial}")


def _savings_card(data: SweepData) -> Card:
    saved = savings(data.trials, data.runs, data.progress.fidelity_max, data.repeats if data.repeats > 1 else None)
    title = "saved by stopping early"
    if not saved.trials:
        return Card(title, "nothing", "no trial was stopped early")
    stopped = counted(saved.trials, "trial")
    if saved.fidelity is None:
        return Card(title, "unknown", f"{stopped} stopped; none finished to compare with")
    basis = "the maximum" if saved.basis == "maximum" else "the median finished trial"
    unit = data.progress.fidelity_unit or "row"
    amount = counted(round(saved.fidelity), unit) + (f" and {duration(saved.seconds)}" if saved.seconds else "")
    return Card(title, f"≈ {percent(saved.share)}", f"about {amount} in {stopped}, estimated against {basis}")


def _audit_card(audited: Audit) -> Card:
    shown = percent(audited.rate) if audited.is_telling else f"{audited.wrong} of {audited.ended}"
    lost = f"{counted(audited.lost, 'of them was', 'of them were')} the best of the sweep" if audited.lost else ""
    return Card("stopped wrongly", shown, "; ".join(part for part in (str(audited), lost) if part))


def _table(data: SweepData) -> tuple[tuple[str, ...], tuple[tuple[str, bool, tuple[Cell, ...]], ...]]:
    ranked = ranking(data.trials, data.goal)
    places = {trial.number: place for place, trial in enumerate(ranked, 1)}
    trials = [*ranked, *(trial for trial in data.trials if trial.number not in places)]
    names = [parameter.name for parameter in data.space.free] if data.space else None
    table = parameter_table(trials, names)
    uses = [use.name for use in resources_summary(trials)]
    has_spread = any(trial.spread is not None for trial in trials)
    has_failures = any(trial.failure for trial in trials)
    columns = ["rank", "trial", "state", data.metric, *(["spread"] if has_spread else [])]
    columns += [*table.names, data.x_label, "time", *map(resource_label, uses), *(["failure"] if has_failures else [])]
    rows = []
    for trial, values in zip(trials, table.rows, strict=True):
        place = places.get(trial.number)
        cells = [_number_cell(place), _number_cell(trial.number), Cell(trial.state.value, trial.state.value)]
        cells.append(_number_cell(trial.value, 5))
        cells += [_number_cell(trial.spread, 2)] if has_spread else []
        cells += [_parameter_cell(value) for value in values]
        cells += [_number_cell(trial.fidelity), Cell(duration(trial.seconds), repr(trial.seconds), is_number=True)]
        cells += [_number_cell(trial.resources.get(name), 3) for name in uses]
        cause = trial.failure.cause.value if trial.failure else ""
        cells += [Cell(cause, cause)] if has_failures else []
        rows.append((trial.state.value, place == 1, tuple(cells)))
    return tuple(columns), tuple(rows)


def _number_cell(value: float | None, digits: int = 4) -> Cell:
    return (
        Cell("", "", is_number=True)
        if value is None
        else Cell(number(value, digits), repr(float(value)), is_number=True)
    )


def _parameter_cell(value: Any) -> Cell:
    if value is ABSENT:
        return Cell("")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_cell(value)
    return Cell(_value_text(value), _value_text(value))


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=_as_plain)


def _failed(trial: Trial) -> FailedTrial:
    failure = trial.failure
    if failure is None:
        return FailedTrial(trial.number, "", "", "")
    how = [f"exit code {failure.exit_code}"] if failure.exit_code is not None else []
    how += [f"signal {failure.signal}"] if failure.signal is not None else []
    how += [f"after {duration(trial.seconds)}"]
    lines = failure.last_lines.strip("\n").splitlines()
    return FailedTrial(trial.number, failure.message, ", ".join(how), "\n".join(lines[-_LINES_SHOWN:]))

"""What a report says in words and tables, ready to be set: every number comes from `besom.analysis`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from besom.analysis.audit import Audit, audit
from besom.analysis.costs import savings
from besom.analysis.formats import configuration_text, value_text, yaml_text
from besom.analysis.tablecolumns import Column, columns_of, reader_of
from besom.analysis.tables import failures_by_cause, flat, resources_summary
from besom.analysis.trialpage import cell_of, in_order
from besom.analysis.values import Change, gain, why_unranked
from besom.analysis.wording import counted, duration, number, percent, resource_label, spread
from besom.escapes import harmless
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
    """A table cell: what is shown, what it is sorted by (a number or text; empty comes last), its column's kind."""

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
        trials: How many there are.
        columns, rows: The table of trials: best first, then the others; with each row the trial's state, and whether
            it is the best.
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
    trials: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, bool, tuple[Cell, ...]], ...]
    failures: tuple[tuple[str, int, tuple[FailedTrial, ...]], ...]
    resources: tuple[tuple[str, str, str, str], ...]
    file: str


def facts_of(data: SweepData, most: int) -> Facts:
    """The words and tables of the sweep's report, with at most `most` rows."""
    sweep = data.sweep
    columns, rows = _table(data, most)
    failures = tuple(
        (group.cause.value, len(group.trials), tuple(_failed(trial) for trial in group.trials[:_FAILURES_SHOWN]))
        for group in failures_by_cause(data.trials)
    )
    return Facts(
        title=sweep.name,
        description=str(sweep.file.get("description") or ""),
        state=sweep.state.value,
        why=harmless(sweep.why),
        overview=_overview(data),
        metric=f"{data.metric} ({data.goal})" if data.goal else data.metric,
        best=_best(data),
        cards=cards_of(data),
        trials=len(data.trials),
        columns=columns,
        rows=rows,
        failures=failures,
        resources=tuple(
            (resource_label(use.name), number(use.median, 3), number(use.maximum, 3), counted(use.trials, "trial"))
            for use in resources_summary(data.trials)
        ),
        file=yaml_text(sweep.file, 100) + "\n",
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
        value=number(trial.value),
        spread=f"{spread(trial.spread)} over {data.repeats} repeats" if trial.spread is not None else "",
        words=" · ".join(words),
        parameters=tuple((name, value_text(value)) for name, value in config.items()),
        formats=(
            ("YAML", yaml_text(trial.config, 100) + "\n"),
            ("Arguments", configuration_text(trial.config, "args")),
        ),
    )


def cards_of(data: SweepData) -> tuple[Card, ...]:
    """What the sweep came to: few numbers that say much, each with words to it."""
    gained = gain(data.trials, data.goal)
    cards = []
    if gained.over_baseline and gained.over_baseline.trial != gained.best:
        cards.append(_gain_card("better than your baseline", gained.over_baseline, data.x_label))
    if gained.over_first and gained.over_first.trial not in (gained.best, getattr(gained.over_baseline, "trial", None)):
        cards.append(_gain_card("better than the first trial", gained.over_first, data.x_label))
    if data.trials and _stops_early(data.sweep.file):
        cards.append(_savings_card(data))
    audited = audit(data.trials, data.goal)
    if audited.audited:
        cards.append(_audit_card(audited))
    counts = {state: count for state, count in data.progress.counts.items() if count}
    words = ", ".join(f"{number(count)} {state}" for state, count in counts.items())
    cards.append(Card("trials", number(len(data.trials)), words or "none yet"))
    return tuple(cards)


def _gain_card(title: str, change: Change, unit: str) -> Card:
    shown = number(change.absolute) if change.relative is None else f"{number(100 * change.relative, 3)} %"
    stopped = f", stopped at {unit} {number(change.stopped_at)}" if change.stopped_at is not None else ""
    words = f"{number(change.absolute, 4)} better than the {number(change.value)} of trial {change.trial}{stopped}"
    return Card(title, shown, words)


def _stops_early(file: Mapping[str, Any]) -> bool:
    """Whether a rule of the sweep file, or the search where it names none, may stop trials early."""
    rule, besom = file.get("early_terminate"), file.get("besom")
    if isinstance(rule, Mapping):
        return rule.get("type") != "none"
    return file.get("method") == "bayes" and isinstance(besom, Mapping) and bool(besom.get("fidelity"))


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


def _table(data: SweepData, most: int) -> tuple[tuple[str, ...], tuple[tuple[str, bool, tuple[Cell, ...]], ...]]:
    """The beginning of the table of trials that pages have: best first, with what each took of the machine."""
    places = {int(data.columns.numbers[at]): place for place, at in enumerate(data.columns.ranked, 1)}
    trials = [data.trials[at] for at in in_order(data.columns, "value").tolist()]
    names = [parameter.name for parameter in data.space.free] if data.space else None
    columns = [column for column in columns_of(data.progress, trials, names) if _is_in_report(column)]
    readers = [(column, reader_of(column.id)) for column in columns]
    rows = []
    for trial in trials[:most]:
        place = places.get(trial.number)
        cells = (_cell(column, read(trial), why_unranked(trial)) for column, read in readers)
        rank = Cell("" if place is None else str(place), "" if place is None else repr(float(place)), is_number=True)
        rows.append((trial.state.value, place == 1, (rank, *cells)))
    titles = (data.x_label if column.id == "fidelity" else column.title for column in columns)
    return ("rank", *titles), tuple(rows)


def _is_in_report(column: Column) -> bool:
    is_of_config = column.id.startswith(("parameter:", "resource:"))
    return is_of_config or (column.is_shown and column.id != "place")


def _cell(column: Column, value: Any, unranked: str) -> Cell:
    """A cell of pages' table as the report has it; the state also says why its trial is not ranked."""
    cell = cell_of(column.id, value)
    if column.id == "state" and unranked:
        return Cell(f"{cell.text}: {unranked}", cell.text)
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        return Cell(cell.text, repr(float(cell.value)), is_number=column.is_number)
    return Cell(cell.text, cell.text, is_number=column.is_number)


def _failed(trial: Trial) -> FailedTrial:
    failure = trial.failure
    if failure is None:
        return FailedTrial(trial.number, "", "", "")
    how = [f"exit code {failure.exit_code}"] if failure.exit_code is not None else []
    how += [f"signal {failure.signal}"] if failure.signal is not None else []
    how += [f"after {duration(trial.seconds)}"]
    lines = harmless(failure.last_lines).strip("\n").splitlines()
    return FailedTrial(trial.number, harmless(failure.message), ", ".join(how), "\n".join(lines[-_LINES_SHOWN:]))

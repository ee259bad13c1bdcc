"""What a sweep came to, told at the end of `besom run`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from besom.analysis.costs import Savings, savings
from besom.analysis.failing import failure_kinds
from besom.analysis.values import Change, gain
from besom.analysis.wording import counted, duration, number, percent, spread
from besom.cli.picture import counts
from besom.cli.wording import flat, setting
from besom.escapes import harmless
from besom.records import Run, Trial
from besom.service import Progress

_MOST_NUMBERS, _MOST_FAILURES = 8, 12


def ending(progress: Progress, trials: Sequence[Trial], runs: Sequence[Run], report: Path | None) -> list[Text]:
    """Lines: what ran, the best configuration, what was gained and saved and how surely, what failed, the report."""
    sweep = progress.sweep
    why = f" ({harmless(sweep.why)})" if sweep.why else ""
    named = f" {sweep.id}" if sweep.name != sweep.id else ""
    lines = [
        Text.assemble((harmless(sweep.name), "bold"), f"{named} is {sweep.state}{why}"),
        counts(progress),
        Text(),
        *_best(progress),
        *_gained(progress, trials),
        *_saved(progress, trials, runs),
        *([Text(progress.audit)] if progress.audit else []),
        *_failures(trials),
    ]
    if report is not None:
        lines += [Text(), Text.assemble(("Report  ", "bold"), str(report))]
    return lines


def _best(progress: Progress) -> list[Text]:
    best = progress.best
    if best is None or best.value is None:
        return [Text("No trial has a value.", style="yellow")]
    off = f" {spread(best.spread)}" if best.spread is not None else ""
    title = Text.assemble(
        ("Best  ", "bold"),
        f"{harmless(progress.metric)} ",
        (number(best.value) + off, "bold green"),
        (f"  trial {best.number}", "dim"),
    )
    config = flat(best.config)
    width = max(map(len, config), default=0)
    return [
        title,
        *(Text.assemble((f"  {harmless(name):<{width}}  ", "dim"), setting(value)) for name, value in config.items()),
    ]


def _gained(progress: Progress, trials: Sequence[Trial]) -> list[Text]:
    gained = gain(trials, progress.goal)
    told: list[str] = []
    for change, name in ((gained.over_baseline, "the baseline"), (gained.over_first, "the first trial")):
        if change is None or (told and gained.over_baseline and change.trial == gained.over_baseline.trial):
            continue
        told.append(_change(change, name, progress.fidelity_unit or "row", is_itself=gained.best == change.trial))
    return [Text(line) for line in told]


def _change(change: Change, name: str, unit: str, *, is_itself: bool) -> str:
    if is_itself:
        return f"Gain  none over {name}, which is the best (trial {change.trial})"
    share = f", {percent(change.relative)}" if change.relative is not None else ""
    other = f"{number(change.value)}, trial {change.trial}"
    other += f", stopped at {unit} {number(change.stopped_at)}" if change.stopped_at is not None else ""
    return f"Gain  {number(change.absolute)} over {name} ({other}){share}"


def _saved(progress: Progress, trials: Sequence[Trial], runs: Sequence[Run]) -> list[Text]:
    saved: Savings = savings(trials, runs, progress.fidelity_max)
    if not saved.trials or saved.fidelity is None:
        return []
    unit = progress.fidelity_unit or "row"
    time = f", {duration(saved.seconds)}" if saved.seconds else ""
    share = f" ({percent(saved.share)})" if saved.share is not None else ""
    stopped = counted(saved.trials, "trial")
    return [Text(f"Saved about {counted(round(saved.fidelity), unit)}{share}{time} by stopping {stopped} early")]


def _failures(trials: Sequence[Trial]) -> list[Text]:
    """A line for each way in which trials failed, the most frequent first."""
    kinds = failure_kinds(trials, _MOST_NUMBERS)
    lines = [Text(), Text("Failed", style="bold red")] if kinds else []
    for kind in kinds[:_MOST_FAILURES]:
        told = ", ".join(map(str, kind.first)) + (", …" if kind.count > len(kind.first) else "")
        lines.append(Text.assemble((f"  {'trial' if kind.count == 1 else 'trials'} {told}: ", "red"), kind.told))
    if len(kinds) > _MOST_FAILURES:
        rest = sum(kind.count for kind in kinds[_MOST_FAILURES:])
        lines.append(Text(f"  and {counted(rest, 'trial')} more, in other ways", style="dim"))
    return lines

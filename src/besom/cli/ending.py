"""What a sweep came to, told at the end of `besom run`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from besom.analysis.costs import Savings, savings
from besom.analysis.tables import failures_by_cause
from besom.analysis.values import Change, gain
from besom.analysis.wording import counted, duration, percent
from besom.cli.picture import counts, failure_text
from besom.cli.wording import flat, harmless, number, setting
from besom.records import Run, Trial
from besom.service import Progress


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
    spread = f" ± {number(best.spread)}" if best.spread is not None else ""
    title = Text.assemble(
        ("Best  ", "bold"),
        f"{harmless(progress.metric)} ",
        (number(best.value, keep_zeros=True) + spread, "bold green"),
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
        told.append(_change(change, name, is_itself=gained.best == change.trial))
    return [Text(line) for line in told]


def _change(change: Change, name: str, *, is_itself: bool) -> str:
    if is_itself:
        return f"Gain  none over {name}, which is the best (trial {change.trial})"
    share = f", {percent(change.relative)}" if change.relative is not None else ""
    other = f"{number(change.value, keep_zeros=True)}, trial {change.trial}"
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
    groups = failures_by_cause(trials)
    lines = [Text(), Text("Failed", style="bold red")] if groups else []
    for group in groups:
        numbers = ", ".join(str(trial.number) for trial in group.trials[:8]) + (", …" if len(group.trials) > 8 else "")
        label = "trial" if len(group.trials) == 1 else "trials"
        lines.append(Text.assemble((f"  {label} {numbers}: ", "red"), failure_text(group.trials[-1])))
    return lines

"""A sweep at one moment as lines of text, built from `Progress` and small data alone: tests compare it whole.

Nothing here asks, waits or prints. The picture never exceeds the width and height that it is given: sections
shrink in a fixed order, and what is left out is counted. Bars differ in shape as well as in colour, for terminals
without any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from besom.analysis.failing import failure_kinds
from besom.analysis.setaside import set_aside_text
from besom.analysis.values import Incumbents
from besom.analysis.wording import counted, duration, number
from besom.analysis.wording import spread as off_by
from besom.cli.curve import LEAST_LINES, curve, has_curve
from besom.cli.drawing import UNICODE, Glyphs, bar, crop, sparkline, spread
from besom.cli.sections import Section, fits
from besom.cli.wording import setting, varied
from besom.escapes import harmless
from besom.records import Run, SetAside, SweepState, Trial
from besom.service import Progress


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn: where the sweep stands, its running trials, their curves so far, the time, a hint to end with.

    The incumbent's curve is drawn where there is room, and where `trace` tells of it.
    """

    progress: Progress
    now: float
    trials: Mapping[int, Trial] = field(default_factory=dict)
    tails: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Objective values of a run so far, thinned, by run id."""
    hint: str = ""
    trace: Incumbents = field(default_factory=Incumbents)


_NARROWEST_CURVE = 40
_LEAST_NAME = 16


def picture(scene: Scene, width: int, height: int, glyphs: Glyphs = UNICODE) -> Text:
    """The whole view, at most `width` columns and `height` lines."""
    head = Section(_head(scene.progress, width, glyphs))
    best = Section(_best(scene.progress, width, glyphs))
    running = Section(_running(scene, width, glyphs), counted=True)
    aside = Section(_set_aside(scene.progress), counted=True)
    failed = _failed(scene.progress, glyphs)
    foot = Section([_foot(scene, width, glyphs)])
    sections = [head, best, running, aside, failed, foot]
    making_room = ((failed, 3), (running, 6))
    room = _room(sections, height, making_room)
    if room >= LEAST_LINES and width >= _NARROWEST_CURVE and has_curve(scene.trace):
        free = min(_room(sections, height), height * 3 // 5)  # so high that it rarely changes with the runs under way
        wanted = min(room, max(LEAST_LINES, height * 2 // 5, free))
        sections.insert(2, Section(curve(scene.trace, scene.progress.goal, width, wanted, glyphs)))
        fits(sections, height, 1, making_room)
    gap = fits(sections, height, 1, ((failed, 3), (best, 2), (running, 4)))
    if not gap:
        fits(sections, height, 0, ((failed, 0), (running, 3), (best, 1), (aside, 2), (running, 0), (aside, 0)))
    lines: list[Text] = []
    for section in sections:
        if section.lines and lines and gap:
            lines.append(Text())
        lines.extend(section.lines)
        if section.counted and section.left_out and section.lines:
            lines[-1] = _more(section.left_out + section.weight_of_last(), glyphs)
    for line in lines:
        crop(line, width, glyphs)
    return Text("\n", no_wrap=True, overflow="crop").join(lines[:height])


def _room(sections: Sequence[Section], height: int, making_room: Sequence[tuple[Section, int]] = ()) -> int:
    """Lines left for one section more, once others have shrunk for it (section, lines that stay)."""
    taken = sum(len(each.lines) + 1 for each in sections if each.lines)
    return height - taken + sum(max(0, len(section.lines) - least) for section, least in making_room)


def tightest(progress: Progress) -> tuple[str, float] | None:
    """The budget's unit that is nearest to its end, and the share of it that is spent; None without a budget."""
    shares = {unit: progress.spent.get(unit, 0.0) / allowed for unit, allowed in progress.budget.items() if allowed > 0}
    unit = max(shares, key=lambda each: shares[each], default=None)
    return None if unit is None else (unit, shares[unit])


def amount(unit: str, value: float) -> str:
    """An amount of a budget's unit for a person: hours as a duration, the rest as a number."""
    return duration(value * 3600) if unit.endswith("hours") else number(value)


def against_budget(progress: Progress) -> str:
    """What is spent of the tightest budget: `23 of 40 trials`; the number of trials without one."""
    tight = tightest(progress)
    if tight is None:
        return counted(sum(progress.counts.values()), "trial")
    unit = tight[0]
    amounts = (progress.spent.get(unit, 0.0), progress.budget[unit])
    one = {"epochs": progress.fidelity_unit or "epoch", "trials": "trial"}.get(unit)
    name = "on GPUs" if unit == "gpu_hours" else "" if one is None else one if max(amounts) == 1 else f"{one}s"
    spent, allowed = (amount(unit, each) for each in amounts)
    return f"{spent} of {allowed} {name}".rstrip()


def counts(progress: Progress, glyphs: Glyphs = UNICODE) -> Text:
    """Trials by state, in words, those that are none left out."""
    styles = {
        "running": "cyan",
        "finished": "green",
        "stopped": "",
        "cut off": "",
        "paused": "yellow",
        "waiting": "",
        "failed": "red",
    }
    known = {**progress.counts, "stopped": progress.counts.get("stopped", 0) - progress.cut_off}
    known["cut off"] = progress.cut_off
    names = {"stopped": "stopped early"}
    parts = [
        Text(f"{known[state]} {names.get(state, state)}", style) for state, style in styles.items() if known.get(state)
    ]
    return Text(f" {glyphs.dot} ", style="").join(parts) if parts else Text("no trial yet", style="dim")


def _head(progress: Progress, width: int, glyphs: Glyphs) -> list[Text]:
    sweep = progress.sweep
    style = "cyan" if sweep.state == SweepState.RUNNING else "yellow"
    lines = [spread(_title(progress, width - len(sweep.state) - 2, glyphs), Text(sweep.state, style), width, glyphs)]
    tight = tightest(progress)
    told = against_budget(progress)
    if progress.seconds_left is not None and not sweep.state.has_ended:
        told += f" {glyphs.dot} about {duration(progress.seconds_left)} left"
    if tight is not None and width - len(told) - 2 >= 8:
        lines.append(Text.assemble(bar(tight[1], width - len(told) - 2, "cyan", glyphs), "  ", told))
    else:
        lines.append(Text(told))
    lines.append(counts(progress, glyphs))
    if progress.audit:
        lines.append(Text(progress.audit, style="dim"))
    if sweep.why and sweep.state != SweepState.RUNNING:
        lines.append(Text(harmless(sweep.why), style="yellow"))
    return lines


def _title(progress: Progress, room: int, glyphs: Glyphs) -> Text:
    """The sweep's name, which is cut where it is long, and as much about it as there is room for beside that."""
    sweep = progress.sweep
    name = Text(harmless(sweep.name), "bold")
    about = [sweep.id] if sweep.name != sweep.id else []
    about.append(str(sweep.file.get("method", "")))
    if progress.metric:
        about.append(f"{progress.goal} {harmless(progress.metric)}")
    told = Text(f" {glyphs.dot} ".join(about), "dim")
    while about and room - told.cell_len - 2 < min(name.cell_len, _LEAST_NAME):
        about.pop()
        told = Text(f" {glyphs.dot} ".join(about), "dim")
    crop(name, max(0, room - told.cell_len - 2) if about else room, glyphs)
    return Text.assemble(name, "  ", told) if about else name


def _best(progress: Progress, width: int, glyphs: Glyphs) -> list[Text]:
    best = progress.best
    if best is None or best.value is None:
        return [Text("No value yet", style="dim")]
    where = f"trial {best.number}"
    if best.fidelity and progress.fidelity_unit:
        where += f", {counted(round(best.fidelity), progress.fidelity_unit)}"
    off = "" if best.spread is None else f" {off_by(best.spread)}"
    title = Text.assemble(("Best  ", "bold"), (number(best.value), "bold green"), off, (f"  {where}", "dim"))
    pairs = [
        Text.assemble((f"{harmless(name)} ", "dim"), setting(value))
        for name, value in varied(progress.sweep.file, best.config).items()
    ]
    return [spread(title, Text(gain_over_baseline(progress), style="green"), width, glyphs), *_flowed(pairs, width)]


def gain_over_baseline(progress: Progress) -> str:
    """By how much the incumbent beats the baseline; empty where either is unknown."""
    best, baseline = progress.best, progress.baseline
    if best is None or best.value is None or baseline is None or baseline.value is None:
        return ""
    if best.number == baseline.number:
        return "the baseline itself"
    gain = best.value - baseline.value if progress.goal == "maximize" else baseline.value - best.value
    return f"{number(gain)} better than the baseline" if gain > 0 else ""


def _flowed(pairs: Sequence[Text], width: int) -> list[Text]:
    """`pairs` side by side, three columns apart, on as many indented lines as they need."""
    lines: list[Text] = []
    for pair in pairs:
        if lines and lines[-1].cell_len + 3 + pair.cell_len <= width:
            lines[-1].append("   ").append_text(pair)
        else:
            lines.append(Text("  ").append_text(pair))
    return lines


def _running(scene: Scene, width: int, glyphs: Glyphs) -> list[Text]:
    runs = sorted(scene.progress.running, key=lambda run: (run.trial, run.repeat))
    if not runs:
        return []
    labels = [f"{run.trial}" if not run.repeat else f"{run.trial} ({run.repeat + 1})" for run in runs]
    tells = [_told(scene, run) for run in runs]
    values = [number(run.value) if run.value is not None else "-" for run in runs]
    sizes = [max(map(len, column)) for column in (labels, tells, values)]
    rows = [Text("Running", style="bold")]
    for run, label, told, value in zip(runs, labels, tells, values, strict=True):
        line = Text(f"  {label:>{sizes[0]}}  ")
        goal = _goal(scene, run)
        if goal and width >= 40:
            line.append_text(bar(run.fidelity / goal, max(8, width // 6), "cyan", glyphs)).append("  ")
        line.append(f"{told:>{sizes[1]}}", "dim").append(f"  {value:>{sizes[2]}}")
        if width >= 48:
            size = min(24, max(10, width // 8))
            line.append(f"  {sparkline(scene.tails.get(run.id, ()), size, glyphs):<{size}}", "cyan")
        trial = scene.trials.get(run.trial)
        if trial is not None and width - line.cell_len > 14:
            config = varied(scene.progress.sweep.file, trial.config)
            line.append("  " + "  ".join(f"{harmless(name)} {setting(each)}" for name, each in config.items()), "dim")
        line.rstrip()
        rows.append(line)
    return rows


def _goal(scene: Scene, run: Run) -> float | None:
    """The fidelity that the run goes to, if any is known."""
    trial = scene.trials.get(run.trial)
    return scene.progress.fidelity_max or (trial.until if trial else None)


def _told(scene: Scene, run: Run) -> str:
    """How far a run is: `12/20`, or its time where nothing says how far it goes."""
    goal = _goal(scene, run)
    return f"{number(run.fidelity)}/{number(goal)}" if goal else duration(scene.now - run.started_at)


def _failed(progress: Progress, glyphs: Glyphs) -> Section:
    """The newest failures, those that are alike on one line."""
    kinds = failure_kinds(progress.failures)
    labels = [", ".join(map(str, kind.first)) for kind in kinds]
    size = max(map(len, labels), default=0)
    rows = [
        Text.assemble((f"  {label:>{size}}  ", "red"), kind.told) for label, kind in zip(labels, kinds, strict=True)
    ]
    older = max(0, progress.counts.get("failed", 0) - len(progress.failures))
    rows += [_more(older, glyphs)] if older else []
    lines = [Text("Failed", style="bold red"), *rows] if kinds else []
    return Section(lines, counted=True, weights=[*(kind.count for kind in kinds), older])


def _more(count: int, glyphs: Glyphs) -> Text:
    return Text(f"  {glyphs.dots} and {count} more", style="dim")


def _set_aside(progress: Progress) -> list[Text]:
    rows = [
        Text.assemble((f"  {harmless(aside.host)}  ", "yellow"), why_set_aside(aside))
        for aside in progress.sweep.set_aside
    ]
    return [Text("Set aside", style="bold yellow"), *rows] if rows else []


def why_set_aside(aside: SetAside) -> str:
    """Why a host gets no further runs, on one line."""
    cause = " ".join(harmless(aside.causes[0]).split()) if aside.causes else ""
    return harmless(set_aside_text(aside)) + (f" ({cause})" if cause else "")


def _foot(scene: Scene, width: int, glyphs: Glyphs) -> Text:
    agents = [agent for agent in scene.progress.agents if agent.ended_at is None]
    told = counted(len(agents), "agent") if agents else "no agent"
    gpus = sorted({gpu for agent in agents for gpu in agent.gpus})
    if gpus:
        told += f" {glyphs.dot} {counted(len(gpus), 'GPU')}"
    hosts = {agent.host for agent in agents if agent.host}
    if len(hosts) > 1:
        told += f" {glyphs.dot} {len(hosts)} hosts"
    return spread(Text(told, style="dim"), Text(scene.hint, style="dim"), width, glyphs)

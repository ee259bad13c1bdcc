"""The tables of a protocol: regret, ranks and speed-ups of everyone; every family; and what failed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.search import parallel
from benchmarks.search.protocols import AGENTS
from benchmarks.search.regret import MILESTONES, Record, compare, geometric, grid, lead, ranks, record
from benchmarks.search.roster import entry
from benchmarks.search.sheet import Sheet

_UNITS = {"A": "trials", "B": "trainings' worth of epochs"}
_SIGNIFICANT = 2.0
"""Standard errors."""

_NOTE = """\
Regret: 0 best known, 1 median of random search; mean over tasks ± standard error. log10: mean of its log at the end.
rank: on the {pairs} pairs of task and seed that all played. times fewer: {ours} needs so many times fewer {unit} to be
where the peer ends; geometric mean over tasks of the ratio on curves of mean log regret (below 1 where it never gets
there), and its 90 % interval over tasks; curve: the same on the mean of all tasks; behind: tasks in which it never gets
there; wins: common pairs in which it ends better."""
_NOTE_ON_FAMILIES = f"""\
* ahead of the peer, † behind it: by more than {_SIGNIFICANT:g} standard errors of the final log regret over seeds."""


def report(protocol: str, peers: Sequence[str], names: Sequence[str], ours: str, *, is_markdown: bool = False) -> str:
    """All tables of a protocol on the named tasks; speed-ups are those of the peer called `ours`."""
    if protocol in AGENTS:
        sheets = [parallel.sheet(peers, names)]
    else:
        shown = [record(protocol, peer, names) for peer in dict.fromkeys([ours, *peers])]
        shown = sorted((one for one in shown if one.curves), key=_final)
        us = next((one for one in shown if one.peer == ours), None)
        sheets = [_everyone(protocol, shown, us), _families(shown, us), *_failures(protocol, peers, names)]
    return "\n".join(sheet.markdown() if is_markdown else sheet.text() for sheet in sheets)


def _everyone(protocol: str, shown: list[Record], us: Record | None) -> Sheet:
    marks = MILESTONES[protocol]
    places, pairs = ranks(shown)
    unit = _UNITS[protocol]
    sheet = Sheet(
        f"Protocol {protocol}: regret after {', '.join(map(str, marks))} {unit}",
        [
            "",
            "tasks",
            "runs",
            *map(str, marks),
            "log10",
            "rank",
            "times fewer",
            "90 %",
            "curve",
            "behind",
            "wins",
            "CPU s",
        ],
    )
    for one in shown:
        contest = compare(us, one) if us and one is not us else None
        versus = ["", "", "", "", ""]
        if contest is not None:
            low, high = contest.interval
            behind = f"{contest.behind} of {len(contest.ratios)}"
            wins = f"{contest.wins:.0%}" if contest.pairs else ""
            versus = [f"{contest.mean:.2f}", f"{low:.2f} to {high:.2f}", f"{contest.whole:.2f}", behind, wins]
        sheet.rows.append(
            [
                entry(one.peer).label,
                str(len(one.curves)),
                str(sum(map(len, one.seeds.values()))),
                *(_regret(one, protocol, mark) for mark in marks),
                f"{_final(one):.3f}",
                f"{places[one.peer]:.2f}" if one.peer in places else "",
                *versus,
                f"{one.cpu_s:.2g}",
            ]
        )
    sheet.notes.append(_NOTE.format(pairs=pairs, ours=entry(us.peer).label if us else "besom", unit=unit))
    return sheet


def _families(shown: list[Record], us: Record | None) -> Sheet:
    names = sorted({task.partition("/")[0] for one in shown for task in one.curves})
    sheet = Sheet("By family: regret at the end, and times fewer", ["", *names])
    for one in shown:
        cells = []
        for family in names:
            members = [task for task in one.curves if task.partition("/")[0] == family]
            cells.append(_family_cell(one, us, members) if members else "")
        sheet.rows.append([entry(one.peer).label, *cells])
    sheet.notes.append(_NOTE_ON_FAMILIES)
    return sheet


def _family_cell(one: Record, us: Record | None, members: list[str]) -> str:
    value = float(np.mean([np.mean(10 ** one.curves[task][:, -1]) for task in members]))
    contest = compare(us, one) if us and one is not us else None
    ratios = [contest.ratios[task] for task in members if task in contest.ratios] if contest else []
    if us is None or not ratios:
        return f"{value:.3f}"
    difference = lead(us, one, members)
    mark = ""
    if difference and abs(difference[0]) > _SIGNIFICANT * difference[1]:
        mark = "*" if difference[0] < 0 else "†"
    return f"{value:.3f} {geometric(ratios):.1f}x{mark}"


def _failures(protocol: str, peers: Sequence[str], names: Sequence[str]) -> list[Sheet]:
    """Runs that broke, with the last line of the first error; no table where none did."""
    sheet = Sheet(f"Protocol {protocol}: runs that failed", ["", "runs", "the first, and its last words"])
    for peer in peers:
        one = record(protocol, peer, names)
        broken = [run for run in one.runs if run.error]
        if broken:
            words = f"{broken[0].task}, seed {broken[0].seed}: {broken[0].error.splitlines()[-1][:90]}"
            sheet.rows.append([entry(peer).label, f"{len(broken)} of {len(one.runs)}", words])
    return [sheet] if sheet.rows else []


def _regret(one: Record, protocol: str, mark: float) -> str:
    """Mean over tasks of the mean regret over seeds, with its standard error."""
    at = int(np.searchsorted(grid(protocol), mark))
    values = np.array([np.mean(10 ** curves[:, at]) for curves in one.curves.values()])
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():.3f}±{error:.3f}"


def _final(one: Record) -> float:
    return float(np.mean([mean[-1] for mean in one.means.values()]))

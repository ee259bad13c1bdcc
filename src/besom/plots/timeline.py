"""Agents over time: a bar for each run, in a row for each agent and GPU."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from besom.analysis.columns import Ints
from besom.analysis.timeline import RUN_STATES, Row, Timeline
from besom.analysis.timeline import timeline as timeline_of
from besom.analysis.wording import duration, number
from besom.plots.picture import Picture, Trace, brief
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe
from besom.records import Run, RunState

MOST_BARS = 2000
MOST_ROWS = 60
_HEIGHT = 0.72
_UNITS = ((180.0, "seconds", 1.0), (3 * 3600.0, "minutes", 60.0), (4 * 86400.0, "hours", 3600.0))


def timeline(data: SweepData, theme: Theme = LIGHT, most: int = MOST_BARS) -> Picture:
    """When each agent, and each of its GPUs, ran what; gaps are times in which it ran nothing of this sweep.

    Of more than `most` runs, those that are too short to be seen apart share a bar, which states have their share of.
    """
    layout = layout_of(theme)
    if not data.runs:
        return note(layout, "No run has begun yet.", theme)
    found = timeline_of(data.runs, _until(data), most)
    start, scale, unit = _scale(found)
    rows = found.rows[:MOST_ROWS]
    names = _names(rows, {agent.id: agent.name for agent in data.agents})
    layout |= {
        "height": 130 + max(44, (30 if len(rows) < 9 else 20) * len(rows)),
        "barmode": "overlay",
        "meta": {"x": None, "y": None},
    }
    layout["xaxis"] = {"title": {"text": f"{unit} since the first run"}, "showgrid": True, "rangemode": "tozero"}
    layout["yaxis"] = {
        "tickvals": list(range(len(rows))),
        "ticktext": names,
        "range": [len(rows) - 0.4, -0.6],
        "tickfont": {"color": theme.ink, "size": 12},
        "showgrid": False,
        "fixedrange": True,
    }
    looks = {
        RunState.FINISHED: theme.finished,
        RunState.STOPPED: theme.stopped,
        RunState.PAUSED: theme.paused,
        RunState.RUNNING: theme.running,
        RunState.LOST: theme.lost,
        RunState.FAILED: theme.failed,
    }
    traces = []
    for state, color in looks.items():
        chosen = np.flatnonzero((found.states == RUN_STATES.index(state)) & (found.at < len(rows)))
        if len(chosen):
            edge = {"color": theme.paper, "width": 0.8 if len(found.at) < 60 else 0}
            look = {"name": _name(state), "marker": {"color": color, "line": edge}}
            traces.append(_bars(data, found, chosen, start, scale) | look)
    return Picture(tuple(traces), layout)


def _name(state: RunState) -> str:
    return "stopped early" if state is RunState.STOPPED else state.value


def _until(data: SweepData) -> float:
    """The present instant as the records have it: the last that was heard of any run or agent."""
    live = [run for run in data.runs if run.ended_at is None]
    seen = [agent.seen_at for agent in data.agents if agent.id in {run.agent_id for run in live}]
    ended: list[float] = list(filter(None, map(attrgetter("ended_at"), data.runs)))
    return max([*ended, *(run.started_at for run in live), *seen])


def _scale(found: Timeline) -> tuple[float, float, str]:
    start, span = float(found.starts.min()), float(found.ends.max() - found.starts.min())
    name, seconds = next(((unit, seconds) for limit, unit, seconds in _UNITS if span < limit), ("days", 86400.0))
    return start, seconds, name


def _names(rows: Sequence[Row], agents: dict[str, str]) -> list[str]:
    """What stands beside each row: the agent's name, the machine's where there are several, and the GPU."""
    hosts = {row.host for row in rows if row.host}
    several = {row.agent_id for row in rows}
    found = []
    for row in rows:
        agent = agents.get(row.agent_id) or row.host or row.agent_id
        parts = [safe(agent, 22)] if len(several) > 1 or not row.gpu else []
        if len(hosts) > 1 and row.host and row.host not in agent:
            parts.insert(0, safe(row.host, 16))
        if row.gpu:
            parts.append(safe(f"GPU {row.gpu}", 14))
        elif row.lane:
            parts.append(f"({row.lane + 1})")
        found.append(" ".join(parts) + "\u2002")
    return found


def _bars(data: SweepData, found: Timeline, chosen: Ints, start: float, scale: float) -> Trace:
    lengths = found.ends[chosen] - found.starts[chosen]
    least = float(found.ends.max() - start) / 1500.0  # a run of no length is still seen
    runs = [data.runs[place] for place in found.runs[chosen].tolist()]
    counts = found.counts[chosen].tolist()
    together = [f"{number(all_here)} runs here" for all_here in found.together[chosen].tolist()]
    words = [
        _words(data, run) if count == 1 else f"<b>{number(count)} of {runs_here}</b><br>{_name(run.state)}"
        for run, count, runs_here in zip(runs, counts, together, strict=True)
    ]
    heights = found.highs[chosen] - found.lows[chosen]
    return {
        "type": "bar",
        "orientation": "h",
        "base": brief(((found.starts[chosen] - start) / scale).tolist()),
        "x": brief((np.maximum(lengths, least) / scale).tolist()),
        "y": found.at[chosen].tolist(),
        "width": np.round(_HEIGHT * heights, 4).tolist(),
        "offset": np.round(_HEIGHT * (found.lows[chosen] - 0.5), 4).tolist(),
        "customdata": [run.trial if count == 1 else None for run, count in zip(runs, counts, strict=True)],
        "meta": "trials",
        "text": words,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _words(data: SweepData, run: Run) -> str:
    lines = [f"<b>trial {run.trial}</b> {run.state.value}"]
    if data.repeats > 1:
        lines[0] += f", repeat {run.repeat + 1}"
    if run.attempt > 0:
        lines[0] += f", attempt {run.attempt + 1}"
    if run.value is not None:
        lines.append(f"{safe(data.metric)} {number(run.value)}")
    if run.ended_at is not None:
        lines.append(duration(run.ended_at - run.started_at))
    return "<br>".join(lines)

"""The notes under pictures: what each shows, and what was left out or put together to draw it."""

from __future__ import annotations

from collections.abc import Sequence

from besom.analysis.tables import resources_summary
from besom.analysis.wording import counted, number
from besom.plots.compared import compared
from besom.plots.history import MOST_MARKS
from besom.plots.learning import MOST_CURVES, drawn
from besom.plots.mattered import MOST_BARS
from besom.plots.parallel import MOST_BEHIND, MOST_LINES, Shown, shown_parameters
from besom.plots.spending import most_amounts
from besom.plots.spent import x_title
from besom.plots.surroundings import BEST_MARKED, MOST_TRIALS
from besom.plots.sweepdata import SweepData
from besom.plots.timeline import MOST_BARS as MOST_RUNS
from besom.plots.trial import MOST_PANELS, TrialData

TRIAL_RESOURCES = "What its runs took, as measured while they ran."


def history(data: SweepData, x: str) -> str:
    """Under the search."""
    words = "Each trial as it ended or was paused, and the best value so far."
    if x == "hours":
        words += " Hours are those since the sweep began, pauses included."
    if len(data.columns.ranked) > MOST_MARKS:
        words += f" Of {number(len(data.columns.ranked))} trials those that lie where others do are left out: "
        words += "the stronger a mark, the more it stands for."
    if len(data.columns.unranked):
        words += " Trials that miss repeats are not ranked: what they reached is drawn apart."
    return words


def curves(data: SweepData, metric: str | None) -> str:
    """Under learning curves."""
    columns = data.columns
    shown = len(drawn(data))
    words = f"{metric or data.metric} over {data.x_label}, the best trial in front."
    if shown < (columns.fidelities > 0).sum():
        words += f" {shown} of {number(len(columns.numbers))} trials are drawn: the best {MOST_CURVES // 2}, those "
        words += "under way, and others spread over the rest."
    return words


def parallel(data: SweepData) -> str:
    """Under parallel coordinates."""
    words = "A line for each ranked trial, through its parameters to its value; the stronger its colour, the better."
    valued = len(data.columns.ranked)
    if valued > MOST_LINES:
        words += f" The best {MOST_LINES} of {number(valued)} trials are lines; how many of the others go which way is"
        words += " shown behind them"
        if valued - MOST_LINES > MOST_BEHIND:
            words += f", by {number(MOST_BEHIND)} spread evenly over them"
        words += "."
    return words + _axes(shown_parameters(data))


def _axes(shown: Shown) -> str:
    """Which parameters have an axis, where not all have one."""
    words = ""
    if len(shown.names) < shown.varying and shown.is_by_importance:
        words += f" {len(shown.names)} of {shown.varying} parameters are shown, the most important first."
    elif len(shown.names) < shown.varying:
        words += f" The first {len(shown.names)} of {shown.varying} parameters that differ are shown."
    if shown.same:
        words += f" Left out, because all these trials have the same: {', '.join(shown.same)}."
    return words


def importance(data: SweepData) -> str:
    """Under importance: what it is, or why it cannot be told."""
    found = data.insight.importance
    if not found.is_telling:
        return str(found)
    words = f"The share of the variance of {data.metric} over the whole space that each parameter explains, by a model "
    words += f"of {counted(found.trials, 'trial')}{_seen(data)}; lines span one standard error each way."
    if found.is_by_rank:
        words += " Values worse than the median count by their rank."
    if len(found.parameters) > MOST_BARS:
        words += f" The first {MOST_BARS} of {len(found.parameters)} parameters are shown."
    return words


def _seen(data: SweepData) -> str:
    surrogate = data.insight.surrogate
    if surrogate is None or surrogate.points >= surrogate.trials:
        return ""
    return f", of which it sees {number(surrogate.points)}, spread evenly from best to worst"


def slices(data: SweepData, name: str | None = None) -> str:
    """Under slices; of one parameter if named."""
    changing = name or "one parameter"
    words = f"What the model expects when {changing} changes and all others stay as in the best trial."
    return words + _marked(data)


def contours(data: SweepData) -> str:
    """Under contours."""
    words = "What the model expects when two parameters change and all others stay as in the best trial."
    return words + _marked(data)


def _marked(data: SweepData) -> str:
    valued = len(data.columns.ranked)
    if valued <= MOST_TRIALS:
        return ""
    return f" {MOST_TRIALS} of {number(valued)} trials are marked: the best {BEST_MARKED}, and others spread evenly."


def cost(data: SweepData) -> str:
    """Under cost against quality."""
    words = "What each trial took, and what it reached; the line joins those that no other beats in both."
    if len(data.columns.ranked) > MOST_MARKS:
        words += f" Of {number(len(data.columns.ranked))} trials those that lie where others do are left out."
    return words


def timeline(data: SweepData) -> str:
    """Under the timeline."""
    words = "A bar for each run; where there is none, the agent ran nothing of this sweep."
    if len(data.runs) > MOST_RUNS:
        words += f" Of {number(len(data.runs))} runs, those too short to be told apart share a bar, of which each state"
        words += " has its part."
    return words


def resources(data: SweepData) -> str:
    """Under what the machine was used for."""
    words = "Peaks and means of each trial, as measured once a second."
    uses = resources_summary(data.trials)
    most = max((use.trials for use in uses), default=0)
    if most > most_amounts(len(uses)):
        words += f" Of {number(most)} trials those that lie where others do are left out."
    return words


def trial_metrics(data: TrialData, first: int = 0) -> str:
    """Under what a trial logged."""
    count = len(data.metrics)
    shown = len(data.metrics[first : first + MOST_PANELS])
    words = "All numbers that the trial logged"
    if shown < count:
        words = f"{shown} of {count} metrics are drawn"
    return f"{words}; its repeats are thin, their mean strong."


def comparison(datas: Sequence[SweepData], x: str) -> str:
    """Under a comparison of sweeps: what it shows, and which are left out and why."""
    if not datas:
        return "No sweep is named."
    found = compared(datas, x)
    words = f"The best {found.metric} so far of each sweep; the best sweep in front."
    if found.others:
        names = ", ".join(sweep.name for sweep in found.others)
        aim = f"{found.goal} {found.metric}" if found.goal else "have no objective"
        words += f" Left out, because only sweeps that {aim} share this axis: {names}."
    if found.untold:
        names = ", ".join(sweep.name for sweep in found.untold)
        words += f" Left out, because nothing is known of their {x_title(datas[0], x)}: {names}."
    return words

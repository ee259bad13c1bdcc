"""Numbers behind the pictures, worked out once: for terminal, report and pages."""

from besom.analysis.agents import ALIVE_S, AgentView, RunningRun, agent_views
from besom.analysis.audit import Audit, audit, wilson
from besom.analysis.columns import STATES, TrialColumns
from besom.analysis.comparison import Comparison, Incumbency, compare, incumbency
from besom.analysis.costs import CostQuality, Savings, cost_quality, savings, seconds_left, was_cut_off
from besom.analysis.curves import RepeatCurve, TrialCurves, curves_by_trial, mean_curve, thin
from besom.analysis.facts import Fact, resource_facts
from besom.analysis.failing import FailureKind, failure_kinds
from besom.analysis.formats import FORMATS, configuration_text, dotted_arguments, value_text, yaml_text
from besom.analysis.importance import Importance, Share, importance, importance_of
from besom.analysis.insight import Insight, insight
from besom.analysis.overview import Overview, overview, spent_text, tightest_budget
from besom.analysis.reasons import facts_of_reason
from besom.analysis.samples import Samples, samples_of
from besom.analysis.selecting import Condition, read_where, selected
from besom.analysis.setaside import SetAsideView, set_aside_text, set_aside_views
from besom.analysis.settings import Setting, settings_of
from besom.analysis.slices import Contour, Marks, Slice, contour, most_telling, slices
from besom.analysis.spent import SPENT_UNITS, spent_when_ended, units_of
from besom.analysis.surrogate import Surrogate, surrogate_of
from besom.analysis.tablecolumns import Column, column_ids, columns_of, reader_of
from besom.analysis.tables import (
    ABSENT,
    FailureGroup,
    ParameterTable,
    ResourceUse,
    failures_by_cause,
    flat,
    lookup,
    parameter_table,
    resources_summary,
)
from besom.analysis.thinning import Thinned, shares, thinned
from besom.analysis.timeline import RUN_STATES, Timeline, timeline
from besom.analysis.trialcard import Checkpoint, CheckpointFile, NamedRun, TrialCard, trial_card
from besom.analysis.trialpage import PageCell, PageRow, TrialPage, cell_of, trial_page
from besom.analysis.values import (
    Change,
    Gain,
    Incumbents,
    gain,
    incumbent_trace,
    is_better,
    ranking,
    rested_at,
    value_of,
)
from besom.analysis.why import Prediction, Why, decisions, why_suggested
from besom.analysis.wording import counted, duration, number, percent, resource_label, signed

__all__ = [
    "ABSENT",
    "ALIVE_S",
    "FORMATS",
    "RUN_STATES",
    "SPENT_UNITS",
    "STATES",
    "AgentView",
    "Audit",
    "Change",
    "Checkpoint",
    "CheckpointFile",
    "Column",
    "Comparison",
    "Condition",
    "Contour",
    "CostQuality",
    "Fact",
    "FailureGroup",
    "FailureKind",
    "Gain",
    "Importance",
    "Incumbency",
    "Incumbents",
    "Insight",
    "Marks",
    "NamedRun",
    "Overview",
    "PageCell",
    "PageRow",
    "ParameterTable",
    "Prediction",
    "RepeatCurve",
    "ResourceUse",
    "RunningRun",
    "Samples",
    "Savings",
    "SetAsideView",
    "Setting",
    "Share",
    "Slice",
    "Surrogate",
    "Thinned",
    "Timeline",
    "TrialCard",
    "TrialColumns",
    "TrialCurves",
    "TrialPage",
    "Why",
    "agent_views",
    "audit",
    "cell_of",
    "column_ids",
    "columns_of",
    "compare",
    "configuration_text",
    "contour",
    "cost_quality",
    "counted",
    "curves_by_trial",
    "decisions",
    "dotted_arguments",
    "duration",
    "facts_of_reason",
    "failure_kinds",
    "failures_by_cause",
    "flat",
    "gain",
    "importance",
    "importance_of",
    "incumbency",
    "incumbent_trace",
    "insight",
    "is_better",
    "lookup",
    "mean_curve",
    "most_telling",
    "number",
    "overview",
    "parameter_table",
    "percent",
    "ranking",
    "read_where",
    "reader_of",
    "resource_facts",
    "resource_label",
    "resources_summary",
    "rested_at",
    "samples_of",
    "savings",
    "seconds_left",
    "selected",
    "set_aside_text",
    "set_aside_views",
    "settings_of",
    "shares",
    "signed",
    "slices",
    "spent_text",
    "spent_when_ended",
    "surrogate_of",
    "thin",
    "thinned",
    "tightest_budget",
    "timeline",
    "trial_card",
    "trial_page",
    "units_of",
    "value_of",
    "value_text",
    "was_cut_off",
    "why_suggested",
    "wilson",
    "yaml_text",
]

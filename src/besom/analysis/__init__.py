"""Numbers behind the pictures, worked out once: for terminal, report and pages."""

from besom.analysis.audit import Audit, audit, wilson
from besom.analysis.costs import CostQuality, Savings, cost_quality, savings, seconds_left, was_cut_off
from besom.analysis.curves import RepeatCurve, TrialCurves, curves_by_trial, mean_curve, thin
from besom.analysis.importance import Importance, Share, importance, importance_of
from besom.analysis.slices import Contour, Marks, Slice, contour, most_telling, slices
from besom.analysis.surrogate import Surrogate, surrogate_of
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
from besom.analysis.values import Change, Gain, Incumbents, gain, incumbent_trace, is_better, ranking, value_of
from besom.analysis.wording import counted, duration, number, percent, resource_label, signed

__all__ = [
    "ABSENT",
    "Audit",
    "Change",
    "Contour",
    "CostQuality",
    "FailureGroup",
    "Gain",
    "Importance",
    "Incumbents",
    "Marks",
    "ParameterTable",
    "RepeatCurve",
    "ResourceUse",
    "Savings",
    "Share",
    "Slice",
    "Surrogate",
    "TrialCurves",
    "audit",
    "contour",
    "cost_quality",
    "counted",
    "curves_by_trial",
    "duration",
    "failures_by_cause",
    "flat",
    "gain",
    "importance",
    "importance_of",
    "incumbent_trace",
    "is_better",
    "lookup",
    "mean_curve",
    "most_telling",
    "number",
    "parameter_table",
    "percent",
    "ranking",
    "resource_label",
    "resources_summary",
    "savings",
    "seconds_left",
    "signed",
    "slices",
    "surrogate_of",
    "thin",
    "value_of",
    "was_cut_off",
    "wilson",
]

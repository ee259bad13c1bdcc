"""Pictures of a sweep, drawn by plotly.js in notebooks and pages, and the report that holds them."""

from besom.analysis.insight import Insight
from besom.plots.compared import comparison
from besom.plots.gallery import Framed, framed, hung, names, trial_picture, x_axes
from besom.plots.history import history
from besom.plots.images import pngs
from besom.plots.learning import learning_curves
from besom.plots.markdown import write_markdown
from besom.plots.mattered import importance, insight_of
from besom.plots.parallel import parallel_coordinates
from besom.plots.picture import Picture
from besom.plots.report import write_report
from besom.plots.spending import cost_against_quality, resources
from besom.plots.surroundings import contours, slices
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import DARK, LIGHT, Theme
from besom.plots.timeline import timeline
from besom.plots.trial import TrialData, trial_metrics, trial_resources

__all__ = [
    "DARK",
    "LIGHT",
    "Framed",
    "Insight",
    "Picture",
    "SweepData",
    "Theme",
    "TrialData",
    "comparison",
    "contours",
    "cost_against_quality",
    "framed",
    "history",
    "hung",
    "importance",
    "insight_of",
    "learning_curves",
    "names",
    "parallel_coordinates",
    "pngs",
    "read_sweep",
    "resources",
    "slices",
    "timeline",
    "trial_metrics",
    "trial_picture",
    "trial_resources",
    "write_markdown",
    "write_report",
    "x_axes",
]

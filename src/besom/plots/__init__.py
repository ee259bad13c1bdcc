"""Pictures of a sweep, drawn by plotly.js in notebooks and pages, and the report that holds them."""

from besom.plots.history import history
from besom.plots.learning import learning_curves
from besom.plots.mattered import Insight, importance, insight_of
from besom.plots.parallel import parallel_coordinates
from besom.plots.picture import Picture
from besom.plots.report import write_report
from besom.plots.spending import cost_against_quality, resources
from besom.plots.surroundings import contours, slices
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "Insight",
    "Picture",
    "SweepData",
    "Theme",
    "contours",
    "cost_against_quality",
    "history",
    "importance",
    "insight_of",
    "learning_curves",
    "parallel_coordinates",
    "read_sweep",
    "resources",
    "slices",
    "write_report",
]

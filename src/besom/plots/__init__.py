"""Pictures of a sweep, drawn by plotly.js in notebooks and pages, and the report that holds them."""

from besom.plots.history import history
from besom.plots.learning import learning_curves
from besom.plots.parallel import parallel_coordinates
from besom.plots.picture import Picture
from besom.plots.report import write_report
from besom.plots.spending import cost_against_quality, resources
from besom.plots.sweepdata import SweepData, read_sweep
from besom.plots.theme import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "Picture",
    "SweepData",
    "Theme",
    "cost_against_quality",
    "history",
    "learning_curves",
    "parallel_coordinates",
    "read_sweep",
    "resources",
    "write_report",
]

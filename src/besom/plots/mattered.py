"""What mattered: the importance of parameters and pairs as bars with errors."""

from __future__ import annotations

from besom.analysis.importance import Share
from besom.analysis.insight import Insight
from besom.analysis.wording import percent
from besom.plots.picture import Picture, Trace
from besom.plots.sweepdata import SweepData
from besom.plots.theme import LIGHT, Theme, layout_of, note, safe

MOST_BARS = 12
MOST_PAIRS = 4


def insight_of(data: SweepData) -> Insight:
    """The insight into the sweep as it stands, worked out once."""
    return data.insight


def importance(data: SweepData, theme: Theme = LIGHT, insight: Insight | None = None) -> Picture:
    """The share of each parameter in the objective's variance, then of pairs together, each with a standard error."""
    found = (insight or data.insight).importance
    parameters, pairs = found.parameters[:MOST_BARS], found.pairs[:MOST_PAIRS]
    layout = layout_of(theme, "share of variance", height=120 + 30 * len(parameters + pairs))
    if not found.is_telling:
        return note(layout | {"height": 180}, str(found), theme)
    bars = [_bars(parameters, "alone", theme.finished, theme)]
    bars += [_bars(pairs, "two together, beyond each alone", theme.scale_middle, theme)] if pairs else []
    most = max(min(share.share + share.error, 1.0) for share in (*parameters, *pairs))
    layout["xaxis"] |= {"range": [0, min(100.0, most * 112)], "ticksuffix": " %", "showgrid": True}
    order = [_label(share) for share in (*parameters, *pairs)]
    layout["yaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": order[::-1],
        "tickfont": {"color": theme.ink, "size": 12},
        "ticksuffix": "  ",
        "showgrid": False,
        "fixedrange": True,
    }
    layout["meta"] = {"x": None, "y": None}
    layout |= {"bargap": 0.34, "barmode": "overlay", "dragmode": False, "showlegend": len(bars) > 1}
    return Picture(tuple(bars), layout)


def _bars(shares: tuple[Share, ...], name: str, color: str, theme: Theme) -> Trace:
    below = [100 * min(share.error, share.share) for share in shares]
    above = [100 * min(share.error, 1.0 - share.share) for share in shares]
    error = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": [100 * share.share for share in shares],
        "y": [_label(share) for share in shares],
        "error_x": {**error, "color": theme.ink, "thickness": 1.4, "width": 4},
        "marker": {"color": color},
        "text": [f"{percent(share.share)} ± {percent(share.error)}" for share in shares],
        "textposition": "none",
        "hovertemplate": "<b>%{y}</b><br>%{text}<extra></extra>",
    }


def _label(share: Share) -> str:
    return " \u00d7 ".join(safe(name, 24) for name in share.names)

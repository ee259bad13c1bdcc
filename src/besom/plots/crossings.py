"""How many of the trials that are no lines of their own go which way between the axes of parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from besom.analysis.columns import Floats
from besom.plots.parallelaxis import Axis
from besom.plots.picture import Trace, scatter
from besom.plots.theme import Theme

_BINS = 12
_MOST_SEGMENTS = 400
_LEVELS = ((1.5, 0.25), (3.0, 0.32), (5.5, 0.4), (9.0, 0.5))
"""Width and opacity of bands, for the least to the most crossings."""


def background(axes: Sequence[Axis], skip: int, theme: Theme) -> list[Trace]:
    """Bands between neighbouring axes, wider and stronger where more trials go; nothing where all are lines.

    Args:
        axes: All of one number of trials, best first.
        skip: So many trials are lines of their own.
        theme: Colours.
    """
    positions = [axis.positions[skip:] for axis in axes]
    if not len(positions[0]):
        return []
    most = _MOST_SEGMENTS // (len(axes) - 1)
    x, ends, counts = [], [], []
    for at in range(len(axes) - 1):
        found, number = _crossings(_binned(axes[at], positions[at]), _binned(axes[at + 1], positions[at + 1]))
        kept = np.argsort(-number, kind="stable")[:most]
        x += [at] * len(kept)
        ends.append(found[kept])
        counts.append(number[kept] / max(1, number.max(initial=1)))
    joined, strength, left = np.concatenate(ends), np.concatenate(counts), np.array(x)
    level = np.clip((strength * len(_LEVELS)).astype(int), 0, len(_LEVELS) - 1)
    return [
        _bands(left[level == at], joined[level == at], width, opacity, theme)
        for at, (width, opacity) in enumerate(_LEVELS)
        if (level == at).any()
    ]


def _binned(axis: Axis, positions: Floats) -> Floats:
    """Positions at the middle of their bin; categories stay where they are."""
    if axis.levels is not None:
        return positions
    return (np.clip(np.floor(positions * _BINS), 0, _BINS - 1) + 0.5) / _BINS


def _crossings(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Pairs of positions (m, 2) that trials go between, and how many do, shape (m,)."""
    both = np.column_stack([left, right])
    both = both[~np.isnan(both).any(axis=1)]
    coded, at = np.unique(np.round(both * 1e4).astype(np.int64) @ np.array([100_000, 1]), return_inverse=True)
    first = np.column_stack([coded // 100_000, coded % 100_000]) / 1e4
    return first, np.bincount(at, minlength=len(coded)).astype(np.float64)


def _bands(left: Floats, ends: Floats, width: float, opacity: float, theme: Theme) -> Trace:
    x: list[float | None] = []
    y: list[float | None] = []
    for at, (a, b) in zip(left.tolist(), ends.tolist(), strict=True):
        x += [at, at + 1, None]
        y += [round(a, 4), round(b, 4), None]
    return scatter(
        x=x, y=y, mode="lines", opacity=opacity, line={"color": theme.scale_worst, "width": width}, hoverinfo="skip"
    )

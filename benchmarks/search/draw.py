"""Draws the picture that standard input describes; needs matplotlib, and runs where `plots` has put it."""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt

INK, QUIET, GRID = "#1f2430", "#6b7280", "#e5e7eb"
OURS = "#d9480f"
THEIRS = ("#1c7ed6", "#2b8a3e", "#7048e8", "#0c8599", "#a61e4d", "#5c940d", "#845ef7", "#087f5b", "#495057", "#b08900")
_GAP = 0.034
"""The least distance between labels, as a share of the axis."""


def draw(picture: dict[str, Any]) -> None:
    """Save the picture to its files."""
    plt.rcParams.update({"font.family": "DejaVu Sans", "svg.fonttype": "path", "svg.hashsalt": "besom"})
    figure, axes = plt.subplots(figsize=(9.6, 5.6), dpi=150)
    figure.subplots_adjust(left=0.075, right=0.68, top=0.86, bottom=0.11)
    peers = sorted((line for line in picture["lines"] if not line["is_ours"]), key=lambda line: line["y"][-1])
    ours = [line for line in picture["lines"] if line["is_ours"]]
    colours = {line["label"]: THEIRS[i % len(THEIRS)] for i, line in enumerate(peers)}
    for line in peers:
        colour = QUIET if line["label"] == "random" else colours[line["label"]]
        style = (0, (2, 2)) if line["label"] == "random" else "-"
        axes.plot(line["x"], line["y"], color=colour, linewidth=1.4, linestyle=style)
        axes.fill_between(line["x"], line["low"], line["high"], color=colour, alpha=0.08, linewidth=0)
        colours[line["label"]] = colour
    for line in ours:
        axes.plot(line["x"], line["y"], color=OURS, linewidth=2.8, zorder=5)
        axes.fill_between(line["x"], line["low"], line["high"], color=OURS, alpha=0.15, linewidth=0, zorder=4)
        colours[line["label"]] = OURS
    axes.set_yscale("log")
    end = max(line["x"][-1] for line in picture["lines"])
    axes.set_xlim(min(line["x"][0] for line in picture["lines"]), end)
    axes.set_ylim(top=1.0)
    _dress(axes, picture["unit"])
    _label(axes, [*ours, *peers], colours, end)
    figure.text(0.075, 0.945, picture["title"], fontsize=14, fontweight="bold", color=INK)
    figure.text(0.075, 0.9, picture["subtitle"], fontsize=9.5, color=QUIET)
    for file in picture["files"]:
        figure.savefig(file, metadata={"Date": None} if file.endswith("svg") else None)


def _dress(axes: Any, unit: str) -> None:
    """Quiet axes with plain numbers."""
    ticks = [
        tick for tick in (1, 0.7, 0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01) if tick >= axes.get_ylim()[0]
    ]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelsize=9, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.set_xlabel(unit, color=QUIET, fontsize=9.5)
    axes.set_title("regret: 0 best known, 1 median of random search", loc="left", fontsize=9, color=QUIET, pad=6)


def _label(axes: Any, lines: list[dict[str, Any]], colours: dict[str, str], end: float) -> None:
    """Each line's name and end beside its end, moved apart where they would meet."""
    ends = axes.transData.transform([(end, line["y"][-1]) for line in lines])
    spots = axes.transAxes.inverted().transform(ends)[:, 1].tolist()
    order = sorted(range(len(lines)), key=lambda i: spots[i])
    for i, height in zip(order, _apart([spots[i] for i in order]), strict=True):
        line = lines[i]
        colour = colours[line["label"]]
        way = {"color": colour, "linewidth": 0.7, "clip_on": False, "transform": axes.transAxes}
        axes.plot([1.004, 1.012, 1.028, 1.033], [spots[i], spots[i], height, height], **way)
        axes.text(
            1.037,
            height,
            f"{line['label']}  {line['y'][-1]:.2g}",
            transform=axes.transAxes,
            color=colour,
            fontsize=9.5,
            fontweight="bold" if line["is_ours"] else "normal",
            va="center",
        )


def _apart(spots: list[float]) -> list[float]:
    """Heights no closer than `_GAP`, near `spots` (sorted): those that would meet are centred on where they belong."""
    groups: list[list[float]] = []
    for spot in spots:
        groups.append([spot])
        while len(groups) > 1 and _heights(groups[-2])[-1] + _GAP > _heights(groups[-1])[0]:
            last = groups.pop()
            groups[-1] += last
    return [height for group in groups for height in _heights(group)]


def _heights(group: list[float]) -> list[float]:
    first = sum(group) / len(group) - _GAP * (len(group) - 1) / 2
    return [first + _GAP * at for at in range(len(group))]


if __name__ == "__main__":
    draw(json.load(sys.stdin))
